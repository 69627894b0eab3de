//! `sch.slurm.devices`: does Slurm hide devices that a job did not ask for?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.devices",
    manual: Manual {
        title: "Constrained devices",
        what: "Whether Slurm confines jobs to the devices that they asked for.",
        why: "GPU files are then refused with EPERM in jobs without a GPU, however open their mode: containers there find no GPU.",
        how: "Reads cgroup.conf in the configuration directory of Slurm.",
        user: "Ask for a GPU: srun --gres=gpu:1 …",
        admin: "Set ConstrainDevices=yes in cgroup.conf, and have jobs ask for GPUs.",
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
    let set = slurm::setting(text, "ConstrainDevices");
    match set.as_deref() {
        Some(value) if value.eq_ignore_ascii_case("yes") => {
            Finding::pass("a job sees only the devices that it asked for")
        }
        _ => Finding::pass("a job sees every device of the node"),
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
        assert_eq!(find("ConstrainDevices=yes\n"), "pass");
        assert_eq!(find(""), "pass");
    }
}
