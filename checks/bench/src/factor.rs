//! The factors of a container, each of which our own launcher can add or leave out.

mod table;

use hpcctl_host::trial::namespace;
use hpcctl_host::{Op, Trial};
use hpcctl_model::bench::Difference;
use serde::{Deserialize, Serialize};

use crate::environs;
use table::{FACTORS, Row};

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
    /// A control group namespace.
    Cgroup,
    /// A /dev/shm of its own.
    Shm,
    /// Files that come through a FUSE file system.
    Fuse,
    /// The variables of the environment that matter.
    #[serde(rename = "env")]
    Environment,
    /// Limits of a process.
    #[serde(rename = "rlimit")]
    Limits,
    /// A network namespace.
    Net,
    /// A pair of veth out of it.
    Veth,
    /// A bridge at the other end of that.
    Bridge,
    /// The rules of the node at the other end of that.
    #[serde(rename = "node-rules")]
    NodeRules,
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
    /// A limit on memory.
    MemoryMax,
    /// Nothing that a container has, but what it is tried without: all ranks are in one of them.
    Join,
}

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

    /// What to do about what it does to a metric in a container that differs so, where that is known.
    pub(crate) fn fix(self, metric: &str, differences: &[Difference]) -> Option<&'static str> {
        let root = differences.iter().find(|it| it.what == environs::ROOT);
        let root = root.map_or("", |it| it.inside.as_str());
        let mut fixes = self.row().fixes.iter();
        let fix = fixes.find(|it| metric.starts_with(it.metric) && root.starts_with(it.root));
        fix.map(|it| it.words)
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
            Self::Cgroup => namespace::CGROUP,
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
        // Where there is an image, these are what it lies on.
        let is_of_image = |one: Self| matches!(one, Self::Overlay | Self::Fuse);
        let goes = |one: Self| one.needs(self) || self == Self::Image && is_of_image(one);
        let stays = factors.iter().filter(|one| !goes(**one));
        stays.copied().collect()
    }

    /// Whether it is the other, or not there without that.
    fn needs(self, other: Self) -> bool {
        self == other || self.row().needs.is_some_and(|one| one.needs(other))
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
    let needed = |factor: Factor| factors.iter().any(|one| one.needs(factor));
    let all = FACTORS.iter().map(|row| row.factor);
    all.filter(|factor| needed(*factor)).collect()
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
            assert!(row.factor.needs(row.factor));
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
    fn a_fix_is_not_what_is_there_already() {
        let on = |root: &str| {
            let differs = Difference {
                what: environs::ROOT.into(),
                outside: "ext4".into(),
                inside: root.into(),
            };
            Factor::Fuse.fix("fs.image.read", &[differs]).unwrap()
        };
        assert!(on("fuse.squashfuse_ll").contains("unsquashfs"));
        assert!(on("fuse.fuse-overlayfs").contains("overlay instead of"));
        assert!(on("fuse.sshfs").contains("local directory"));
        let fix = |metric| Factor::Slirp4netns.fix(metric, &[]).unwrap();
        assert!(fix("net.node.stream").contains("pasta"));
        assert!(!fix("net.node.latency").contains("pasta"));
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
        // What an image lies on goes with it, and it can do without.
        let image = sorted(&[Factor::Image, Factor::Fuse, Factor::Pid]);
        let without = Factor::Image.left_out("libc.malloc", &image);
        assert_eq!(without, [Factor::Mount, Factor::Pid]);
        let without = Factor::Fuse.left_out("fs.image.read", &image);
        assert_eq!(without, [Factor::Mount, Factor::Image, Factor::Pid]);
        // Of ranks it is theirs: they share one.
        let joined = Factor::User.left_out("ranks.64KiB", &all);
        assert_eq!(joined.last(), Some(&Factor::Join));
        assert!(joined.contains(&Factor::User));
    }
}
