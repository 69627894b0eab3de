//! `ovl.tmpfs.xattr`: does tmpfs hold user.* attributes?

use hpcctl_host::{Errno, Op};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, overlay};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ovl.tmpfs.xattr",
    manual: Manual {
        title: "Attributes on tmpfs",
        what: "Whether a file on a tmpfs can have user.* extended attributes.",
        why: "Overlays in user namespaces and fuse-overlayfs keep their marks in them; a tmpfs is often the only local file system of a diskless node.",
        how: "setxattr(2) of user.hpcctl on a tmpfs in a user and mount namespace.",
        user: "Put upper layers on ext4 or xfs.",
        admin: "Linux 6.6 or later with CONFIG_TMPFS_XATTR.",
        refs: &["tmpfs(5)", "xattr(7)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = overlay::in_tmpfs(site)
        .op(Op::Create {
            path: "file".into(),
            data: "x".into(),
        })
        .subject()
        .op(Op::SetXattr {
            path: "file".into(),
            name: "user.hpcctl".into(),
            value: "x".into(),
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
    let old = overlay::release(site).is_some_and(|kernel| kernel < overlay::TMPFS_ATTRIBUTES);
    let refused = "tmpfs takes no user.* attributes";
    match tried.failed().map(|step| (step, step.errno)) {
        None => Finding::pass("tmpfs takes user.* attributes"),
        Some((_, Some(Errno::EOPNOTSUPP))) if old => Finding::caused(
            refused,
            overlay::too_old(site, overlay::TMPFS_ATTRIBUTES, "does not have them"),
        ),
        Some((_, Some(Errno::EOPNOTSUPP))) => {
            Finding::caused(refused, attribute::not_built("TMPFS_XATTR"))
        }
        Some((step, _)) => Finding::fail(format!("{refused} ({step})")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(release: &str) -> Finding {
        let host = Scripted::new().file("/proc/sys/kernel/osrelease", release);
        let reading = Reading {
            tried: vec![tried(&[("setxattr(file)", Err(Errno::EOPNOTSUPP))])],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&host))
    }

    #[test]
    fn the_version_and_the_configuration_are_told_apart() {
        assert!(find("6.1.0").summary.contains("6.6 does"));
        assert!(find("6.12.0").summary.contains("CONFIG_TMPFS_XATTR"));
    }
}
