//! `img.fuse2fs`: is fuse2fs installed?

use super::Probe;
use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Manual, Reading, Site};

const PROGRAM: &str = "fuse2fs";
const PACKAGE: Package = Package::named("fuse2fs");

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.fuse2fs",
    manual: Manual {
        title: "fuse2fs",
        what: "Whether fuse2fs is installed.",
        why: "Apptainer mounts writable ext images by it for ordinary users.",
        how: "Looks for it in PATH.",
        user: "",
        admin: "Install fuse2fs.",
        refs: &["fuse2fs(1)"],
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
