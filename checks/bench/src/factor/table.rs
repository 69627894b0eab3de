//! The table of factors: the names of each, what shows it, and what to do about it.

use hpcctl_model::bench::Difference;

use super::Factor;
use crate::{environs, limits, variables};

/// A factor in words.
pub(super) struct Row {
    pub(super) factor: Factor,
    /// As the command line names it.
    pub(super) name: &'static str,
    /// As a cause.
    pub(super) what: &'static str,
    /// What is not there without it.
    pub(super) needs: Option<Factor>,
    /// Whether a difference between inside and outside shows it.
    pub(super) shown: fn(&Difference) -> bool,
    /// The networks of runtimes that have it.
    pub(super) networks: &'static [&'static str],
    /// What to do about it; the first that fits.
    pub(super) fixes: &'static [Fix],
}

/// What to do about a factor.
#[derive(Clone, Copy)]
pub(super) struct Fix {
    /// What the metrics that it is for begin with.
    pub(super) metric: &'static str,
    /// What the type of file system of the root inside begins with, where it is for that alone.
    pub(super) root: &'static str,
    pub(super) words: &'static str,
}

const fn fix(words: &'static str) -> Fix {
    Fix {
        metric: "",
        root: "",
        words,
    }
}

impl Fix {
    /// For metrics that begin so.
    const fn of(self, metric: &'static str) -> Self {
        Self { metric, ..self }
    }

    /// For roots whose type begins so.
    const fn on(self, root: &'static str) -> Self {
        Self { root, ..self }
    }
}

/// A factor that nothing that an agent sees shows, and about which there is nothing to do.
const fn row(factor: Factor, name: &'static str, what: &'static str) -> Row {
    Row {
        factor,
        name,
        what,
        needs: None,
        shown: |_| false,
        networks: &[],
        fixes: &[],
    }
}

