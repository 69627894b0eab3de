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

#[cfg(test)]
mod tests {
    use super::*;

    /// Programs that advice names as the first word of a command.
    const PROGRAMS: [&str; 14] = [
        "apt",
        "chmod",
        "dkms",
        "dnf",
        "echo",
        "loginctl",
        "modprobe",
        "mount",
        "nvidia-ctk",
        "nvidia-modprobe",
        "rmmod",
        "setsebool",
        "sysctl",
        "systemctl",
    ];

    /// Where a sentence or a clause begins.
    const BEGINS: [&str; 4] = [": ", "; ", ". ", ", or "];

    /// What the manual tells the admin is printed as a fix of many nodes: who copies a command behind the
    /// colon must not copy words with it.
    #[test]
    fn a_command_ends_the_advice_and_runs_as_it_stands() {
        for probe in checks() {
            let (id, text) = (probe.id, probe.manual.admin);
            let is_command = |text: &str| {
                let mut words = text.split(' ');
                words.next().is_some_and(|word| PROGRAMS.contains(&word))
            };
            let begins = BEGINS.iter().flat_map(|begin| {
                let found = text.match_indices(begin);
                found.map(|(at, begin)| &text[at + begin.len()..])
            });
            for command in std::iter::once(text)
                .chain(begins)
                .filter(|text| is_command(text))
            {
                let is_alone = ["; ", ", ", " or ", "…"]
                    .iter()
                    .all(|word| !command.contains(word));
                assert!(is_alone && !command.ends_with('.'), "{id}: {text}");
                let placeholder = |word: &str| {
                    word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase())
                };
                assert!(!command.split(' ').any(placeholder), "{id}: {text}");
                let behind = text.strip_suffix(command).unwrap_or_default();
                assert!(behind.is_empty() || behind.ends_with(": "), "{id}: {text}");
            }
        }
    }
}
