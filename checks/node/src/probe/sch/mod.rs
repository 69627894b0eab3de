//! The batch scheduler: what it does to containers.

use super::Probe;

mod env;
mod k8s;
mod kind;
mod nnp;
mod pbs_engine;
mod pbs_hook;
mod pbs_image;
mod slurm_cgroup;
mod slurm_container;
mod slurm_devices;
mod slurm_job_container;
mod slurm_mpi;
mod slurm_ociconf;
mod slurm_pyxis;
mod slurm_swap;
mod slurm_ulimits;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &kind::PROBE,
    &slurm_container::PROBE,
    &slurm_ociconf::PROBE,
    &slurm_pyxis::PROBE,
    &slurm_cgroup::PROBE,
    &slurm_job_container::PROBE,
    &slurm_ulimits::PROBE,
    &slurm_devices::PROBE,
    &slurm_swap::PROBE,
    &slurm_mpi::PROBE,
    &nnp::PROBE,
    &env::PROBE,
    &pbs_engine::PROBE,
    &pbs_image::PROBE,
    &pbs_hook::PROBE,
    &k8s::PROBE,
];
