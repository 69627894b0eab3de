//! Environments that doctor is tried in: one healthy, the others broken in one way each.
//!
//! Each stands in mount and pid namespaces of its own, with its own /dev and its own user
//! database; nothing reaches the machine, and all its processes end with it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::cli::Run;

/// How long a run in an environment may take before it is ended (s).
const HANG: &str = "120";

/// Which distribution an environment stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// The machine's own.
    Machine,
    /// A newer one, in a directory.
    Newer,
}

/// One environment.
#[derive(Debug, Clone, Copy)]
pub struct Environment {
    /// Where it stands.
    pub distribution: Distribution,
    /// The name.
    pub name: &'static str,
    /// Who asks: `alice`, who has subordinate ids, or `root`.
    pub user: &'static str,
    /// Shell text for tests/environments/enter that breaks it; `{refuse}` stands for the
    /// program of refuse.c.
    pub setup: &'static str,
    /// Checks that must find it: id, status, and a word of the summary or the evidence.
    pub finds: &'static [(&'static str, &'static str, &'static str)],
}

/// A chroot to a plain directory with all of the system in it.
const CHROOT: &str = "
for dir in usr etc proc sys dev run tmp var opt mnt srv work root home; do
    [ -d /$dir ] || continue
    mkdir -p $room/root/$dir && mount --rbind /$dir $room/root/$dir
