//! What a node can do: probes, runtimes and the solver that names the smallest fix.
//!
//! A [`Probe`] reads and judges; the runtime matrix is then derived from the findings alone.

pub mod advice;
mod apparmor;
mod apptainer;
pub mod attribute;
pub mod cgroup;
mod container_command;
pub mod containers_conf;
pub mod device;
mod examine;
pub mod filesystem;
pub mod finding;
mod firewall;
pub mod gpu;
mod harmless;
mod helper;
pub mod image;
mod kernel;
pub mod limit;
pub mod lint;
pub mod manual;
mod module;
mod mounting;
pub mod mpi;
mod namespace;
pub mod oci;
pub mod overlay;
pub mod package;
pub mod pbs;
mod place;
mod podman_store;
pub mod privilege;
pub mod probe;
pub mod process;
pub mod rdma;
pub mod reading;
mod registry;
pub mod runtime;
mod scheduler;
#[cfg(test)]
mod scripted;
pub mod site;
pub mod slurm;
pub mod solver;
mod storage_conf;
pub mod subid;
mod syscall;
mod sysctl;
mod tool;
mod ulimits;
pub mod version;
pub mod why;

pub use container_command::Helps;
pub use examine::{Ask, Examined, examine};
pub use finding::{Cause, Finding};
pub use image::Image;
pub use manual::Manual;
pub use probe::{GROUPS, Probe};
pub use reading::Reading;
pub use runtime::{RUNTIMES, Runtime, asked_of_images};
pub use site::Site;

/// The operations, in report order.
pub static OPERATIONS: &[&str] = &[
    "pull",
    "run",
    "build",
    "build-multiuid",
    "mount-fuse",
    "mount-kernel",
    "overlay",
    "gpu",
    "mpi-host",
    "launch",
];

/// What the manual of a check tells the admin to do; none where it says nothing, or there is no
/// such check.
pub fn advice_of(id: &str) -> Option<String> {
    let probe = checks().find(|probe| probe.id == id)?;
    Some(probe.manual.admin.to_owned()).filter(|text| !text.is_empty())
}

/// Every check, in report order: the probes of the node, then the presence of each runtime.
pub fn checks() -> impl Iterator<Item = &'static Probe> {
    GROUPS
        .iter()
        .copied()
        .flatten()
        .copied()
        .chain(RUNTIMES.iter().map(|runtime| &runtime.installed))
}
