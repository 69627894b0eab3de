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
pub use runtime::{RANGE, RUNTIMES, Runtime, asked_of_images};
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
    use std::collections::BTreeSet;
    use std::time::Duration;

    use hpcctl_host::Host;

    use super::*;

    /// Programs that advice for the admin names as the first word of a command.
    const OF_ADMINS: [&str; 15] = [
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
        "test",
    ];

    /// Those that advice for the user names.
    const OF_USERS: [&str; 19] = [
        "ch-image",
        "ch-run",
        "chmod",
        "curl",
        "export",
        "findmnt",
        "git",
        "hpcctl",
        "loginctl",
        "module",
        "pip",
        "podman",
        "srun",
        "systemctl",
        "systemd-run",
        "udocker",
        "ulimit",
        "unset",
        "unshare",
    ];

    /// Where a sentence or a clause begins.
    const BEGINS: [&str; 4] = [": ", "; ", ". ", ", or "];

    /// The commands of a text, from the first word on to its end.
    fn commands<'t>(text: &'t str, programs: &[&str]) -> Vec<&'t str> {
        let is_command = |text: &&str| {
            let mut words = text.split(' ');
            words.next().is_some_and(|word| programs.contains(&word))
        };
        let begins = BEGINS.iter().flat_map(|begin| {
            let found = text.match_indices(begin);
            found.map(|(at, begin)| &text[at + begin.len()..])
        });
        let all = std::iter::once(text).chain(begins);
        all.filter(is_command).collect()
    }

    /// Whether a shell takes it: what stands for a word of the reader's own is one.
    fn parses(command: &str) -> bool {
        let argv = ["sh", "-n", "-c", command];
        hpcctl_host::Live.run(&argv, Duration::from_secs(20)).ok()
    }

    /// What the manual tells is printed as a fix of many nodes: who copies a command behind the colon must not copy
    /// words with it.
    #[test]
    fn a_command_ends_the_advice_and_runs_as_it_stands() {
        let mut found = 0;
        for probe in checks() {
            let (id, manual) = (probe.id, probe.manual);
            for (text, programs, words) in [
                (manual.admin, &OF_ADMINS[..], &["; ", ", ", " or ", "…"][..]),
                // What a user runs is the user's own.
                (manual.user, &OF_USERS[..], &["; ", ", ", " or "][..]),
            ] {
                for command in commands(text, programs) {
                    found += 1;
                    let is_alone = words.iter().all(|word| !command.contains(word));
                    assert!(is_alone && !command.ends_with('.'), "{id}: {text}");
                    let behind = text.strip_suffix(command).unwrap_or_default();
                    assert!(behind.is_empty() || behind.ends_with(": "), "{id}: {text}");
                    assert!(parses(command), "{id}: {command}");
                }
            }
            let placeholder =
                |word: &str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_uppercase());
            for command in commands(manual.admin, &OF_ADMINS) {
                assert!(!command.split(' ').any(placeholder), "{id}: {command}");
            }
        }
        assert!(found > 60, "{found}");
    }

    /// A limit of namespaces may be used up however high it is: what raises it on one node must not lower it on
    /// another.
    #[test]
    fn no_advice_lowers_a_limit() {
        let raising = checks().filter(|probe| probe.manual.admin.contains("sysctl -w user.max_"));
        let mut count = 0;
        for probe in raising {
            let text = probe.manual.admin;
            let (guard, set) = text.split_once(" || ").unwrap_or_else(|| panic!("{text}"));
            let (key, value) = set
                .strip_prefix("sysctl -w ")
                .unwrap()
                .split_once('=')
                .unwrap();
            let expected = format!("test $(sysctl -n {key}) -ge {value}");
            assert!(guard.ends_with(&expected), "{text}");
            count += 1;
        }
        assert_eq!(count, 8);
        let limit = |value: &str| {
            let path = "/proc/sys/user/max_net_namespaces";
            let host = scripted::Scripted::new().file(path, value);
            let cause = attribute::limit("net", &Site::new(&host));
            let command = cause.steps[0].command.clone().unwrap_or_default();
            let set = command.rsplit_once('=').unwrap().1.to_owned();
            set.trim_end_matches('\'').parse::<i64>().unwrap()
        };
        assert_eq!(limit("0\n"), 28_633);
        assert_eq!(limit("5\n"), 28_633);
        assert_eq!(limit("100000\n"), 200_000);
        assert_eq!(limit("2147483647\n"), 2_147_483_647);
    }

    /// The choices of the rules, and the steps that a node offers on which nothing works.
    #[test]
    fn every_step_is_a_command_that_a_shell_takes() {
        let rules = RUNTIMES.iter().flat_map(|runtime| runtime.rules);
        let choices = rules.flat_map(|rule| rule.needs.choices());
        let mut all: BTreeSet<String> = choices.map(|choice| choice.command.to_owned()).collect();
        let bare = scripted::Scripted::new();
        let root = scripted::Scripted::new().by_root();
        for host in [&bare, &root] {
            let facts = examine(host, &Ask::default()).facts;
            let steps = facts.checks.into_values().flat_map(|fact| fact.steps);
            all.extend(steps.filter_map(|step| step.command));
        }
        all.retain(|command| !command.is_empty());
        assert!(all.len() > 30, "{all:?}");
        for command in &all {
            let is_alone = !command.contains(", or ") && !command.starts_with("see ");
            assert!(is_alone && parses(command), "{command}");
        }
    }
}