done
for link in bin sbin lib lib64; do ln -s usr/$link $room/root/$link; done
mkdir -p $room/root/${program%/*} && mount --rbind ${program%/*} $room/root/${program%/*}
outside=(chroot $room/root)";

/// A user namespace in which no further one may be made; alice stays herself.
const NESTED: &str = r#"
inside=(unshare --user --map-current-user --keep-caps bash -c
    'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --ambient-caps=-all --inh-caps=-all "$@"' bash)"#;

/// Podman with runc, which takes any cgroup layout.
pub const RUNC: &str = r#"
mkdir -p $room/home/.config/containers
printf '[engine]\nruntime = "runc"\n' >$room/home/.config/containers/containers.conf"#;

/// Podman with runc, and without the program that starts its containers.
const NO_CONMON: &str = r#"
mkdir -p $room/home/.config/containers $room/bin $room/work-of-bin
printf '[engine]\nruntime = "runc"\n' >$room/home/.config/containers/containers.conf
mount -t overlay -o lowerdir=/usr/bin,upperdir=$room/bin,workdir=$room/work-of-bin overlay /usr/bin
rm /usr/bin/conmon"#;

/// The environments.
pub static ENVIRONMENTS: &[Environment] = &[
    Environment {
        distribution: Distribution::Machine,
        name: "healthy",
        user: "alice",
        setup: "",
        finds: &[
            ("ns.user", "pass", ""),
            ("ns.pivot", "pass", ""),
            ("ns.proc", "pass", ""),
            ("uid.subid.file", "pass", "65536"),
            ("uid.newuidmap", "pass", ""),
            ("ovl.tmpfs", "pass", ""),
            ("fuse.open", "pass", ""),
            ("fuse.userns", "pass", ""),
            ("net.tun", "pass", ""),
            ("sec.notif", "pass", ""),
            ("fs.exec", "pass", ""),
            ("run.builtin", "pass", ""),
            ("env.user", "pass", ""),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "podman with runc",
        user: "alice",
        setup: RUNC,
        finds: &[("podman.oci", "pass", "runc")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "no conmon",
        user: "alice",
        setup: NO_CONMON,
        finds: &[("podman.conmon", "fail", "conmon is not there")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "nested, no more user namespaces",
        user: "alice",
        setup: NESTED,
        finds: &[
            ("ns.user", "fail", "max_user_namespaces is 0"),
            ("ns.mnt", "skipped", "ns.user"),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "seccomp filter",
        user: "alice",
        setup: "inside=({refuse})",
        finds: &[
            ("ns.user", "fail", "seccomp"),
            ("ns.user.clone3", "fail", "seccomp"),
            ("sec.inherited", "warn", ""),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "no /dev/fuse",
        user: "alice",
        setup: "rm /dev/fuse",
        finds: &[
            ("fuse.open", "fail", "no /dev/fuse"),
            ("fuse.userns", "fail", "/dev/fuse"),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "devices for root only",
        user: "alice",
        setup: "chmod 0600 /dev/fuse /dev/net/tun",
        finds: &[
            ("fuse.open", "fail", "EACCES"),
            ("net.tun", "fail", "EACCES"),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "chroot",
        user: "alice",
        setup: CHROOT,
        finds: &[
            ("ns.user", "fail", "chroot"),
            ("ns.chroot", "fail", "chroot"),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "no subordinate ids",
        user: "alice",
        setup: ": >/etc/subuid; : >/etc/subgid",
        finds: &[
            ("uid.subid.file", "fail", "subuid"),
            ("uid.newuidmap", "skipped", ""),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "newuidmap not setuid",
        user: "alice",
        setup: "cp /usr/bin/newuidmap $room/etc; chmod 0755 $room/etc/newuidmap; mount --bind $room/etc/newuidmap /usr/bin/newuidmap",
        finds: &[("uid.newuidmap", "fail", "set-user-id")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "no_new_privs",
        user: "alice",
        setup: "outside=(setpriv --no-new-privs)",
        finds: &[
            ("uid.newuidmap", "fail", "no_new_privs"),
            ("sec.inherited", "warn", "no_new_privs"),
        ],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "masked /proc",
        user: "alice",
        setup: "mount --bind /dev/null /proc/interrupts",
        finds: &[("ns.proc", "fail", "/proc/interrupts")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "TMPDIR without exec",
        user: "alice",
        setup: "mount -t tmpfs -o noexec tmpfs $room/tmp",
        finds: &[("fs.exec", "fail", "noexec")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "USER not set",
        user: "alice",
        setup: "inside=(env -u USER)",
        finds: &[("env.user", "fail", "USER")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "XDG_RUNTIME_DIR missing",
        user: "alice",
        setup: "inside=(env XDG_RUNTIME_DIR=/opt/nonexistent)",
        finds: &[("env.runtime_dir", "fail", "nonexistent")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "cgroup v2 alone",
        user: "alice",
        setup: "mount -t cgroup2 none /sys/fs/cgroup",
        finds: &[("cg.mode", "pass", "v2"), ("cg.crun.hybrid", "pass", "")],
    },
    Environment {
        distribution: Distribution::Machine,
        name: "root",
        user: "root",
        setup: "",
        finds: &[("ns.user", "pass", ""), ("uid.newuidmap", "pass", "")],
    },
];

impl Environment {
    /// Runs a command in the environment, with more shell text after its own set-up.
    pub fn run(&self, more: &str, argv: &[&str]) -> Run {
        let program = program();
        let setup = self
            .setup
            .replace("{refuse}", &refuse().display().to_string());
        let setup = format!("program={}\n{setup}\n{more}", program.display());
        let enter = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/environments/enter");
        let mut command = Command::new("timeout");
        command
            .args([
                "--signal=KILL",
                HANG,
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--mount-proc",
            ])
            .args(["--propagation", "private", "--kill-child"])
            .arg(enter)
            .arg(self.tree())
            .args([&setup, self.user])
            .args(argv);
        Run::of(&mut command)
    }

    /// The same environment in the newer distribution.
    pub fn newer(mut self) -> Self {
        self.distribution = Distribution::Newer;
        self
    }

    fn tree(&self) -> PathBuf {
        match self.distribution {
            Distribution::Machine => "-".into(),
            Distribution::Newer => userland(),
        }
    }

    /// Runs hpcctl in the environment.
    pub fn hpcctl(&self, more: &str, args: &[&str]) -> Run {
        let program = program();
        let argv: Vec<&str> = [program.to_str().unwrap()]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        self.run(more, &argv)
    }
}

/// The newer distribution, which tests/run prepared.
pub fn userland() -> PathBuf {
    let dir = std::env::var_os("HPCCTL_USERLAND").expect("tests/run sets HPCCTL_USERLAND");
    PathBuf::from(dir).join("tree")
}

/// Whether the newer distribution has Apptainer, which only one suite of Debian has.
pub fn has_apptainer() -> bool {
    userland().join("usr/bin/apptainer").exists()
}

/// A copy of the program in a place that every user may read.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let copy = shared().join("hpcctl");
        std::fs::copy(env!("CARGO_BIN_EXE_hpcctl"), &copy).unwrap();
        copy
    })
}

/// The program of refuse.c.
pub fn refuse() -> &'static Path {
    static REFUSE: OnceLock<PathBuf> = OnceLock::new();
    REFUSE.get_or_init(|| compiled("refuse"))
}

/// The program of answer.c.
pub fn answer() -> &'static Path {
    static ANSWER: OnceLock<PathBuf> = OnceLock::new();
    ANSWER.get_or_init(|| compiled("answer"))
}

fn compiled(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/environments");
    let binary = shared().join(name);
    let built = Run::of(
        Command::new("cc")
            .args(["-O1", "-o"])
            .arg(&binary)
            .arg(folder.join(format!("{name}.c"))),
    );
    assert_eq!(built.code, 0, "{}", built.stderr);
    binary
}

/// A folder for what the environments share, which every user may read.
pub fn shared() -> &'static Path {
    static SHARED: OnceLock<tempfile::TempDir> = OnceLock::new();
    let dir = SHARED.get_or_init(|| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        tempfile::Builder::new()
            .prefix("hpcctl-test-")
            .permissions(mode)
            .tempdir_in("/var/tmp")
            .unwrap()
    });
    dir.path()
}
