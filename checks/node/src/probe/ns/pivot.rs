//! `ns.pivot`: may the root be exchanged by pivot_root(2)?

use hpcctl_host::{Errno, Op, Trial};
use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.pivot",
    manual: Manual {
        title: "pivot_root",
        what: "Whether pivot_root(2) works inside a user and mount namespace.",
        why: "Podman, Enroot and the NVIDIA hook exchange the root this way. On stateless nodes that run from their initramfs it fails with EINVAL before Linux 7; Charliecloud and Apptainer work round it.",
        how: "In a user and mount namespace: a tmpfs over /tmp, then pivot_root(\".\", \".\") into it.",
        user: "podman: `no_pivot_root = true` under [engine] in containers.conf.",
        admin: "Let the boot image switch_root to a tmpfs or an overlay before it starts the system.",
        refs: &[
            "pivot_root(2)",
            "https://docs.kernel.org/filesystems/ramfs-rootfs-initramfs.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs(site.mount_point))
        .op(Op::Chdir(site.mount_point.into()))
        .subject()
        .op(Op::PivotRoot)
        .op(Op::DetachOldRoot);
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let root = site.mount_of("/").map(|mount| mount.fs_type.as_str());
    match tried.failed().map(|step| (step, step.errno)) {
        None => Finding::pass("pivot_root works"),
        Some((_, Some(Errno::EINVAL))) if root == Some("rootfs") => {
            Finding::fail("pivot_root ends in EINVAL: / is the initramfs (rootfs)").step(admin(
                Cost::Reboot,
                "switch_root to a tmpfs in the boot image",
                "",
            ))
        }
        Some((_, Some(Errno::EINVAL))) if site.is_chrooted() == Some(true) => {
            Finding::caused("pivot_root ends in EINVAL", attribute::chroot(site))
        }
        Some((_, Some(Errno::EPERM))) if site.seccomp == Some(2) => {
            Finding::caused("pivot_root is refused", attribute::seccomp(site))
        }
        Some((step, _)) => Finding::fail(format!("{step}, for a cause that is not known")),
    }
}
