//! `img.mksquashfs`: is mksquashfs installed?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

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

static TOOL: Tool = Tool {
    program: "mksquashfs",
    package: Package::named("squashfs-tools"),
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
