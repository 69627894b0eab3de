//! `sch.slurm.job_container`: does a job have a /tmp of its own?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.job_container",
    manual: Manual {
        title: "job_container/tmpfs",
        what: "Whether each job gets a private /tmp and /dev/shm.",
        why: "Storage of containers below /tmp is then gone with the job, and a daemon started outside of it sees another /tmp.",
        how: "Reads slurm.conf in the configuration directory of Slurm.",
        user: "",
        admin: "Set JobContainerType=job_container/tmpfs in slurm.conf.",
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
    let set = slurm::setting(text, "JobContainerType");
    match set.as_deref() {
        Some("job_container/tmpfs") => {
            Finding::pass("each job has a private /tmp, which is gone with it")
        }
        Some(other) if other != "job_container/none" => Finding::pass(format!("jobs use {other}")),
        _ => Finding::pass("jobs share /tmp"),
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
        assert_eq!(find("JobContainerType=job_container/tmpfs\n"), "pass");
        assert_eq!(find(""), "pass");
    }
}
