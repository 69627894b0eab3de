//! `podman.netns`: does containers.conf spare containers a network of their own?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, containers_conf};

/// The row.
pub static PROBE: Probe = Probe {
    id: "podman.netns",
    manual: Manual {
        title: "Podman's network by default",
        what: "Whether netns in containers.conf is host or none, so that a container needs no network of its own.",
        why: "Then neither a TUN device nor slirp4netns, pasta or a bridge is needed.",
        how: "containers.conf as podman merges it.",
        user: "netns = \"host\" under [containers] in containers.conf, or --network=host on the command line.",
        admin: "",
        refs: &["containers.conf(5)", "podman-run(1)"],
    },
    read: |site| containers_conf::read(site),
    judge,
};

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let settings = containers_conf::merge(reading);
    match &settings.netns {
        Some((netns, path)) if matches!(netns.as_str(), "host" | "none") => {
            Finding::pass(format!("{path} sets netns = {netns:?}"))
        }
        _ => Finding::skipped("containers have a network of their own, as is the default")
            .holding(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn only_host_and_none_need_no_network() {
        let find = |text: &str| {
            let host = Scripted::new().file("/etc/containers/containers.conf", text);
            let site = Site::new(&host);
            judge(&containers_conf::read(&site), &site).holds
        };
        assert_eq!(find("[containers]\nnetns = \"host\"\n"), Some(true));
        assert_eq!(find("[containers]\nnetns = \"private\"\n"), Some(false));
        assert_eq!(find(""), Some(false));
    }
}
