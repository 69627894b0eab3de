//! `mpi.launcher`: is there a program that starts ranks?

use super::Probe;
use crate::package::Package;
use crate::{Finding, Manual, Reading, Site, mpi};

const MPICH: Package = Package {
    debian: "mpich",
    fedora: "mpich",
    suse: "mpich",
};

/// The row.
pub static PROBE: Probe = Probe {
    id: "mpi.launcher",
    manual: Manual {
        title: "MPI launcher",
        what: "Whether srun, mpiexec or another launcher of parallel programs is in PATH.",
        why: "Ranks in containers are started by the launcher of the site, one container a rank, or by one inside the image on a single node.",
        how: "Looks for srun, palsrun, aprun, jsrun, prun, mpiexec.hydra, mpiexec and mpirun in PATH.",
        user: "Load the module of the MPI of the site.",
        admin: "Install an MPI, or the client of the scheduler, on the node.",
        refs: &["srun(1)", "mpiexec(1)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    mpi::LAUNCHERS
        .iter()
        .fold(Reading::new(), |reading, program| {
            match site.host.which(program) {
                Some(path) => reading.fact(program, path),
                None => reading,
            }
        })
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    match reading.facts.first() {
        Some((program, path)) => Finding::pass(format!("{program} starts ranks: {path}")),
        None => Finding::skipped("no launcher of parallel programs is in PATH")
            .holding(false)
            .step(MPICH.install("an MPI with its launcher", site)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::Scripted;

    #[test]
    fn the_schedulers_launcher_comes_first() {
        let host = Scripted::new()
            .program("mpiexec", "/usr/bin/mpiexec")
            .program("srun", "/usr/bin/srun");
        let site = Site::new(&host);
        assert!(judge(&read(&site), &site).summary.starts_with("srun"));
        let none = Scripted::new();
        let site = Site::new(&none);
        assert_eq!(judge(&read(&site), &site).holds, Some(false));
    }
}
