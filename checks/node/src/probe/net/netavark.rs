//! `net.netavark`: is netavark installed?

use super::Probe;
use crate::package::Package;
use crate::{Manual, Reading, Site, helper};

/// Where podman looks for its helpers; netavark is seldom in PATH.
const DIRS: &[&str] = &[
    "/usr/local/libexec/podman",
    "/usr/local/lib/podman",
    "/usr/libexec/podman",
    "/usr/lib/podman",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "net.netavark",
    manual: Manual {
        title: "netavark",
        what: "Whether netavark is installed and starts.",
        why: "Podman sets up bridge networks through it, and names of containers in them; podman 4 may use CNI instead. The default network of rootless containers needs neither.",
        how: "Looks for it in podman's directories of helpers and in PATH, and runs it with --version.",
        user: "A network without a bridge: --network=pasta, slirp4netns or host.",
        admin: "Install netavark.",
        refs: &[
            "https://github.com/containers/netavark",
            "containers.conf(5)",
        ],
    },
    read,
    judge: |reading, site| helper::judge(reading, site, "netavark", Package::named("netavark")),
};

/// Where it is, in podman's directories of helpers.
pub(in crate::probe) fn netavark(site: &Site<'_>) -> Option<String> {
    let mut paths = DIRS.iter().map(|dir| format!("{dir}/netavark"));
    paths.find(|path| site.host.stat(path).is_ok())
}

fn read(site: &Site<'_>) -> Reading {
    match netavark(site) {
        Some(path) => Reading::new().version(site, &path),
        None => helper::read(site, "netavark"),
    }
}
