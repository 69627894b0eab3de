//! `sch.slurm.container`: does srun --container start a container?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, slurm};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.slurm.container",
    manual: Manual {
        title: "Slurm's --container",
        what: "Whether there is an oci.conf, without which `srun --container` starts no container.",
        why: "Without it the step runs on the host: exit status 0, nothing on the error stream, even SLURM_CONTAINER is set. Only the log of slurmd has a word.",
        how: "Looks for oci.conf beside slurm.conf.",
        user: "Do not rely on --container here: srun ch-run IMAGE -- …",
        admin: "Write an oci.conf beside slurm.conf on every node; slurm.schedmd.com/containers.html.",
        refs: &["oci.conf(5)", "https://slurm.schedmd.com/containers.html"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    slurm::read(site, "oci.conf")
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.files.first() {
        None => Finding::skipped("Slurm is not configured here").holding(false),
        Some((path, Ok(_))) => Finding::pass(format!("{path} is there")),
        Some((path, Err(hpcctl_host::Errno::ENOENT))) => Finding::warn(format!(
            "there is no {path}: srun --container silently runs on the host, with exit status 0"
        ))
        .holding(false)
        .step(admin(
            Cost::AdminSysctl,
            "write an oci.conf with the commands of an OCI runtime, on every node (https://slurm.schedmd.com/containers.html#example)",
            "",
        )),
        Some((path, Err(errno))) => Finding::unknown(format!("{path} cannot be read: {errno}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn without_the_file_containers_are_ignored() {
        let host = Scripted::new().file("/etc/slurm/slurm.conf", "ClusterName=c\n");
        let site = Site::new(&host);
        let found = judge(&read(&site), &site);
        assert!(found.summary.contains("silently runs on the host"));
        assert_eq!(found.holds, Some(false));
        let host = host.file(
            "/etc/slurm/oci.conf",
            "RunTimeRun=\"runc run %n.%u.%j.%s.%t -b %b\"\n",
        );
        let site = Site::new(&host);
        assert_eq!(judge(&read(&site), &site).status.as_str(), "pass");
    }
}
