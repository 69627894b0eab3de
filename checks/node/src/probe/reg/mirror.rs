//! `reg.mirror`: is there a mirror near by?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.mirror",
    manual: Manual {
        title: "Mirrors",
        what: "Whether registries.conf names mirrors.",
        why: "A thousand nodes that pull from a public registry are slowed or banned as one address; a mirror at the site answers all of them.",
        how: "[[registry.mirror]] of registries.conf and registries.conf.d.",
        user: "Pull once, and start from one file on the shared file system.",
        admin: "Run a pull-through cache and name it as [[registry.mirror]].",
        refs: &["containers-registries.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    registry::read(site)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match registry::settings(reading).mirrors.as_slice() {
        [] => Finding::skipped("no mirror is configured").holding(false),
        mirrors => Finding::pass(format!("mirrors are configured: {}", mirrors.join(", "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn mirrors_are_found_in_the_directory_too() {
        let text = "[[registry]]\nlocation = \"docker.io\"\n[[registry.mirror]]\nlocation = \"mirror.site\"\n";
        let host = Scripted::new().file("/etc/containers/registries.conf.d/site.conf", text);
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert_eq!(found.summary, "mirrors are configured: mirror.site");
    }
}
