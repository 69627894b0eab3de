//! `net.pasta`: is pasta installed?

use super::Probe;
use crate::package::Package;
use crate::{Manual, helper};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.pasta",
    manual: Manual {
        title: "pasta",
        what: "Whether pasta is installed and starts.",
        why: "Podman 5 connects rootless containers to the network through it; a site may choose slirp4netns instead.",
        how: "Looks for it in PATH and runs it with --version.",
        user: "Share the node's network: --network=host.",
        admin: "Install passt.",
        refs: &["pasta(1)"],
    },
    read: |site| helper::read(site, "pasta"),
    judge: |reading, site| helper::judge(reading, site, "pasta", Package::named("passt")),
};
