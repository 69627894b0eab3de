//! The factors of a container, each of which our own launcher can add or leave out.

use hpcctl_host::trial::namespace;
use hpcctl_host::{Op, Trial};
use hpcctl_model::bench::Difference;
use serde::{Deserialize, Serialize};

use crate::environs;

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
    /// A mount namespace and a root of its own, the host's tree.
    Mount,
    /// The image in place of the host's tree.
    Image,
    /// Files that come through an overlay of the kernel.
    Overlay,
    /// A pid namespace.
    Pid,
    /// An IPC namespace.
    Ipc,
    /// A UTS namespace.
    Uts,
    /// A /dev/shm of its own.
    Shm,
    /// Files that come through a FUSE file system.
    Fuse,
    /// A network namespace.
    Net,
    /// A pair of veth out of it.
    Veth,
    /// slirp4netns, which carries what leaves it.
    Slirp4netns,
    /// pasta, which carries what leaves it.
    Pasta,
    /// Rules in the network namespace: connections are tracked, hooks of NAT looked through.
    Nft,
    /// A limit on its rate, a token bucket.
    Tbf,
    /// A filter of system calls.
    Seccomp,
    /// A limit on processor time.
    CpuMax,
    /// Nothing that a container has, but what it is tried without: all ranks are in one of them.
    Join,
}

/// A factor in words.
struct Row {
    factor: Factor,
    /// As the command line names it.
    name: &'static str,
    /// As a cause.
    what: &'static str,
    /// What is not there without it.
    needs: Option<Factor>,
    /// Whether a difference between inside and outside shows it.
    shown: fn(&Difference) -> bool,
    /// The networks of runtimes that have it.
    networks: &'static [&'static str],
    /// What to do about it: what begins metrics, and the words; the first that fits.
    fixes: &'static [(&'static str, &'static str)],
}

/// A factor that nothing that an agent sees shows.
const HIDDEN: fn(&Difference) -> bool = |_| false;

