//! `ns.bind`: may a tree be bound and made read-only?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// Flags that the kernel locks on mounts which a user namespace inherited; a remount that
/// drops one of them is refused.
const LOCKED: u64 = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_RELATIME;

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.bind",
    manual: Manual {
        title: "Bind mounts",
        what: "Whether a directory can be bound and the bind made read-only.",
        why: "Every bind of a home, of scratch or of the host's MPI is one; images are bound read-only.",
        how: "In a user and mount namespace: mount(MS_BIND|MS_REC) of / over /tmp, then a read-only remount, plain and, where that is refused, with the flags that the kernel locks.",
        user: "",
        admin: "",
        refs: &["mount(2)", "mount_namespaces(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let remount = libc::MS_BIND | libc::MS_REMOUNT | libc::MS_RDONLY;
    let trial = Trial::in_mount_namespace(&site.caller)
        .subject()
        .op(Op::bind("/", site.mount_point))
        .maybe(Op::mount("none", site.mount_point, "", remount, ""))
        .maybe(Op::mount(
            "none",
            site.mount_point,
            "",
            remount | LOCKED,
            "",
        ));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    if let Some(step) = tried.failed() {
        return if site.seccomp == Some(2) {
            Finding::caused("bind mounts are refused", attribute::seccomp(site))
        } else {
            Finding::fail(format!("bind mounts are refused ({step})"))
        };
    }
    let worked = |n| tried.step(n).is_some_and(|step| step.errno.is_none());
    match (worked(1), worked(2)) {
        (true, _) => Finding::pass("a tree can be bound and made read-only"),
        (false, true) => {
            Finding::pass("a tree can be bound and, with its locked flags kept, made read-only")
        }
        (false, false) => Finding::warn("a tree can be bound but not made read-only"),
    }
}
