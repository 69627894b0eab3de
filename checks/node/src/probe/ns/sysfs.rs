//! `ns.sysfs`: may sysfs be mounted inside a user namespace?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Manual, Reading, Site, mounting};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.sysfs",
    manual: Manual {
        title: "sysfs in a user and network namespace",
        what: "Whether sysfs can be mounted inside a user, mount and network namespace.",
        why: "Podman mounts a fresh /sys with its own network; where /sys is read-only or covered the kernel refuses it.",
        how: "mount(sysfs) in a user, mount and network namespace, on a directory of a tmpfs.",
        user: "",
        admin: "",
        refs: &["sysfs(5)", "user_namespaces(7)"],
    },
    read,
    judge: |reading, site| mounting::judge(reading, site, "sysfs", "SYSFS"),
};

fn read(site: &Site<'_>) -> Reading {
    let target = format!("{}/target", site.mount_point);
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::Unshare(libc::CLONE_NEWNET))
        .op(Op::tmpfs(site.mount_point))
        .op(Op::Mkdir(target.clone()))
        .subject()
        .op(Op::mount("sysfs", &target, "sysfs", 0, ""));
    Reading::new().trial(site, &trial)
}
