//! `podman.runc`: is runc there, for where crun starts no container?

use super::Probe;
use super::oci::is_program;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, containers_conf, oci};

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.runc",
    manual: Manual {
        title: "runc for podman",
        what: "Whether podman finds runc.",
        why: "Where crun refuses the control groups of a node, `podman --runtime runc` starts containers all the same, if there is one.",
        how: "Looks where podman does: at the paths of [engine.runtimes] in containers.conf, else at podman's own and in PATH.",
        user: "",
        admin: "Install runc.",
        refs: &["podman(1)", "containers.conf(5)"],
    },
    read,
    judge,
};

const NAME: &str = "runc";

fn read(site: &Site<'_>) -> Reading {
    let reading = containers_conf::read(site);
    let found = oci::find(NAME, &containers_conf::merge(&reading), site);
    match found.filter(|path| is_program(site, path)) {
        Some(path) => reading.fact(NAME, path),
        None => reading,
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.facts.iter().find(|(name, _)| name == NAME) {
        Some((_, path)) => Finding::pass(format!("runc is installed: {path}")),
        None => Finding::skipped("runc is not installed")
            .holding(false)
            .step(Package::named(NAME).install(NAME, site)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn it_is_there_where_podman_finds_a_program() {
        let judged = |host: &Scripted| {
            let site = Site::new(host);
            let found = judge(&read(&site), &site);
            (found.holds, found.steps.len())
        };
        assert_eq!(judged(&Scripted::new()), (Some(false), 1));
        for (mode, is_there) in [(0o100755, true), (0o100644, false), (0o040755, false)] {
            let host = Scripted::new().stat("/usr/bin/runc", stat(mode));
            assert_eq!(judged(&host).0, Some(is_there), "{mode:o}");
        }
    }
}
