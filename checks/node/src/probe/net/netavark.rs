//! `net.netavark`: is netavark installed?

use super::Probe;
use crate::package::Package;
use crate::{Manual, Reading, Site, helper};

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.netavark",
    manual: Manual {
        title: "netavark",
        what: "Whether netavark is installed and starts.",
        why: "Podman sets up bridge networks through it, and names of containers in them; podman 4 may use CNI instead. The default network of rootless containers needs neither.",
        how: "Looks for it in podman's directories of helpers and in PATH, and runs it with --version.",
        user: "Choose a network without a bridge: --network=pasta, slirp4netns or host.",
        admin: "Install netavark.",
        refs: &[
            "https://github.com/containers/netavark",
            "containers.conf(5)",
        ],
    },
    read,
    judge: |reading, site| helper::judge(reading, site, "netavark", Package::named("netavark")),
};

fn read(site: &Site<'_>) -> Reading {
    match helper::of_podman(site, "netavark") {
        Some(path) => Reading::new().version(site, &path),
        None => helper::read(site, "netavark"),
    }
}
