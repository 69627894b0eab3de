//! `net.slirp`: is slirp4netns installed?

use super::Probe;
use crate::package::Package;
use crate::{Manual, helper};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.slirp",
    manual: Manual {
        title: "slirp4netns",
        what: "Whether slirp4netns is installed and starts.",
        why: "Podman 4, rootless docker and Apptainer connect rootless containers to the network through it; podman 5 prefers pasta.",
        how: "Looks for it in PATH and runs it with --version.",
        user: "Share the node's network: --network=host.",
        admin: "Install slirp4netns.",
        refs: &["slirp4netns(1)"],
    },
    read: |site| helper::read(site, "slirp4netns"),
    judge: |reading, site| {
        helper::judge(reading, site, "slirp4netns", Package::named("slirp4netns"))
    },
};
