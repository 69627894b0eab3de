//! A program that must be there, and nothing more.

use crate::package::Package;
use crate::runtime::{judge_installed, look_for};
use crate::{Finding, Reading, Site};

/// The program.
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) package: Package,
}

impl Tool {
    /// Looks for it in PATH.
    pub(crate) fn read(&self, site: &Site<'_>) -> Reading {
        look_for(site, &[self.program])
    }

    /// Judges whether it is there; else how it is installed.
    pub(crate) fn judge(&self, reading: &Reading, site: &Site<'_>) -> Finding {
        judge_installed(
            reading,
            self.program,
            self.package.install(self.program, site),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn it_is_there_or_can_be_installed() {
        let tool = Tool {
            program: "fuse2fs",
            package: Package::named("fuse2fs"),
        };
        let none = Scripted::new();
        let site = Site::new(&none);
        let found = tool.judge(&tool.read(&site), &site);
        assert_eq!((found.holds, found.steps.len()), (Some(false), 1));
        let host = Scripted::new().program("fuse2fs", "/usr/bin/fuse2fs");
        let site = Site::new(&host);
        assert_eq!(tool.judge(&tool.read(&site), &site).status.as_str(), "pass");
    }
}
