//! `sch.env`: has a job the environment that runtimes need?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::user;
use crate::{Finding, Manual, Reading, Site, scheduler};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.env",
    manual: Manual {
        title: "Environment of a job",
        what: "Whether HOME and XDG_RUNTIME_DIR of a job are set and their directories are there.",
        why: "Jobs are often started without PAM: /run/user/UID does not exist on the compute node though the variable was copied from the login node. It is the most common reason why podman fails there.",
        how: "The environment inside a job, and stat(2) of the two directories.",
        user: "export XDG_RUNTIME_DIR=$(mktemp -d /tmp/run-$USER.XXXXXX)",
        admin: "Start jobs through PAM (pam_systemd, or pam_slurm_adopt with it), or make the directory in the prologue.",
        refs: &["pam_systemd(8)", "podman(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some((_, job)) = scheduler::job(site) else {
        return Reading::new();
    };
    let mut reading = Reading::new().fact("job", job);
    for name in ["HOME", "XDG_RUNTIME_DIR"] {
        match site.host.env(name).filter(|dir| !dir.is_empty()) {
            Some(dir) => reading = reading.fact(name, &dir).stat(site, &dir),
            None => reading = reading.fact(name, "not set"),
        }
    }
    reading
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("this is no job of a scheduler");
    }
    if reading
        .facts
        .iter()
        .any(|(name, value)| name == "HOME" && value == "not set")
    {
        return Finding::fail("HOME is not set in this job");
    }
    match reading.stats.iter().find(|(_, stat)| stat.is_err()) {
        Some((dir, _)) => Finding::fail(format!(
            "{dir}, which the environment of the job names, is not there"
        ))
        .step(user(
            Cost::User,
            "make a directory of your own",
            "export XDG_RUNTIME_DIR=$(mktemp -d /tmp/run-$USER.XXXXXX)",
        )),
        None => Finding::pass("the directories of the job's environment are there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn a_directory_of_the_login_node_is_missed() {
        let mut host = Scripted::new().stat("/home/alice", stat(0o040700));
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(find(&host), "skipped");
        host.env.insert("SLURM_JOB_ID".into(), "1".into());
        assert_eq!(find(&host), "fail");
        host.env.insert("HOME".into(), "/home/alice".into());
        assert_eq!(find(&host), "pass");
        host.env
            .insert("XDG_RUNTIME_DIR".into(), "/run/user/1000".into());
        assert_eq!(find(&host), "fail");
    }
}
