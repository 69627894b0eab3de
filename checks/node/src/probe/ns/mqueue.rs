//! `ns.mqueue`: may mqueue be mounted inside a user namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Manual, Reading, Site, mounting};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.mqueue",
    manual: Manual {
        title: "mqueue in an IPC namespace",
        what: "Whether mqueue can be mounted inside a user, mount and IPC namespace.",
        why: "Podman mounts /dev/mqueue for each container; without it podman run fails at start.",
        how: "mount(mqueue) in a user, mount and IPC namespace, on a directory of a tmpfs.",
        user: "",
        admin: "",
        refs: &["mq_overview(7)", "user_namespaces(7)"],
    },
    read,
    judge: |reading, site| mounting::judge(reading, site, "mqueue", "POSIX_MQUEUE"),
};

fn read(site: &Site<'_>) -> Reading {
    let target = format!("{}/target", site.mount_point);
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::Unshare(libc::CLONE_NEWIPC))
        .op(Op::tmpfs(site.mount_point))
        .op(Op::Mkdir(target.clone()))
        .subject()
        .op(Op::mount("mqueue", &target, "mqueue", 0, ""));
    Reading::new().trial(site, &trial)
}
