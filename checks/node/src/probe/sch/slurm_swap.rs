//! `sch.slurm.swap`: is swap of a job confined?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.swap",
    manual: Manual {
        title: "Constrained swap",
        what: "Whether Slurm confines swap along with memory.",
        why: "Where memory is confined and swap is not, a container that is too big slows the node down instead of ending.",
        how: "Reads cgroup.conf in the configuration directory of Slurm.",
        user: "",
        admin: "Set ConstrainRAMSpace=yes and ConstrainSwapSpace=yes in cgroup.conf.",
        refs: &["cgroup.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    slurm::read(site, "cgroup.conf")
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let text = match slurm::text(reading) {
        Ok(text) => text,
        Err(finding) => return finding,
    };
    let set = slurm::setting(text, "ConstrainSwapSpace");
    let yes = |value: Option<String>| value.is_some_and(|value| value.eq_ignore_ascii_case("yes"));
    let ram = yes(slurm::setting(text, "ConstrainRAMSpace"));
    match (ram, yes(set)) {
        (true, false) => Finding::warn("memory of a job is confined, swap is not"),
        (true, true) => Finding::pass("memory and swap of a job are confined"),
        (false, _) => Finding::pass("memory of a job is not confined"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_setting_decides() {
        let find = |text: &str| {
            let host = Scripted::new()
                .file("/etc/slurm/slurm.conf", "ClusterName=c\n")
                .file("/etc/slurm/cgroup.conf", text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("ConstrainRAMSpace=yes\n"), "warn");
        assert_eq!(
            find("ConstrainRAMSpace=yes\nConstrainSwapSpace=yes\n"),
            "pass"
        );
        assert_eq!(find(""), "pass");
    }
}
