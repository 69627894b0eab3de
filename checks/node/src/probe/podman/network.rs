//! `podman.network`: is the program there that podman's rootless network needs?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, helper, version};

/// The first version of podman whose default is pasta; before it is slirp4netns.
const PASTA_SINCE: u32 = 5;

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.network",
    manual: Manual {
        title: "The program behind podman's rootless network",
        what: "Whether the program is installed that connects a rootless container to the network: slirp4netns for podman 4, pasta for podman 5 and later.",
        why: "Podman packages only recommend it; without it `podman run` fails at the start of each container.",
        how: "podman --version, then looks for the program in PATH and in the helper directories of podman.",
        user: "Have no network (--network=none), or share that of the host: podman run --network=host …",
        admin: "Install slirp4netns for podman 4, or passt for podman 5.",
        refs: &["podman-run(1)", "containers.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(podman) = site.host.which("podman") else {
        return Reading::new();
    };
    let reading = Reading::new().version(site, &podman);
    ["slirp4netns", "pasta"]
        .iter()
        .fold(reading, |reading, program| {
            let helper = || helper::of_podman(site, program);
            match site.host.which(program).or_else(helper) {
                Some(path) => reading.fact(program, path),
                None => reading,
            }
        })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("podman is not installed");
    };
    if site.is_root() {
        return Finding::skipped("root's network is a bridge").holding(true);
    }
    let Some((version, _)) = version::printed(ran) else {
        return Finding::unknown("podman --version prints no version");
    };
    let (program, package) = if version >= PASTA_SINCE {
        ("pasta", Package::named("passt"))
    } else {
        ("slirp4netns", Package::named("slirp4netns"))
    };
    match reading.facts.iter().find(|(name, _)| name == program) {
        Some((_, path)) => Finding::pass(format!("podman {version} uses {program}: {path}")),
        None => Finding::fail(format!(
            "podman {version} needs {program}, which is not installed"
        ))
        .step(package.install(program, site))
        .step(user(
            Cost::UserConfig,
            &format!("put {program} into a directory of your PATH"),
            "",
        )),
    }
}
