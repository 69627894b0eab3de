//! `docker.rootlesskit`: is RootlessKit there?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "docker.rootlesskit",
    manual: Manual {
        title: "RootlessKit",
        what: "Whether rootlesskit is in PATH.",
        why: "dockerd-rootless.sh starts the daemon by RootlessKit, which makes the user namespace and the network; Debian packs the script without it.",
        how: "Looks for rootlesskit in PATH.",
        user: "",
        admin: "Install RootlessKit.",
        refs: &["https://github.com/rootless-containers/rootlesskit"],
    },
    read,
    judge,
};

static TOOL: Tool = Tool {
    program: "rootlesskit",
    package: Package {
        debian: "rootlesskit",
        fedora: "docker-ce-rootless-extras",
        suse: "rootlesskit",
    },
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
