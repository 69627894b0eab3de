//! `img.unsquashfs`: is unsquashfs installed?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

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

static TOOL: Tool = Tool {
    program: "unsquashfs",
    package: Package::named("squashfs-tools"),
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
