//! `ns.tmpfs`: may tmpfs be mounted inside a user namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Manual, Reading, Site, mounting};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.tmpfs",
    manual: Manual {
        title: "tmpfs in a user namespace",
        what: "Whether tmpfs can be mounted inside a user and mount namespace.",
        why: "Runtimes put /dev, /run and the writable layer of a container on one.",
        how: "mount(tmpfs) in a user and mount namespace, over /tmp.",
        user: "",
        admin: "",
        refs: &["tmpfs(5)", "user_namespaces(7)"],
    },
    read,
    judge: |reading, site| mounting::judge(reading, site, "tmpfs", "TMPFS"),
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_mount_namespace(&site.caller)
        .subject()
        .op(Op::tmpfs(site.mount_point));
    Reading::new().trial(site, &trial)
}
