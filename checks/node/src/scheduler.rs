//! The batch schedulers: by which variable a job knows its own, and which program submits.

use crate::Site;

/// A batch scheduler.
pub(crate) struct Scheduler {
    pub(crate) name: &'static str,
    /// Set in each job.
    pub(crate) variable: &'static str,
    /// Submits a job.
    pub(crate) submit: &'static str,
}

/// Those that are known.
pub(crate) static SCHEDULERS: &[Scheduler] = &[
    Scheduler {
        name: "Slurm",
        variable: "SLURM_JOB_ID",
        submit: "sbatch",
    },
    Scheduler {
        name: "PBS",
        variable: "PBS_JOBID",
        submit: "qsub",
    },
    Scheduler {
        name: "LSF",
        variable: "LSB_JOBID",
        submit: "bsub",
    },
];

/// The job that the caller is in: the variable that tells, and its value.
pub(crate) fn job(site: &Site<'_>) -> Option<(&'static str, String)> {
    SCHEDULERS
        .iter()
        .find_map(|known| Some((known.variable, site.host.env(known.variable)?)))
}
