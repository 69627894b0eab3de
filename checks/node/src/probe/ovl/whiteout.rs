//! `ovl.whiteout`: can a file of the image be deleted in an overlay?

use hpcctl_host::Op;

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, overlay};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ovl.whiteout",
    manual: Manual {
        title: "Deleting in an overlay",
        what: "Whether a file of the lower layer can be deleted in an overlay inside a user namespace.",
        why: "Builds delete files of the layers below; the deletion is kept as a whiteout in the upper layer.",
        how: "In an overlay on a tmpfs: unlink(2) of a file of the lower layer, then the file must be gone.",
        user: "Use fuse-overlayfs.",
        admin: "Linux 5.11 or later.",
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
        .op(Op::Unlink("merged/file".into()))
        .op(Op::Absent("merged/file".into()));
    Reading::new().trial(site, &trial)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed() {
        Some(step) => Finding::fail(format!(
            "a file of the lower layer cannot be deleted ({step})"
        )),
        None => Finding::pass("a file of the lower layer can be deleted"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, tried};

    fn find(prepared: usize, step: (&str, Result<i64, Errno>)) -> Finding {
        let mut tried = tried(&[step]);
        tried.subject = prepared;
        let reading = Reading {
            tried: vec![tried],
            ..Reading::new()
        };
        judge(&reading, &Site::new(&Scripted::new()))
    }

    #[test]
    fn without_an_overlay_it_is_skipped() {
        let found = find(1, ("mount(overlay, merged)", Err(Errno::EPERM)));
        assert_eq!(found.status, Status::Skipped);
        assert_eq!(found.summary, "needs ovl.tmpfs, which fails");
    }

    #[test]
    fn a_file_that_stays_is_a_failure() {
        let step = ("stat(merged/file) must fail", Err(Errno::EEXIST));
        assert_eq!(find(0, step).status, Status::Fail);
        assert_eq!(find(0, ("unlink(merged/file)", Ok(0))).status, Status::Pass);
    }
}
