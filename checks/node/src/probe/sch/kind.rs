//! `sch.kind`: which batch scheduler is this node under?

use super::Probe;
use crate::scheduler::SCHEDULERS;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sch.kind",
    manual: Manual {
        title: "Batch scheduler",
        what: "Which scheduler this process runs under, or whose commands are in PATH.",
        why: "Limits, control groups, temporary directories and the environment of a job come from the scheduler; what holds on the login node may not hold in a job.",
        how: "The variables of a job (SLURM_JOB_ID, PBS_JOBID, LSB_JOBID), then sbatch, qsub and bsub in PATH.",
        user: "",
        admin: "",
        refs: &["sbatch(1)", "qsub(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    SCHEDULERS.iter().fold(Reading::new(), |reading, known| {
        match (site.host.env(known.variable), site.host.which(known.submit)) {
            (Some(job), _) => reading.fact(known.name, format!("in job {job}")),
            (None, Some(path)) => reading.fact(known.name, path),
            (None, None) => reading,
        }
    })
}

fn judge(reading: &Reading, _: &Site<'_>) -> Finding {
    match reading.facts.first() {
        Some((name, how)) => Finding::pass(format!("{name}: {how}")),
        None => Finding::skipped("no batch scheduler is seen here").holding(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn a_job_is_told_from_a_login_node() {
        let mut host = Scripted::new().program("sbatch", "/usr/bin/sbatch");
        let find = |host: &Scripted| {
            let site = Site::new(host);
            judge(&read(&site), &site).summary
        };
        assert_eq!(find(&host), "Slurm: /usr/bin/sbatch");
        host.env.insert("SLURM_JOB_ID".into(), "42".into());
        assert_eq!(find(&host), "Slurm: in job 42");
        assert!(find(&Scripted::new()).contains("no batch scheduler"));
    }
}
