//! `docker.cli`: is the client of Docker there?

use super::Probe;
use crate::package::Package;
use crate::tool::Tool;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "docker.cli",
    manual: Manual {
        title: "Client of Docker",
        what: "Whether docker is in PATH.",
        why: "The daemon alone starts nothing: docker run and docker build are its client, which distributions pack by itself.",
        how: "Looks for docker in PATH.",
        user: "",
        admin: "Install the client of Docker.",
        refs: &["docker(1)"],
    },
    read,
    judge,
};

static TOOL: Tool = Tool {
    program: "docker",
    package: Package {
        debian: "docker-cli",
        fedora: "docker-ce-cli",
        suse: "docker",
    },
};

fn read(site: &Site<'_>) -> Reading {
    TOOL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    TOOL.judge(reading, site)
}