/// Every factor, in the order in which a container gets them.
static FACTORS: &[Row] = &[
    Row {
        factor: Factor::User,
        name: "user",
        what: "the user namespace",
        needs: None,
        shown: |it| it.what == "namespace user",
        networks: &[],
        fixes: &[(
            "",
            "run with a set-user-id runtime, or let all ranks of a node join one namespace (ch-run --join)",
        )],
    },
    Row {
        factor: Factor::Mount,
        name: "mnt",
        what: "the mount namespace with its own root",
        needs: None,
        shown: |it| it.what == "namespace mnt",
        networks: &[],
        fixes: &[("fs.", "bind what is read often from the host")],
    },
    Row {
        factor: Factor::Image,
        name: "image",
        what: "the image, its C library and its /etc/ld.so.preload among it",
        needs: Some(Factor::Mount),
        shown: HIDDEN,
        networks: &[],
        fixes: &[
            (
                "fs.",
                "see what the image brings (/etc/ld.so.preload), take it from a local directory or a squashfs, and bind what is read often from the host",
            ),
            (
                "",
                "see what the image brings (ldd, /etc/ld.so.preload), and take one whose C library is that of the host or newer",
            ),
        ],
    },
    Row {
        factor: Factor::Overlay,
        name: "overlay",
        what: "an overlay",
        needs: Some(Factor::Mount),
        shown: |it| it.what == environs::ROOT && it.inside == "overlay",
        networks: &[],
        fixes: &[("", "bind what is read often from the host (--volume)")],
    },
    Row {
        factor: Factor::Pid,
        name: "pid",
        what: "the pid namespace",
        needs: None,
        shown: |it| it.what == "namespace pid",
        networks: &[],
        fixes: &[("", "share it with the host (podman --pid=host)")],
    },
    Row {
        factor: Factor::Ipc,
        name: "ipc",
        what: "the IPC namespace",
        needs: None,
        shown: |it| it.what == "namespace ipc",
        networks: &[],
        fixes: &[("", "share it with the host (podman --ipc=host)")],
    },
    Row {
        factor: Factor::Uts,
        name: "uts",
        what: "the UTS namespace",
        needs: None,
        shown: |it| it.what == "namespace uts",
        networks: &[],
        fixes: &[("", "share it with the host (podman --uts=host)")],
    },
    Row {
        factor: Factor::Shm,
        name: "shm",
        what: "a private /dev/shm",
        needs: Some(Factor::Mount),
        shown: |it| it.what == environs::SHM,
        networks: &[],
        fixes: &[(
            "",
            "bind that of the host: --volume=/dev/shm:/dev/shm, or podman --ipc=host; ch-run does by itself",
        )],
    },
    Row {
        factor: Factor::Fuse,
        name: "fuse",
        what: "a file system by FUSE",
        needs: Some(Factor::Mount),
        shown: |it| it.what == environs::ROOT && it.inside.starts_with("fuse"),
        networks: &[],
        fixes: &[(
            "",
            "let the kernel mount it: overlay instead of fuse-overlayfs (podman unshare mount shows whether it may), a squashfs by a set-user-id runtime, or a plain directory",
        )],
    },
    Row {
        factor: Factor::Net,
        name: "net",
        what: "the network namespace",
        needs: None,
        shown: |it| it.what == "namespace net",
        networks: &[],
        fixes: &[(
            "",
            "share it with the host (--network=host); where inside is faster, the host's own rules cost: nft list ruleset",
        )],
    },
    Row {
        factor: Factor::Veth,
        name: "veth",
        what: "a pair of veth",
        needs: Some(Factor::Net),
        shown: HIDDEN,
        networks: &["bridge"],
        fixes: &[("", "share the network of the host (--network=host)")],
    },
    Row {
        factor: Factor::Slirp4netns,
        name: "slirp4netns",
        what: "slirp4netns",
        needs: Some(Factor::Net),
        shown: HIDDEN,
        networks: &["slirp4netns"],
        fixes: &[(
            "",
            "share the network of the host (--network=host), or take pasta: podman --network=pasta",
        )],
    },
    Row {
        factor: Factor::Pasta,
        name: "pasta",
        what: "pasta",
        needs: Some(Factor::Net),
        shown: HIDDEN,
        networks: &["pasta"],
        fixes: &[("", "share the network of the host (--network=host)")],
    },
    Row {
        factor: Factor::Nft,
        name: "nft",
        what: "rules of the packet filter in the network namespace",
        needs: Some(Factor::Net),
        shown: HIDDEN,
        networks: &[],
        fixes: &[(
            "",
            "share the network of the host (--network=host), or take the rules away: nft list ruleset",
        )],
    },
    Row {
        factor: Factor::Tbf,
        name: "tbf",
        what: "a limit on the rate of the network",
        needs: Some(Factor::Net),
        shown: HIDDEN,
        networks: &[],
        fixes: &[(
            "",
            "share the network of the host (--network=host), or take the limit away: tc qdisc show",
        )],
    },
    Row {
        factor: Factor::Seccomp,
        name: "seccomp",
        what: "the filter of system calls",
        needs: None,
        shown: |it| it.what == "Seccomp",
        networks: &[],
        fixes: &[(
            "",
            "run without the filter where the site allows it (podman --security-opt seccomp=unconfined)",
        )],
    },
    Row {
        factor: Factor::CpuMax,
        name: "cpu.max",
        what: "a limit on processor time (cpu.max)",
        needs: None,
        shown: |it| it.what == environs::LIMIT,
        networks: &[],
        fixes: &[(
            "",
            "ask for as many processors as the program has threads (podman --cpus, the job's request), or start as many threads as are allowed",
        )],
    },
    Row {
        factor: Factor::Join,
        name: "join",
        what: "one container for all ranks",
        needs: None,
        shown: HIDDEN,
        networks: &[],
        fixes: &[],
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

    /// As a cause of what a metric is, in words.
    pub(crate) fn what(self, metric: &str) -> &'static str {
        match self {
            Self::User if is_of_ranks(metric) => "a user namespace for each rank",
            Self::Pid if is_of_ranks(metric) => "a pid namespace for each rank",
            _ => self.row().what,
        }
    }

    /// What to do about what it does to a metric, where that is known.
    pub(crate) fn fix(self, metric: &str) -> Option<&'static str> {
        let mut fixes = self.row().fixes.iter();
        let fix = fixes.find(|(start, _)| metric.starts_with(start));
        fix.map(|(_, words)| *words)
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
            _ => 0,
        }
    }

    /// The name of its namespace below /proc/PID/ns, where it is one.
    pub(crate) fn namespace(self) -> Option<&'static str> {
        (self.flag() != 0).then(|| self.row().name)
    }

    /// The container without it, as far as the metric goes: what each rank has of its own is left
    /// out by letting them share one container.
    pub(crate) fn left_out(self, metric: &str, factors: &[Self]) -> Vec<Self> {
        if is_of_ranks(metric) && matches!(self, Self::User | Self::Pid) {
            return [factors, &[Self::Join]].concat();
        }
        let stays = |one: &Self| *one != self && one.row().needs != Some(self);
        factors.iter().copied().filter(stays).collect()
    }
}

