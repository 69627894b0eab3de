//! `ovl.opaque`: can a directory of the image be replaced in an overlay?

use hpcctl_host::{Errno, Op};

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, overlay};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ovl.opaque",
    manual: Manual {
        title: "Replacing a directory in an overlay",
        what: "Whether a directory of the lower layer can be removed and made again in an overlay whose upper layer is on a tmpfs.",
        why: "Package managers do so. The new directory must be marked opaque, which takes user.* attributes; without them mkdir fails with EIO in the midst of a build.",
        how: "In an overlay on a tmpfs inside a user namespace: unlink, rmdir and mkdir of a directory of the lower layer; the new one must be empty.",
        user: "Put the upper layer on ext4 or xfs instead of a tmpfs.",
        admin: "Linux 6.6 or later, whose tmpfs has user.* attributes.",
        refs: &[
            "https://docs.kernel.org/filesystems/overlayfs.html#whiteouts-and-opaque-directories",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = overlay::layers(overlay::in_tmpfs(site))
        .op(overlay::mounted())
        .subject()
        .op(Op::Unlink("merged/dir/file".into()))
        .op(Op::Rmdir("merged/dir".into()))
        .op(Op::Mkdir("merged/dir".into()))
        .op(Op::Absent("merged/dir/file".into()));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    let Some(step) = tried.failed() else {
        return Finding::pass("a directory of the lower layer can be removed and made again");
    };
    let refused = format!("a directory of the lower layer cannot be replaced ({step})");
    let old = overlay::release(site).is_some_and(|kernel| kernel < overlay::TMPFS_ATTRIBUTES);
    match step.errno {
        Some(Errno::EIO | Errno::EPERM | Errno::EOPNOTSUPP) if old => Finding::caused(
            &refused,
            overlay::too_old(
                site,
                overlay::TMPFS_ATTRIBUTES,
                "has no user.* attributes on tmpfs",
            ),
        ),
        _ => Finding::fail(refused),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(release: &str) -> Finding {
        let host = Scripted::new().file("/proc/sys/kernel/osrelease", release);
        let steps = [
            ("unlink(merged/dir/file)", Ok(0)),
            ("rmdir(merged/dir)", Ok(0)),
            ("mkdir(merged/dir)", Err(Errno::EIO)),
        ];
        let reading = Reading {
            tried: vec![tried(&steps)],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&host))
    }

    #[test]
    fn the_kernel_is_blamed_only_where_it_is_old() {
        let old = find("6.1.0-56-amd64\n");
        assert!(old.summary.ends_with("6.6 does"), "{}", old.summary);
        let new = find("6.12.0\n");
        assert!(
            new.summary.ends_with("(mkdir(merged/dir) = EIO)"),
            "{}",
            new.summary
        );
        assert!(new.steps.is_empty());
    }
}
