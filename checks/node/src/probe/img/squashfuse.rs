//! `img.squashfuse`: is squashfuse installed?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "img.squashfuse",
    manual: Manual {
        title: "squashfuse",
        what: "Whether squashfuse is installed.",
        why: "It mounts squashfs images for ordinary users by FUSE.",
        how: "Looks for it in PATH.",
        user: "Unpack the image with unsquashfs, or start it with apptainer exec --unsquash.",
        admin: "Install squashfuse.",
        refs: &["squashfuse(1)"],
    },
    read,
    judge,
};

static TOOL: Tool = Tool {
    program: "squashfuse",
    package: Package::named("squashfuse"),
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
