//! `sch.slurm.ulimits`: does a job get the limits of the login node?

use super::Probe;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.ulimits",
    manual: Manual {
        title: "Propagated limits",
        what: "Whether Slurm copies the resource limits of the shell that submits to the job.",
        why: "The limits of the login node, such as a small memlock, then hold in the job: RDMA fails though the compute node allows it.",
        how: "Reads slurm.conf in the configuration directory of Slurm.",
        user: "Keep the limit of the shell from being handed on (srun --propagate=NONE), or raise it before sbatch: ulimit -l unlimited",
        admin: "Set PropagateResourceLimitsExcept=MEMLOCK in slurm.conf.",
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
    let set = slurm::setting(text, "PropagateResourceLimitsExcept");
    let all = slurm::setting(text, "PropagateResourceLimits");
    let spared = set.is_some_and(|list| {
        list.to_uppercase().contains("MEMLOCK") || list.eq_ignore_ascii_case("all")
    });
    match all.as_deref() {
        Some(list) if list.eq_ignore_ascii_case("none") => {
            Finding::pass("jobs get the limits of the compute node")
        }
        _ if spared => Finding::pass("the limit on locked memory is that of the compute node"),
        _ => {
            Finding::warn("jobs get the limits of the shell that submits them, memlock among them")
        }
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
        assert_eq!(find("PropagateResourceLimitsExcept=MEMLOCK\n"), "pass");
        assert_eq!(find("PropagateResourceLimits=NONE\n"), "pass");
        assert_eq!(find(""), "warn");
    }
}
