//! `fuse.open`: may the caller open /dev/fuse?

use hpcctl_host::{Op, Trial};

use super::Probe;
use crate::device::FUSE;
use crate::{Finding, Manual, Reading, Site, attribute};

/// The row.
pub static PROBE: Probe = Probe {
    id: "fuse.open",
    manual: Manual {
        title: "/dev/fuse",
        what: "Whether the caller can open /dev/fuse for reading and writing.",
        why: "Without it no image can be mounted as a file (squashfs, SIF) without root, and fuse-overlayfs does not work.",
        how: "open(2) in a forked child, in the caller's own namespaces. ENOENT, EACCES, EPERM and ENODEV are told apart by /proc/misc, the mode, the mount and the device cgroup.",
        user: "Unpack the image into a directory, with ch-convert or apptainer --unsquash.",
        admin: "Give the device mode 0666 by a udev rule (KERNEL==\"fuse\", MODE=\"0666\"), and load the module: modprobe fuse",
        refs: &["fuse(4)", "udev(7)"],
    },
    read: |site| {
        let open = Op::Open {
            path: FUSE.path.into(),
            write: true,
        };
        Reading::new()
            .trial(site, &Trial::new().subject().op(open))
            .stat(site, FUSE.path)
    },
    judge,
};

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().and_then(|step| step.errno) {
        Some(errno) => Finding::caused("FUSE cannot be used", FUSE.cause(errno, site)),
        None => Finding::pass("/dev/fuse can be opened"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;

    use super::*;
    use crate::scripted::{Scripted, stat, tried};

    #[test]
    fn a_refusal_comes_with_its_cause() {
        let host = Scripted::new().stat("/dev/fuse", stat(0o020600));
        let reading = Reading {
            tried: vec![tried(&[("open(/dev/fuse)", Err(Errno::EACCES))])],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&host));
        assert!(
            found.summary.starts_with(
                "FUSE cannot be used: /dev/fuse may not be opened (EACCES): mode 0600"
            ),
            "{}",
            found.summary
        );
        assert_eq!(found.holds, Some(false));
    }
}
