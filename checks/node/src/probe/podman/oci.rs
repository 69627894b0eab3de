//! `podman.oci`: which OCI runtime will podman start?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, containers_conf, oci};

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.oci",
    manual: Manual {
        title: "Podman's OCI runtime",
        what: "Which OCI runtime podman starts: the one of containers.conf, else crun, else runc.",
        why: "crun and runc need different things: crun refuses some layouts of control groups, runc refuses --cgroups=disabled. Without either no container starts.",
        how: "`runtime` under [engine] and the paths of [engine.runtimes] in containers.conf as podman merges it; then podman's own paths and PATH. podman itself is not run, because it would write its state.",
        user: "Name another one: podman --runtime PATH run …",
        admin: "Install crun.",
        refs: &["containers.conf(5)", "podman(1)"],
    },
    read,
    judge,
};

/// Where each of the usual runtimes is.
fn read(site: &Site<'_>) -> Reading {
    let reading = containers_conf::read(site);
    let settings = containers_conf::merge(&reading);
    let found = oci::DEFAULT.iter().filter_map(|name| {
        let path = oci::find(name, &settings, site)?;
        is_program(site, &path).then_some((*name, path))
    });
    found.fold(reading, |reading, (name, path)| reading.fact(name, path))
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let settings = containers_conf::merge(reading);
    if let Some(path) = &settings.broken {
        return Finding::fail(format!("{path} cannot be parsed: podman does not start"));
    }
    let chosen = oci::chosen(&settings, site);
    let by = chosen.by.as_ref().map(|file| format!(", set in {file}"));
    let by = by.unwrap_or_default();
    let install = |name| Package::named(name).install(name, site);
    match (&chosen.path, chosen.name.as_str()) {
        (Some(path), name) if !is_program(site, path) => {
            let summary = format!(
                "podman starts {name} ({path}{by}), which is no program that may be executed"
            );
            let finding = Finding::fail(summary);
            // A directory or a device is made no program by its mode.
            if !site.host.stat(path).is_ok_and(|stat| stat.is_file()) {
                return finding;
            }
            let command = format!("chmod a+rx {path}");
            finding.step(admin(
                Cost::AdminSysctl,
                &format!("make {path} executable"),
                &command,
            ))
        }
        (Some(path), name) => Finding::pass(format!("podman starts {name} ({path}{by})")),
        (None, "") => {
            Finding::fail("neither crun nor runc is installed: podman starts no container")
                .step(install("crun"))
                .step(install("runc"))
        }
        (None, name) => {
            let finding = Finding::fail(format!(
                "podman's runtime {name} is not there{by}: no container starts"
            ));
            match name {
                "crun" | "runc" => {
                    finding.step(install(if name == "crun" { "crun" } else { "runc" }))
                }
                _ => finding,
            }
        }
    }
}

/// Whether a file may be executed at all: podman takes the first that is there, whatever it is.
pub(super) fn is_program(site: &Site<'_>, path: &str) -> bool {
    let stat = site.host.stat(path);
    stat.is_ok_and(|stat| stat.is_file() && stat.permissions() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    const CONF: &str = "/etc/containers/containers.conf";

    fn find(host: &Scripted) -> String {
        let site = Site::new(host);
        let found = judge(&(PROBE.read)(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn what_podman_starts_is_named_with_its_reason() {
        let host = Scripted::new().stat("/usr/bin/crun", stat(0o100755));
        assert_eq!(find(&host), "pass: podman starts crun (/usr/bin/crun)");
        let host = host.file(CONF, "[engine]\nruntime = \"youki\"\n");
        assert!(find(&host).contains("youki is not there, set in /etc"));
        assert!(find(&host.file(CONF, "[engine\n")).contains("cannot be parsed"));
        assert!(find(&Scripted::new()).starts_with("fail: neither"));
        for (mode, is_mended) in [(0o100644, true), (0o020755, false), (0o040755, false)] {
            let host = Scripted::new().stat("/usr/bin/runc", stat(mode));
            assert!(find(&host).contains("no program that may be executed"));
            let site = Site::new(&host);
            let steps = judge(&(PROBE.read)(&site), &site).steps;
            assert_eq!(!steps.is_empty(), is_mended, "{mode:o}");
        }
    }
}
