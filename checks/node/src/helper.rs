//! Helper programs that a runtime starts: what the probes of one share.

use crate::package::Package;
use crate::{Finding, Reading, Site};

/// Looks for a program and asks it for its version.
pub fn read(site: &Site<'_>, program: &str) -> Reading {
    match site.host.which(program) {
        Some(path) => Reading::new().version(site, &path),
        None => Reading::new(),
    }
}

/// Judges whether it is there and starts; of several, that one does.
pub fn judge(reading: &Reading, site: &Site<'_>, program: &str, package: Package) -> Finding {
    let started = reading.ran.iter().find(|ran| ran.ok());
    let Some(ran) = started.or(reading.ran.first()) else {
        return Finding::skipped(format!("{program} is not in PATH"))
            .holding(false)
            .step(package.install(program, site));
    };
    let path = ran.argv.first().map_or(program, String::as_str);
    if ran.ok() {
        // The version is on standard output; it would be a warning that stands on the other.
        let line = ran.stdout.lines().next().unwrap_or("").trim();
        return Finding::pass(format!("{path} starts: {line}"));
    }
    Finding::fail(format!("{path} does not start: {}", said(ran)))
        .step(package.install(program, site))
}

fn said(ran: &hpcctl_host::Ran) -> String {
    match ran.first_line() {
        "" => ran.end.to_string(),
        line => line.to_owned(),
    }
}

/// Where podman looks for its helpers beside PATH, `helper_binaries_dir` of containers.conf(5).
const OF_PODMAN: &[&str] = &[
    "/usr/local/libexec/podman",
    "/usr/local/lib/podman",
    "/usr/libexec/podman",
    "/usr/lib/podman",
];

/// A helper in podman's own directories; none where it is there in none of them.
pub fn of_podman(site: &Site<'_>, program: &str) -> Option<String> {
    let mut paths = OF_PODMAN.iter().map(|dir| format!("{dir}/{program}"));
    paths.find(|path| site.host.stat(path).is_ok())
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;
    use hpcctl_model::doctor::Status;

    use super::*;
    use crate::scripted::{Scripted, ran};

    fn find(ran: Option<hpcctl_host::Ran>) -> Finding {
        let reading = Reading {
            ran: ran.into_iter().collect(),
            ..Reading::new()
        };
        let host = Scripted::new().file("/etc/os-release", "ID=\"rocky\"\n");
        judge(
            &reading,
            &Site::new(&host),
            "pasta",
            Package::named("passt"),
        )
    }

    #[test]
    fn absent_broken_and_present_differ() {
        let absent = find(None);
        assert_eq!(
            (absent.status, absent.holds),
            (Status::Skipped, Some(false))
        );
        assert_eq!(
            absent.steps[0].command.as_deref(),
            Some("dnf install -y passt")
        );
        let broken = find(Some(ran(
            &["/usr/bin/pasta"],
            End::Exit(127),
            "libc.so.6: version not found",
        )));
        assert_eq!(
            broken.summary,
            "/usr/bin/pasta does not start: libc.so.6: version not found"
        );
        let mut present = ran(&["/usr/bin/pasta"], End::Exit(0), "");
        present.stdout = "pasta 2024_01\nCopyright\n".into();
        assert_eq!(
            find(Some(present)).summary,
            "/usr/bin/pasta starts: pasta 2024_01"
        );
    }
}
