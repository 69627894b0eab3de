//! `reg.shortnames`: what does an image name without a registry mean?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, registry};

/// The row.
pub static PROBE: Probe = Probe {
    id: "reg.shortnames",
    manual: Manual {
        title: "Short names",
        what: "Which registries are searched for an image without a registry in its name, and whether a person is asked.",
        why: "A short name may come from another registry than meant; in a job nobody can answer a prompt, and the pull fails.",
        how: "unqualified-search-registries and short-name-mode of registries.conf; CONTAINERS_SHORT_NAME_ALIASING.",
        user: "Name the registry: docker.io/library/debian.",
        admin: "short-name-mode = \"enforcing\" with one search registry.",
        refs: &["containers-registries.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    registry::read(site)
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let settings = registry::settings(reading);
    match settings.search.as_slice() {
        [] => Finding::skipped("no registry is searched: images need their full names"),
        [one] => Finding::pass(format!("short names are looked for in {one}")),
        many => Finding::warn(format!(
            "short names are looked for in {}, in this order: an image may come from another than meant",
            many.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn more_than_one_registry_is_a_warning() {
        let find = |list: &str| {
            let text = format!("unqualified-search-registries = [{list}]\n");
            let host = Scripted::new().file("/etc/containers/registries.conf", &text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(""), "skipped");
        assert_eq!(find("\"docker.io\""), "pass");
        assert_eq!(find("\"quay.io\", \"docker.io\""), "warn");
    }
}