/// Every factor, in the order in which a container gets them.
pub(super) static FACTORS: &[Row] = &[
    Row {
        shown: |it| it.what == "namespace user",
        fixes: &[fix(
            "run with a set-user-id runtime, or let all ranks of a node join one namespace (ch-run --join)",
        )],
        ..row(Factor::User, "user", "the user namespace")
    },
    Row {
        shown: |it| it.what == "namespace mnt",
        fixes: &[fix("bind what is read often from the host").of("fs.")],
        ..row(
            Factor::Mount,
            "mnt",
            "the mount namespace with its own root",
        )
    },
    Row {
        needs: Some(Factor::Mount),
        fixes: &[
            fix(
                "see what the image brings (/etc/ld.so.preload), take it from a local directory or a squashfs, and bind what is read often from the host",
            )
            .of("fs."),
            fix(
                "see what the image brings (ldd, /etc/ld.so.preload), and take one whose C library is that of the host or newer",
            ),
        ],
        ..row(
            Factor::Image,
            "image",
            "the image, its C library and its /etc/ld.so.preload among it",
        )
    },
    Row {
        needs: Some(Factor::Mount),
        shown: |it| it.what == environs::ROOT && it.inside == "overlay",
        fixes: &[fix("bind what is read often from the host (--volume)")],
        ..row(Factor::Overlay, "overlay", "an overlay")
    },
    Row {
        shown: |it| it.what == "namespace pid",
        fixes: &[fix("share it with the host (podman --pid=host)")],
        ..row(Factor::Pid, "pid", "the pid namespace")
    },
    Row {
        shown: |it| it.what == "namespace ipc",
        fixes: &[fix("share it with the host (podman --ipc=host)")],
        ..row(Factor::Ipc, "ipc", "the IPC namespace")
    },
    Row {
        shown: |it| it.what == "namespace uts",
        fixes: &[fix("share it with the host (podman --uts=host)")],
        ..row(Factor::Uts, "uts", "the UTS namespace")
    },
    Row {
        shown: |it| it.what == "namespace cgroup",
        fixes: &[fix("share it with the host (podman --cgroupns=host)")],
        ..row(Factor::Cgroup, "cgroup", "the control group namespace")
    },
    Row {
        needs: Some(Factor::Mount),
        shown: |it| it.what == environs::SHM,
        fixes: &[fix(
            "bind that of the host: --volume=/dev/shm:/dev/shm, or podman --ipc=host; ch-run does by itself",
        )],
        ..row(Factor::Shm, "shm", "a private /dev/shm")
    },
    Row {
        needs: Some(Factor::Mount),
        shown: |it| it.what == environs::ROOT && it.inside.starts_with("fuse"),
        fixes: &[
            fix(
                "let the kernel mount the squashfs (mount -o loop,ro by root, or a set-user-id runtime), or unpack it into a local directory (unsquashfs)",
            )
            .on("fuse.squashfuse"),
            fix(
                "let the kernel mount it: overlay instead of fuse-overlayfs (podman unshare mount shows whether it may), or run it from a plain directory",
            )
            .on("fuse.fuse-overlayfs"),
            fix(
                "take the files from a local directory or from a squashfs that the kernel mounts, and bind what is read often from the host",
            ),
        ],
        ..row(Factor::Fuse, "fuse", "a file system by FUSE")
    },
    Row {
        shown: |it| it.what.starts_with(variables::START),
        fixes: &[fix(
            "set the variables that only the node has, and take away those that only the image or the runtime sets: podman --env, ch-run --set-env and --unset-env",
        )],
        ..row(
            Factor::Environment,
            "env",
            "variables of the environment",
        )
    },
    Row {
        shown: |it| it.what.starts_with(limits::START),
        fixes: &[fix(
            "set it as it is on the node (podman --ulimit, the daemon's own limits)",
        )],
        ..row(Factor::Limits, "rlimit", "a limit of the process")
    },
    Row {
        shown: |it| it.what == "namespace net",
        fixes: &[fix("share it with the host (--network=host)")],
        ..row(Factor::Net, "net", "the network namespace")
    },
    Row {
        needs: Some(Factor::Net),
        networks: &["bridge"],
        fixes: &[fix("share the network of the host (--network=host)")],
        ..row(Factor::Veth, "veth", "a pair of veth")
    },
    Row {
        needs: Some(Factor::Veth),
        networks: &["bridge"],
        fixes: &[fix("share the network of the host (--network=host)")],
        ..row(Factor::Bridge, "bridge", "the bridge on the node")
    },
    Row {
        needs: Some(Factor::Veth),
        fixes: &[fix(
            "share the network of the host (--network=host), or have fewer rules on the node: nft list ruleset",
        )],
        ..row(
            Factor::NodeRules,
            "node-rules",
            "rules of the packet filter on the node",
        )
    },
    Row {
        needs: Some(Factor::Net),
        networks: &["slirp4netns"],
        fixes: &[
            // A round trip takes as long by pasta, as bench overlay shows.
            fix("share the network of the host (--network=host), or take pasta: podman --network=pasta")
                .of("net.node.stream"),
            fix("share the network of the host (--network=host)"),
        ],
        ..row(Factor::Slirp4netns, "slirp4netns", "slirp4netns")
    },
    Row {
        needs: Some(Factor::Net),
        networks: &["pasta"],
        fixes: &[fix("share the network of the host (--network=host)")],
        ..row(Factor::Pasta, "pasta", "pasta")
    },
    Row {
        needs: Some(Factor::Net),
        fixes: &[fix(
            "share the network of the host (--network=host), or take the rules away: nft list ruleset",
        )],
        ..row(
            Factor::Nft,
            "nft",
            "rules of the packet filter in the network namespace",
        )
    },
    Row {
        needs: Some(Factor::Net),
        fixes: &[fix(
            "share the network of the host (--network=host), or take the limit away: tc qdisc show",
        )],
        ..row(Factor::Tbf, "tbf", "a limit on the rate of the network")
    },
    Row {
        shown: |it| it.what == "Seccomp",
        fixes: &[fix(
            "run without the filter where the site allows it (podman --security-opt seccomp=unconfined)",
        )],
        ..row(Factor::Seccomp, "seccomp", "the filter of system calls")
    },
    Row {
        shown: |it| it.what == environs::LIMIT,
        fixes: &[fix(
            "ask for as many processors as the program has threads (podman --cpus, the job's request), or start as many threads as are allowed",
        )],
        ..row(
            Factor::CpuMax,
            "cpu.max",
            "a limit on processor time (cpu.max)",
        )
    },
    Row {
        shown: |it| it.what == environs::MEMORY && it.is_inside(),
        fixes: &[fix(
            "ask for as much memory as the program touches, its files among it (podman --memory, the job's request)",
        )],
        ..row(
            Factor::MemoryMax,
            "memory.max",
            "a limit on memory (memory.max)",
        )
    },
    row(Factor::Join, "join", "one container for all ranks"),
];
