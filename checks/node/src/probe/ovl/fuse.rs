//! `ovl.fuse`: is fuse-overlayfs installed?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

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

static TOOL: Tool = Tool {
    program: "fuse-overlayfs",
    package: Package::named("fuse-overlayfs"),
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
