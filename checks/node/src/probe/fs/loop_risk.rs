//! `fs.loop.risk`: may a user make the kernel mount an image?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, apptainer};

const CONTROL: &str = "/dev/loop-control";

/// The row.
pub static PROBE: Probe = Probe {
    id: "fs.loop.risk",
    manual: Manual {
        title: "Kernel mounts of images that users made",
        what: "Whether ordinary users can have the kernel mount file systems that they made themselves.",
        why: "The file systems of the kernel are not hardened against images made to break them: a set-user-id runtime that mounts a user's image hands the user a way to crash or take over the node. FUSE does it without that risk.",
        how: "\"allow setuid-mount\" in apptainer.conf where a set-user-id starter is installed; the mode of /dev/loop-control.",
        user: "Choose a runtime that mounts by FUSE.",
        admin: "Set allow setuid-mount extfs = no, and squashfs = iflimited or no, in apptainer.conf, and take the device from users: chmod 0660 /dev/loop-control",
        refs: &["https://apptainer.org/docs/admin/main/configfiles.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let reading = Reading::new().stat(site, CONTROL);
    match apptainer::starter(site) {
        Some(starter) => reading
            .stat(site, &starter)
            .file(site, apptainer::CONFIGURATION),
        None => reading,
    }
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let mode = |n: usize| {
        reading
            .stats
            .get(n)
            .and_then(|(_, stat)| stat.as_ref().ok())
            .map(|stat| stat.mode)
    };
    if mode(0).is_some_and(|mode| mode & 0o006 != 0) {
        return Finding::warn(format!("{CONTROL} is open to everybody")).step(admin(
            Cost::AdminSysctl,
            "close it",
            &format!("chmod 0660 {CONTROL}"),
        ));
    }
    let setuid = mode(1).is_some_and(|mode| mode & 0o4000 != 0);
    let text = reading.text(apptainer::CONFIGURATION).unwrap_or_default();
    match setuid && apptainer::allows(text, "allow setuid-mount extfs") {
        true => Finding::warn(
            "the set-user-id Apptainer lets users have the kernel mount ext images of their own",
        )
        .step(admin(
            Cost::AdminSysctl,
            "forbid it",
            "apptainer config global --set 'allow setuid-mount extfs' no",
        )),
        false => Finding::pass("ordinary users cannot have the kernel mount images of their own"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn an_open_control_file_is_a_risk() {
        let find = |mode| {
            let host = Scripted::new().stat(CONTROL, stat(mode));
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(0o020666), "warn");
        assert_eq!(find(0o020660), "pass");
    }
}
