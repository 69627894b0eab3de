//! The factors of a container, each of which our own launcher can add or leave out.

use hpcctl_host::trial::namespace;
use hpcctl_host::{Op, Trial};
use hpcctl_model::bench::Difference;
use serde::{Deserialize, Serialize};

/// How many comparisons the filter makes before it allows a call, as those of runtimes do.
const COMPARISONS: i64 = 120;

/// Numbers that no system call has.
const NO_CALL: i64 = 100_000;

/// The answer to them, ENOSYS.
const ENOSYS: u16 = 38;

/// One thing that a container has and the host has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Factor {
    /// A user namespace.
    User,
    /// A mount namespace and a root of its own.
    Mount,
    /// A pid namespace.
    Pid,
    /// An IPC namespace.
    Ipc,
    /// A UTS namespace.
    Uts,
    /// A network namespace.
    Net,
    /// Rules in the network namespace: connections are tracked, hooks of NAT looked through.
    Nft,
    /// A filter of system calls.
    Seccomp,
}

/// A factor in words.
struct Row {
    factor: Factor,
    /// As the command line names it.
    name: &'static str,
    /// As a cause.
    what: &'static str,
    /// What differs where it is there.
    sign: &'static str,
    /// What to do about it.
    fix: &'static str,
}

/// Every factor, in the order in which a container gets them.
static FACTORS: &[Row] = &[
    Row {
        factor: Factor::User,
        name: "user",
        what: "the user namespace",
        sign: "namespace user",
        fix: "run with a set-user-id runtime, or let all ranks of a node join one namespace (ch-run --join)",
    },
    Row {
        factor: Factor::Mount,
        name: "mnt",
        what: "the mount namespace with its own root",
        sign: "namespace mnt",
        fix: "take the image from a local directory or a squashfs, and bind what is read often from the host",
    },
    Row {
        factor: Factor::Pid,
        name: "pid",
        what: "the pid namespace",
        sign: "namespace pid",
        fix: "share it with the host (podman --pid=host)",
    },
    Row {
        factor: Factor::Ipc,
        name: "ipc",
        what: "the IPC namespace",
        sign: "namespace ipc",
        fix: "share it with the host (podman --ipc=host)",
    },
    Row {
        factor: Factor::Uts,
        name: "uts",
        what: "the UTS namespace",
        sign: "namespace uts",
        fix: "share it with the host (podman --uts=host)",
    },
    Row {
        factor: Factor::Net,
        name: "net",
        what: "the network namespace",
        sign: "namespace net",
        fix: "share it with the host (--network=host); where inside is faster, the host's own rules cost: nft list ruleset",
    },
    Row {
        factor: Factor::Nft,
        name: "nft",
        what: "rules of the packet filter in the network namespace",
        sign: "",
        fix: "share the network of the host (--network=host), or take the rules away: nft list ruleset",
    },
    Row {
        factor: Factor::Seccomp,
        name: "seccomp",
        what: "the filter of system calls",
        sign: "Seccomp",
        fix: "run without the filter where the site allows it (podman --security-opt seccomp=unconfined)",
    },
];

impl Factor {
    fn row(self) -> &'static Row {
        let mut rows = FACTORS.iter();
        // Every factor has a row, which a test sees to.
        rows.find(|row| row.factor == self).unwrap_or(&FACTORS[0])
    }

    /// The factor of that name.
    pub fn named(name: &str) -> Option<Self> {
        let row = FACTORS.iter().find(|row| row.name == name);
        row.map(|row| row.factor)
    }

    /// As a cause, in words.
    pub(crate) fn what(self) -> &'static str {
        self.row().what
    }

    /// What to do about it.
    pub(crate) fn fix(self) -> &'static str {
        self.row().fix
    }

    /// The flag of clone(2).
    pub(crate) fn flag(self) -> i32 {
        match self {
            Self::User => namespace::USER,
            Self::Mount => namespace::MOUNT,
            Self::Pid => namespace::PID,
            Self::Ipc => namespace::IPC,
            Self::Uts => namespace::UTS,
            Self::Net => namespace::NET,
            Self::Nft | Self::Seccomp => 0,
        }
    }
}

/// The factors that the differences between inside and outside show.
pub(crate) fn of(differences: &[Difference]) -> Vec<Factor> {
    let shows = |row: &&Row| differences.iter().any(|one| one.what == row.sign);
    let shown = FACTORS.iter().filter(shows);
    shown.map(|row| row.factor).collect()
}

/// Puts them in the order in which a container gets them, each once.
pub(crate) fn sorted(factors: &[Factor]) -> Vec<Factor> {
    let all = FACTORS.iter().map(|row| row.factor);
    all.filter(|factor| factors.contains(factor)).collect()
}

/// The filter: it allows every call that there is, after many comparisons.
pub(crate) fn filter(trial: Trial) -> Trial {
    trial.op(Op::SeccompErrno {
        calls: (NO_CALL..NO_CALL + COMPARISONS).collect(),
        errno: ENOSYS,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_factor_has_its_row() {
        for row in FACTORS {
            assert_eq!(Factor::named(row.name), Some(row.factor));
            assert_eq!(row.factor.what(), row.what);
            assert!(!row.fix.is_empty());
        }
        assert_eq!(Factor::named("nonesuch"), None);
    }

    #[test]
    fn differences_show_factors_in_order() {
        let differs = |what: &str| Difference {
            what: what.into(),
            outside: "0".into(),
            inside: "2".into(),
        };
        let differences = ["Seccomp", "THP_enabled", "namespace net"].map(differs);
        assert_eq!(of(&differences), [Factor::Net, Factor::Seccomp]);
        let mixed = [Factor::Seccomp, Factor::User, Factor::Seccomp];
        assert_eq!(sorted(&mixed), [Factor::User, Factor::Seccomp]);
    }
}
