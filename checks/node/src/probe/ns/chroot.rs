//! `ns.chroot`: is this process in a chroot?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.chroot",
    manual: Manual {
        title: "Chroot",
        what: "Whether this process was put into a chroot.",
        why: "The kernel refuses user namespaces in a chroot. Batch prologues and old build environments use it where pivot_root would do no harm.",
        how: "Looks for a mount on / in /proc/self/mountinfo, which there is none of in a chroot to a plain directory; else compares the root directory with that of pid 1.",
        user: "",
        admin: "Enter the root by pivot_root (unshare --mount) instead of chroot.",
        refs: &["chroot(2)", "pivot_root(2)", "user_namespaces(7)"],
    },
    read: |site| {
        let mounted = site.mount_of("/").map_or("none", |mount| &mount.fs_type);
        Reading::new()
            .stat(site, "/proc/1/root/")
            .fact("the mount on /", mounted)
    },
    judge,
};

fn judge(_: &Reading, site: &Site<'_>) -> Finding {
    match site.is_chrooted() {
        Some(true) => Finding::caused("user namespaces will be refused", attribute::chroot(site)),
        Some(false) => Finding::pass("the root directory is that of pid 1"),
        None => Finding::pass("/ is a mount point, so this is no chroot to a plain directory"),
    }
}
