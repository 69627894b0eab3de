//! `lim.build_over_hard`: does podman build ask for limits above root's hard ones?
//!
//! The rule is that of buildah from January 2024 on, which podman 5 brought; seen with 5.8.

use super::Probe;
use crate::ulimits::{self, Hard, MAXIMUM};
use crate::{Finding, Manual, Reading, Site, containers_conf, limit, version};

/// The first release of podman whose builds set limits.
const SINCE: (u32, u32) = (5, 0);

/// The row.
pub static PROBE: Probe = Probe {
    id: "lim.build_over_hard",
    manual: Manual {
        title: "Limits of podman build against root's",
        what: "Whether root without CAP_SYS_RESOURCE, as inside an outer container, has limits as high as podman build sets them.",
        why: "From podman 5 on a build asks for 1048576 files and processes, unless the caller has more or containers.conf says otherwise; an ordinary user's own limits are taken instead. Then each RUN ends in \"error setting rlimit type 7: operation not permitted\".",
        how: "For root without CAP_SYS_RESOURCE: podman --version, default_ulimits in containers.conf as podman merges it, and the hard limits.",
        user: "Give the hard limits: podman build --ulimit nofile=N:N --ulimit nproc=M:M …",
        admin: "Set default_ulimits in /etc/containers/containers.conf within the hard limits.",
        refs: &["containers.conf(5)", "podman-build(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let bound = site.is_root() && !limit::may_raise(site);
    match site.host.which("podman").filter(|_| bound) {
        Some(path) => ulimits::read(site).version(site, &path),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(ran) = reading.ran.first() else {
        return Finding::skipped("podman build keeps within the caller's limits").holding(true);
    };
    match version::printed(ran) {
        None => return Finding::unknown("podman does not tell its release"),
        Some(release) if release < SINCE => {
            return Finding::pass("this podman sets no limits in a build");
        }
        Some(_) => {}
    }
    let settings = containers_conf::merge(reading);
    let Some(hard) = Hard::of(reading) else {
        return Finding::unknown("the caller's limits cannot be read");
    };
    let mut asked = match &settings.ulimits {
        Some((list, _)) => ulimits::entries(list),
        None => Vec::new(),
    };
    for name in ["nofile", "nproc"] {
        if !asked.iter().any(|(known, _)| known == name) {
            asked.push((name.into(), MAXIMUM));
        }
    }
    match hard.exceeded_by(&asked) {
        None => Finding::pass("the limits that podman build sets are within the caller's"),
        Some(over) => Finding::fail(format!("podman build asks for {over}: no RUN starts"))
            .step(hard.write(site)),
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;

    use super::*;
    use crate::scripted::{Scripted, ran};

    fn find(podman: &str, list: &str) -> &'static str {
        let host = Scripted::new()
            .by_root()
            .file("/etc/containers/containers.conf", list);
        let site = Site::new(&host);
        let mut reading = containers_conf::read(&site)
            .fact("getrlimit(RLIMIT_NOFILE)", "20000:20000")
            .fact("getrlimit(RLIMIT_NPROC)", "96365:96365");
        let mut printed = ran(&["podman"], End::Exit(0), "");
        printed.stdout = podman.into();
        reading.ran.push(printed);
        judge(&reading, &site).status.as_str()
    }

    #[test]
    fn the_release_and_the_list_decide() {
        assert_eq!(find("podman version 4.3.1\n", ""), "pass");
        assert_eq!(find("podman version 5.8.6\n", ""), "fail");
        let list =
            "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \"nproc=96365:96365\"]\n";
        assert_eq!(find("podman version 5.8.6\n", list), "pass");
    }
}
