//! `cg.memory`: would a limit on memory hold?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, cgroup};

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.memory",
    manual: Manual {
        title: "Limits on memory",
        what: "Whether a rootless container can be limited in memory here.",
        why: "Rootless Docker takes --memory and ignores it, without a word, where the memory controller is not handed to the user; podman refuses or ignores it.",
        how: "cgroup.controllers of the own group.",
        user: "Run the command in a scope with a limit of its own: systemd-run --user --scope -p MemoryMax=4G COMMAND",
        admin: "Delegate=memory in user@.service.d, with cgroup v2 alone.",
        refs: &[
            "systemd.resource-control(5)",
            "https://docs.docker.com/engine/security/rootless/tips/",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    cgroup::read_controllers(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if site.is_root() {
        return Finding::pass("root can limit containers");
    }
    let has = reading
        .files
        .first()
        .and_then(|(_, read)| read.as_ref().ok());
    match has {
        Some(text) if text.split_whitespace().any(|name| name == "memory") => {
            Finding::pass("the memory controller is handed to the caller")
        }
        _ => Finding::warn("a limit on memory is ignored or refused: the memory controller is not handed to the caller")
            .holding(false)
            .step(cgroup::boot_v2(site)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_controller_must_be_there() {
        let find = |text: &str| {
            let reading = Reading {
                files: vec![("cgroup.controllers".into(), Ok(text.into()))],
                ..Reading::new()
            };
            judge(&reading, &Site::new(&Scripted::new()))
                .status
                .as_str()
        };
        assert_eq!(find("cpu memory pids\n"), "pass");
        assert_eq!(find("hugetlb\n"), "warn");
    }
}
