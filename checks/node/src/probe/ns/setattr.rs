//! `ns.setattr`: can a whole tree of mounts be made read-only at once?

use hpcctl_host::{Errno, Op, Trial};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute};

/// `MOUNT_ATTR_RDONLY` of linux/mount.h.
const RDONLY: u64 = 1;

/// The row.
pub static PROBE: Probe = Probe {
    id: "ns.setattr",
    manual: Manual {
        title: "mount_setattr",
        what: "Whether mount_setattr(2), of Linux 5.12, makes a tree of mounts read-only inside a user namespace.",
        why: "crun and runc use it for recursive read-only binds (`rro`); without it only the topmost mount is read-only, and what is mounted below stays writable.",
        how: "mount_setattr(2) with AT_RECURSIVE and MOUNT_ATTR_RDONLY on a tmpfs, in a user and mount namespace.",
        user: "",
        admin: "Boot Linux 5.12 or later.",
        refs: &["mount_setattr(2)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = Trial::in_mount_namespace(&site.caller)
        .op(Op::tmpfs(site.mount_point))
        .subject()
        .op(Op::SetAttributes {
            target: site.mount_point.to_owned(),
            flags: RDONLY,
        });
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().and_then(|step| Some((step, step.errno?))) {
        None => Finding::pass("a tree of mounts can be made read-only at once"),
        Some((_, Errno::ENOSYS | Errno::EPERM)) if site.seccomp == Some(2) => Finding::warn(
            "mount_setattr(2) is not there, or hidden by the inherited seccomp filter",
        )
        .holding(false),
        Some((_, Errno::ENOSYS)) => {
            Finding::warn("the kernel has no mount_setattr(2): it came with Linux 5.12")
                .holding(false)
        }
        Some((step, _)) => Finding::unknown(step.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn absent_hidden_and_odd_are_told_apart() {
        let find = |seccomp, outcome| {
            let reading = Reading {
                tried: vec![tried(&[("mount_setattr(/tmp)", outcome)])],
                ..Reading::new()
            };
            let host = Scripted::new();
            let mut site = Site::new(&host);
            site.seccomp = seccomp;
            judge(&reading, &site)
        };
        assert_eq!(find(None, Ok(0)).status.as_str(), "pass");
        assert!(find(None, Err(Errno::ENOSYS)).summary.contains("5.12"));
        assert!(find(Some(2), Err(Errno::EPERM)).summary.contains("filter"));
        assert_eq!(find(None, Err(Errno::EPERM)).holds, None);
    }
}
