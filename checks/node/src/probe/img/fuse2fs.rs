//! `img.fuse2fs`: is fuse2fs installed?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

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

static TOOL: Tool = Tool {
    program: "fuse2fs",
    package: Package::named("fuse2fs"),
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