fn is_of_ranks(metric: &str) -> bool {
    metric.starts_with("ranks.")
}

/// The factors that the differences between inside and outside show, and its network.
pub(crate) fn of(differences: &[Difference], network: &str) -> Vec<Factor> {
    let shows = |row: &&Row| differences.iter().any(row.shown) || row.networks.contains(&network);
    let shown = FACTORS.iter().filter(shows);
    sorted(&shown.map(|row| row.factor).collect::<Vec<Factor>>())
}

/// Puts them in the order in which a container gets them, each once, with what they need.
pub(crate) fn sorted(factors: &[Factor]) -> Vec<Factor> {
    let needed = |factor: Factor| factors.iter().any(|one| one.row().needs == Some(factor));
    let all = FACTORS.iter().map(|row| row.factor);
    all.filter(|factor| factors.contains(factor) || needed(*factor))
        .collect()
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
            assert_eq!(row.factor.what("libc.math"), row.what);
            assert!(!row.fixes.is_empty() || row.factor == Factor::Join);
        }
        assert_eq!(Factor::named("nonesuch"), None);
    }

    #[test]
    fn differences_and_the_network_show_factors_in_order() {
        let differs = |what: &str, inside: &str| Difference {
            what: what.into(),
            outside: "0".into(),
            inside: inside.into(),
        };
        let differences = [
            differs("Seccomp", "2"),
            differs("THP_enabled", "1"),
            differs("namespace net", "net:[2]"),
            differs(environs::ROOT, "overlay"),
        ];
        let shown = of(&differences, "slirp4netns");
        let expected = [
            Factor::Mount,
            Factor::Overlay,
            Factor::Net,
            Factor::Slirp4netns,
            Factor::Seccomp,
        ];
        assert_eq!(shown, expected);
        let fuse = [differs(environs::ROOT, "fuse.squashfuse")];
        assert_eq!(of(&fuse, "host"), [Factor::Mount, Factor::Fuse]);
        let mixed = [Factor::Seccomp, Factor::User, Factor::Seccomp];
        assert_eq!(sorted(&mixed), [Factor::User, Factor::Seccomp]);
    }

    #[test]
    fn what_needs_a_factor_goes_with_it() {
        let all = sorted(&[Factor::User, Factor::Nft, Factor::Seccomp]);
        assert_eq!(
            all,
            [Factor::User, Factor::Net, Factor::Nft, Factor::Seccomp]
        );
        let without = Factor::Net.left_out("net.tcp.latency", &all);
        assert_eq!(without, [Factor::User, Factor::Seccomp]);
        // Of ranks it is theirs: they share one.
        let joined = Factor::User.left_out("ranks.64KiB", &all);
        assert_eq!(joined.last(), Some(&Factor::Join));
        assert!(joined.contains(&Factor::User));
    }
}
