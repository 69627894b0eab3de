//! `cg.delegated`: which controllers does the caller's own control group have?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::cgroup::{self, Layout};
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site};

/// The controllers that limits of containers use.
const WANTED: &[&str] = &["cpu", "cpuset", "io", "memory", "pids"];

/// The row.
pub static PROBE: Probe = Probe {
    id: "cg.delegated",
    manual: Manual {
        title: "Delegated controllers",
        what: "Which of the controllers cpu, cpuset, io, memory and pids the caller's own cgroup v2 has.",
        why: "A limit needs its controller: without memory `podman run --memory` is ignored or refused. systemd hands users only memory and pids unless it is told otherwise.",
        how: "Reads cgroup.controllers in the caller's cgroup v2.",
        user: "",
        admin: "Delegate=cpu cpuset io memory pids in user@.service.d.",
        refs: &[
            "systemd.resource-control(5)",
            "https://docs.kernel.org/admin-guide/cgroup-v2.html",
        ],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    cgroup::read_controllers(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some((path, read)) = reading.files.first() else {
        return Finding::skipped("the caller has no cgroup v2 here");
    };
    let Ok(text) = read else {
        return Finding::unknown(format!("{path} cannot be read"));
    };
    let has: Vec<&str> = text.split_whitespace().collect();
    let lacks: Vec<&str> = WANTED
        .iter()
        .copied()
        .filter(|name| !has.contains(name))
        .collect();
    if lacks.is_empty() {
        return Finding::pass(format!("the own cgroup has {}", WANTED.join(", ")));
    }
    let lacks = lacks.join(", ");
    if cgroup::layout(reading) == Layout::Hybrid {
        return Finding::warn(format!(
            "the own cgroup v2 lacks {lacks}: cgroup v1 holds controllers"
        ))
        .holding(false)
        .step(cgroup::boot_v2(site));
    }
    let finding = Finding::warn(format!("the own cgroup lacks {lacks}")).holding(false);
    match cgroup::has_systemd(site) {
        true => finding.step(admin(
            Cost::AdminSysctl,
            "delegate all controllers to users, from their next login on",
            "mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' > /etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload",
        )),
        false => finding.step(admin(
            Cost::AdminSysctl,
            "hand the controllers down, from the root of the hierarchy to the parent of this cgroup",
            &format!("echo '+cpu +cpuset +io +memory +pids' > {}/cgroup.subtree_control", cgroup::ROOT),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cgroup::tests::node;

    fn find(layout: Layout, controllers: &str) -> String {
        let host = node(layout);
        let site = Site::new(&host);
        let mut reading = read(&site);
        reading
            .files
            .push(("cgroup.controllers".into(), Ok(controllers.into())));
        let found = judge(&reading, &site);
        format!("{}: {}", found.status.as_str(), found.summary)
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(find(Layout::V2, "cpuset cpu io memory pids\n").starts_with("pass"));
        assert_eq!(
            find(Layout::V2, "memory pids\n"),
            "warn: the own cgroup lacks cpu, cpuset, io"
        );
        assert!(find(Layout::Hybrid, "hugetlb\n").contains("cgroup v1 holds controllers"));
    }
}
