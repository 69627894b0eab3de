//! `img.squashfuse`: is squashfuse installed?

use super::Probe;
use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Manual, Reading, Site};

const PROGRAM: &str = "squashfuse";
const PACKAGE: Package = Package::named("squashfuse");

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.squashfuse",
    manual: Manual {
        title: "squashfuse",
        what: "Whether squashfuse is installed.",
        why: "It mounts squashfs images for ordinary users by FUSE.",
        how: "Looks for it in PATH.",
        user: "Unpack the image: unsquashfs, apptainer exec --unsquash.",
        admin: "Install squashfuse.",
        refs: &["squashfuse(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    look_for(site, &[PROGRAM])
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    judge_installed(reading, PROGRAM, PACKAGE.install(PROGRAM, site))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn it_is_there_or_can_be_installed() {
        let none = Scripted::new();
        let site = Site::new(&none);
        let found = judge(&read(&site), &site);
        assert_eq!((found.holds, found.steps.len()), (Some(false), 1));
        let host = Scripted::new().program(PROGRAM, "/usr/bin/x");
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "pass");
    }
}
