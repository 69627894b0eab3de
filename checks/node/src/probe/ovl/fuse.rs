//! `ovl.fuse`: is fuse-overlayfs installed?

use super::Probe;
use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Manual, Reading, Site};

const PROGRAM: &str = "fuse-overlayfs";
const PACKAGE: Package = Package::named("fuse-overlayfs");

/// The row.
pub static PROBE: Probe = Probe {
    id: "ovl.fuse",
    manual: Manual {
        title: "fuse-overlayfs",
        what: "Whether fuse-overlayfs is installed.",
        why: "It stands in for the overlay of the kernel where that is refused or the file system does not suit.",
        how: "Looks for it in PATH.",
        user: "",
        admin: "Install fuse-overlayfs.",
        refs: &["fuse-overlayfs(1)"],
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
