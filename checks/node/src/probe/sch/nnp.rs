//! `sch.nnp`: may a job gain privileges by set-user-id programs?

use hpcctl_model::doctor::Cost;

use super::Probe;
use crate::finding::admin;
use crate::{Finding, Manual, Reading, Site, scheduler};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.nnp",
    manual: Manual {
        title: "no_new_privs in a job",
        what: "Whether the launcher of the job has set no_new_privs.",
        why: "newuidmap, fusermount3 and the set-user-id starter of Apptainer then gain nothing: containers with more than one id fail in jobs that work on the login node.",
        how: "NoNewPrivs of /proc/self/status, inside a job.",
        user: "Build on a node or in a session without it.",
        admin: "Start jobs without no_new_privs: look at the unit of the scheduler's daemon (NoNewPrivileges=), and at prologues.",
        refs: &["PR_SET_NO_NEW_PRIVS(2const)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match scheduler::job(site) {
        Some((name, job)) => Reading::new()
            .fact(name, job)
            .fact("NoNewPrivs", site.no_new_privs),
        None => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    if reading.facts.is_empty() {
        return Finding::skipped("this is no job of a scheduler");
    }
    match site.no_new_privs {
        true => Finding::fail(
            "the launcher of the job has set no_new_privs: newuidmap and fusermount3 gain nothing",
        )
        .step(admin(
            Cost::AdminSysctl,
            "start jobs without no_new_privs",
            "systemctl show slurmd pbs_mom --property=NoNewPrivileges",
        )),
        false => Finding::pass("programs of a job may gain privileges"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn it_matters_in_a_job() {
        let mut host = Scripted::new();
        let status = |host: &Scripted, nnp| {
            let mut site = Site::new(host);
            site.no_new_privs = nnp;
            judge(&read(&site), &site).status.as_str()
        };
        assert_eq!(status(&host, true), "skipped");
        host.env.insert("PBS_JOBID".into(), "1.server".into());
        assert_eq!(status(&host, true), "fail");
        assert_eq!(status(&host, false), "pass");
    }
}
