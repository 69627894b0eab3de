//! `sch.slurm.cgroup`: does Slurm confine what a job starts?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.cgroup",
    manual: Manual {
        title: "Tracking of processes by Slurm",
        what: "Whether Slurm tracks the processes of a job by control groups.",
        why: "With proctrack/pgid or linuxproc the helpers of a container (conmon, a pause process) outlive the job and stay on the node.",
        how: "Reads slurm.conf in the configuration directory of Slurm.",
        user: "",
        admin: "Set ProctrackType=proctrack/cgroup in slurm.conf.",
        refs: &["slurm.conf(5)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    slurm::read(site, "slurm.conf")
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    let text = match slurm::text(reading) {
        Ok(text) => text,
        Err(finding) => return finding,
    };
    let set = slurm::setting(text, "ProctrackType");
    match set.as_deref() {
        Some("proctrack/cgroup") | None => Finding::pass("jobs are tracked by control groups"),
        Some(other) => Finding::warn(format!(
            "jobs are tracked by {other}: what a container leaves behind outlives its job"
        )),
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
                .file("/etc/slurm/slurm.conf", text);
            let site = Site::new(&host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find("ProctrackType=proctrack/cgroup\n"), "pass");
        assert_eq!(find("ProctrackType = proctrack/pgid # no\n"), "warn");
    }
}
