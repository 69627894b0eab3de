//! `ovl.tmpfs`: may an overlay be mounted in a user namespace?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, attribute, overlay};

/// The row.
pub static PROBE: Probe = Probe {
    id: "ovl.tmpfs",
    manual: Manual {
        title: "Overlay in a user namespace",
        what: "Whether an overlay whose upper layer is on a tmpfs can be mounted inside a user namespace.",
        why: "It makes a read-only image writable for the time of a run: ch-run -W, apptainer --writable-tmpfs.",
        how: "mount(overlay, userxattr) in a user and mount namespace, all layers on a tmpfs that nobody else sees.",
        user: "Use fuse-overlayfs, or an image that is unpacked into a directory, with ch-convert or apptainer --unsquash.",
        admin: "Linux 5.11 or later with the module overlay.",
        refs: &[
            "https://docs.kernel.org/filesystems/overlayfs.html",
            "mount(2)",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let trial = overlay::layers(overlay::in_tmpfs(site)).subject();
    Reading::new().trial(site, &trial.op(overlay::mounted()))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(tried) = reading.tried.first() else {
        return Finding::unknown("nothing was tried");
    };
    if let Some(finding) = attribute::unprepared(tried) {
        return finding;
    }
    match tried.failed().and_then(|step| step.errno) {
        Some(errno) => Finding::caused("an overlay is refused", overlay::cause(errno, site)),
        None => Finding::pass("an overlay with its upper layer on a tmpfs can be mounted"),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::Errno;
    use hpcctl_model::doctor::{Cost, Status};

    use super::*;
    use crate::scripted::{Scripted, tried};

    #[test]
    fn an_old_kernel_is_the_cause_that_it_is() {
        let host = Scripted::new().file("/proc/sys/kernel/osrelease", "5.10.0-32-amd64\n");
        let reading = Reading {
            tried: vec![tried(&[("mount(overlay, merged)", Err(Errno::EPERM))])],
            ..Reading::new()
        };
        let found = judge(&reading, &Site::new(&host));
        assert_eq!(
            found.summary,
            "an overlay is refused: Linux 5.10.0-32-amd64 does not mount overlays in user namespaces; 5.11 does"
        );
        assert_eq!(
            (found.status, found.steps[0].cost),
            (Status::Fail, Cost::Reboot)
        );
    }
}
