//! Slurm's own containers: srun --container with an OCI bundle.
//!
//! The rules follow runs of Slurm 22.05 and its documentation.

use super::{Formula, Rule, Runtime, USER_NAMESPACE, judge_installed, look_for};
use crate::package::Package;
use crate::{Finding, Manual, Probe, slurm};

const PROGRAMS: &[&str] = &["srun"];

/// The row.
pub static RUNTIME: Runtime = Runtime {
    name: "slurm-container",
    programs: PROGRAMS,
    version: &["--version"],
    version_of: None,
    installed: Probe {
        id: "runtime.slurm-container.installed",
        manual: Manual {
            title: "Containers of Slurm",
            what: "Whether srun is in PATH and there is an oci.conf.",
            why: "Slurm can start each step in an OCI container. Without an oci.conf it takes --container and runs on the host, without a word.",
            how: "Looks for srun in PATH, and for oci.conf beside slurm.conf.",
            user: "Start the container in the job, which needs nothing of Slurm: srun ch-run IMAGE -- …",
            admin: "Write an oci.conf on every node.",
            refs: &["https://slurm.schedmd.com/containers.html", "oci.conf(5)"],
        },
        read: |site| {
            let reading = look_for(site, PROGRAMS);
            let configured = slurm::directory(site).map(|dir| format!("{dir}/oci.conf"));
            match configured {
                Some(path) => reading.stat(site, &path),
                None => reading,
            }
        },
        judge: |reading, site| {
            let package = PACKAGE.install("the client of Slurm", site);
            let found = judge_installed(reading, "slurm-container", package);
            match (found.holds, reading.stats.first()) {
                (Some(true), Some((_, Ok(_)))) | (Some(false), _) => found,
                _ => {
                    Finding::skipped("srun is installed, but Slurm has no oci.conf").holding(false)
                }
            }
        },
    },
    rules: &[
        Rule {
            op: "run",
            needs: RUN,
            wants: &[],
            tried: true,
        },
        Rule {
            op: "launch",
            needs: Formula::All(&[RUN, Formula::Check("sch.slurm.mpi")]),
            wants: &[],
            tried: false,
        },
    ],
};

const PACKAGE: Package = Package {
    debian: "slurm-client",
    fedora: "slurm",
    suse: "slurm",
};

const RUN: Formula = Formula::All(&[
    Formula::Check("runtime.slurm-container.installed"),
    Formula::Check("sch.slurm.container"),
    Formula::Check("sch.slurm.ociconf"),
    USER_NAMESPACE,
    Formula::Check("ns.pid"),
    Formula::Check("ns.proc"),
]);
