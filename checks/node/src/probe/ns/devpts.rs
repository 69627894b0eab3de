//! `ns.devpts`: may devpts be mounted inside a user namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Manual, Reading, Site, mounting};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.devpts",
    manual: Manual {
        title: "A fresh devpts",
        what: "Whether devpts can be mounted inside a user and mount namespace.",
        why: "Terminals inside a container come from one.",
        how: "mount(devpts) in a user and mount namespace, on a directory of a tmpfs.",
        user: "",
        admin: "",
        refs: &["pts(4)", "user_namespaces(7)"],
    },
    read,
    judge: |reading, site| mounting::judge(reading, site, "devpts", "UNIX98_PTYS"),
};

fn read(site: &Site<'_>) -> Reading {
    let target = format!("{}/target", site.mount_point);
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs(site.mount_point))
        .op(Op::Mkdir(target.clone()))
        .subject()
        .op(Op::mount(
            "devpts",
            &target,
            "devpts",
            0,
            "newinstance,ptmxmode=0666",
        ));
    Reading::new().trial(site, &trial)
}
