//! `podman.conmon`: is the program there by which podman starts containers?

use hpcctl_host::Ran;

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, containers_conf, helper};

const NAME: &str = "conmon";

/// The most programs that are tried.
const MOST: usize = 8;

/// Where podman looks before PATH, unless containers.conf says otherwise.
const PATHS: &[&str] = &[
    "/usr/libexec/podman/conmon",
    "/usr/local/libexec/podman/conmon",
    "/usr/local/lib/podman/conmon",
    "/usr/bin/conmon",
    "/usr/sbin/conmon",
    "/usr/local/bin/conmon",
    "/usr/local/sbin/conmon",
    "/run/current-system/sw/bin/conmon",
];

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.conmon",
    manual: Manual {
        title: "Podman's monitor of containers",
        what: "Whether conmon is there and starts, the program by which podman starts each container and which lives as long as that.",
        why: "Podman looks for it before it does anything: without one that works each command ends in \"could not find a working conmon binary\".",
        how: "conmon_path under [engine] of containers.conf as podman merges it, or podman's own paths; then PATH. conmon --version.",
        user: "conmon_path = [\"PATH\"] under [engine] in containers.conf, with a conmon of your own.",
        admin: "Install conmon.",
        refs: &["conmon(8)", "containers.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    if site.host.which("podman").is_none() {
        return Reading::new();
    }
    let settings = containers_conf::merge(&containers_conf::read(site));
    let usual = || PATHS.iter().map(ToString::to_string).collect();
    let paths: Vec<String> = settings.conmon.unwrap_or_else(usual);
    let is_file = |path: &String| site.host.stat(path).is_ok_and(|stat| stat.is_file());
    let of_podman = paths.into_iter().filter(is_file).take(MOST);
    let mut reading = Reading::new();
    for path in of_podman.chain(site.host.which(NAME)) {
        reading = reading.version(site, &path);
        // Podman goes on to the next where one does not start.
        if reading.ran.last().is_some_and(Ran::ok) {
            return reading;
        }
    }
    match reading.ran.is_empty() {
        true => reading.fact(NAME, "in none of podman's paths, nor in PATH"),
        false => reading,
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if reading.ran.is_empty() && reading.facts.is_empty() {
        return Finding::skipped("podman is not installed");
    }
    let package = Package::named(NAME);
    match reading.ran.is_empty() {
        false => helper::judge(reading, site, NAME, package),
        true => Finding::fail("conmon is not there, without which podman does nothing")
            .step(package.install(NAME, site)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    fn find(host: &Scripted) -> String {
        let site = Site::new(host);
        let found = judge(&read(&site), &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn it_is_looked_for_where_podman_looks() {
        assert!(find(&Scripted::new()).starts_with("skipped"));
        let node = || Scripted::new().program("podman", "/usr/bin/podman");
        assert!(find(&node()).starts_with("fail: conmon is not there"));
        // No program of a scripted node starts.
        for host in [
            node().stat("/usr/libexec/podman/conmon", stat(0o100755)),
            node().program("conmon", "/home/alice/bin/conmon"),
        ] {
            assert!(
                find(&host).contains("/conmon does not start"),
                "{}",
                find(&host)
            );
        }
        let elsewhere = "[engine]\nconmon_path = [\"/opt/conmon\"]\n";
        let host = node()
            .stat("/usr/bin/conmon", stat(0o100755))
            .file("/etc/containers/containers.conf", elsewhere);
        assert!(
            find(&host).contains("conmon is not there"),
            "{}",
            find(&host)
        );
        let host = host.stat("/opt/conmon", stat(0o100755));
        assert!(find(&host).contains("/opt/conmon"), "{}", find(&host));
    }

    #[test]
    fn podman_goes_on_to_one_that_starts() {
        let node = || {
            Scripted::new()
                .program("podman", "/usr/bin/podman")
                .stat("/usr/libexec/podman/conmon", stat(0o040755))
                .stat("/usr/local/bin/conmon", stat(0o100755))
                .program(NAME, "/home/alice/bin/conmon")
        };
        let first = find(&node());
        assert!(first.starts_with("fail: /usr/local/bin/conmon does not start"));
        let host = node().starting("/home/alice/bin/conmon", "conmon version 2.1.6");
        let expected = "pass: /home/alice/bin/conmon starts: conmon version 2.1.6";
        assert_eq!(find(&host), expected);
        let host = host.starting("/usr/local/bin/conmon", "conmon version 2.1.0");
        assert!(find(&host).starts_with("pass: /usr/local/bin/conmon starts"));
    }
}
