//! `img.mksquashfs`: is mksquashfs installed?

use super::Probe;
use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Manual, Reading, Site};

const PROGRAM: &str = "mksquashfs";
const PACKAGE: Package = Package::named("squashfs-tools");

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.mksquashfs",
    manual: Manual {
        title: "mksquashfs",
        what: "Whether mksquashfs is installed.",
        why: "SIF and squashfs images are made with it; one file instead of a hundred thousand spares a parallel file system.",
        how: "Looks for it in PATH.",
        user: "Make the image elsewhere and copy it.",
        admin: "Install squashfs-tools.",
        refs: &["mksquashfs(1)"],
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
