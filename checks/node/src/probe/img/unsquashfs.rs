//! `img.unsquashfs`: is unsquashfs installed?

use super::Probe;
use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Manual, Reading, Site};

const PROGRAM: &str = "unsquashfs";
const PACKAGE: Package = Package::named("squashfs-tools");

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.unsquashfs",
    manual: Manual {
        title: "unsquashfs",
        what: "Whether unsquashfs is installed.",
        why: "Runtimes unpack an image with it where they cannot mount it.",
        how: "Looks for it in PATH.",
        user: "",
        admin: "Install squashfs-tools.",
        refs: &["unsquashfs(1)"],
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
