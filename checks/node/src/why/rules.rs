//! What points to which check: failed calls, and words of the runtimes.
//!
//! The words are those of podman 4.3 to 5.8, crun 1.8, runc 1.1, Charliecloud 0.31 and
//! Apptainer 1.4 in runs that were made to fail.

use super::{CallRule, WordRule};

/// Words of an error.
pub(super) static WORDS: &[WordRule] = &[
    WordRule {
        part: "cgroups in hybrid mode",
        checks: &["cg.crun.hybrid"],
    },
    WordRule {
        part: "conmon binary",
        checks: &["podman.conmon"],
    },
    WordRule {
        part: "netavark",
        checks: &["podman.bridge"],
    },
    WordRule {
        part: "requesting capability set",
        checks: &["apptainer.caps"],
    },
    WordRule {
        part: "setting rlimit",
        checks: &["lim.build_over_hard", "lim.conf_over_hard"],
    },
    WordRule {
        part: "setrlimit",
        checks: &["lim.conf_over_hard"],
    },
    WordRule {
        part: "rlimit",
        checks: &["lim.conf_over_hard"],
    },
    WordRule {
        part: "$user not set",
        checks: &["env.user"],
    },
    WordRule {
        part: "xdg_runtime_dir",
        checks: &["env.runtime_dir", "sch.env"],
    },
    WordRule {
        part: "/run/user",
        checks: &["env.runtime_dir", "sch.env"],
    },
    WordRule {
        part: "newuidmap",
        checks: &["uid.newuidmap", "uid.subid.file"],
    },
    WordRule {
        part: "newgidmap",
        checks: &["uid.newuidmap", "uid.subid.file"],
    },
    WordRule {
        part: "insufficient uids or gids",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
    WordRule {
        part: "requires additional uids",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
    WordRule {
        part: "setting supplemental groups",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
    WordRule {
        part: "/dev/net/tun",
        checks: &["net.tun"],
    },
    WordRule {
        part: "slirp4netns",
        checks: &["podman.network", "net.tun", "net.slirp"],
    },
    WordRule {
        part: "pasta",
        checks: &["podman.network", "net.tun", "net.pasta"],
    },
    WordRule {
        part: "/dev/fuse",
        checks: &["fuse.open", "fuse.userns", "fuse.fusermount"],
    },
    WordRule {
        part: "fuse:",
        checks: &["fuse.open", "fuse.userns", "fuse.fusermount"],
    },
    WordRule {
        part: "fuse error",
        checks: &["fuse.open", "fuse.userns", "fuse.fusermount"],
    },
    WordRule {
        part: "fusermount",
        checks: &["fuse.open", "fuse.userns", "fuse.fusermount"],
    },
    WordRule {
        part: "fuse-overlayfs",
        checks: &["fuse.open", "fuse.userns", "fuse.fusermount"],
    },
    WordRule {
        part: "squashfuse",
        checks: &["fuse.open", "fuse.userns", "fuse.fusermount"],
    },
    WordRule {
        part: "pivot_root",
        checks: &["ns.pivot"],
    },
    WordRule {
        part: "mounting \"proc\"",
        checks: &["ns.proc"],
    },
    WordRule {
        part: "mount `proc`",
        checks: &["ns.proc"],
    },
    WordRule {
        part: "mount proc",
        checks: &["ns.proc"],
    },
    WordRule {
        part: "mqueue",
        checks: &["ns.mqueue"],
    },
    WordRule {
        part: "mount overlay",
        checks: &["ovl.disk", "ovl.tmpfs"],
    },
    WordRule {
        part: "mounting overlay",
        checks: &["ovl.disk", "ovl.tmpfs"],
    },
    WordRule {
        part: "overlay mount",
        checks: &["ovl.disk", "ovl.tmpfs"],
    },
    WordRule {
        part: "overlayfs",
        checks: &["ovl.disk", "ovl.tmpfs"],
    },
    WordRule {
        part: "driver \"overlay\"",
        checks: &["ovl.disk"],
    },
    WordRule {
        part: "user namespace",
        checks: &["ns.user", "ns.chroot", "ns.user.map", "ns.user.capuse"],
    },
    WordRule {
        part: "user+mount namespace",
        checks: &["ns.user", "ns.chroot", "ns.user.map", "ns.user.capuse"],
    },
    WordRule {
        part: "cannot clone",
        checks: &["ns.user", "ns.chroot"],
    },
    WordRule {
        part: "cannot re-exec",
        checks: &["ns.user", "ns.chroot", "ns.user.map"],
    },
    WordRule {
        part: "setgroups",
        checks: &["ns.user.map", "uid.subid.file"],
    },
    WordRule {
        part: "no space left",
        checks: &["fs.space", "ns.user", "img.cache"],
    },
    WordRule {
        part: "auto-detect email",
        checks: &["img.git"],
    },
];

/// Words of an error while an image is got.
pub(super) static OF_REGISTRIES: &[WordRule] = &[
    WordRule {
        part: "x509",
        checks: &["reg.ca", "reg.tls", "kernel.version"],
    },
    WordRule {
        part: "registries.conf",
        checks: &["reg.conf"],
    },
    WordRule {
        part: "no space left",
        checks: &["fs.space", "img.cache"],
    },
];

/// Variables that give a directory, and the checks of it.
pub(super) static DIRECTORIES: &[(&str, &[&str])] = &[
    ("XDG_RUNTIME_DIR", &["env.runtime_dir", "sch.env"]),
    ("TMPDIR", &["fs.exec"]),
    ("HOME", &["env.home"]),
];

/// Failed calls of a program in a container.
pub(super) static INSIDE: &[CallRule] = &[
    CallRule {
        names: &["fchownat", "fchown", "chown", "lchown"],
        part: "",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
    CallRule {
        names: &["setresuid", "setresgid", "setuid", "setgroups"],
        part: "",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
];

/// Failed calls.
pub(super) static CALLS: &[CallRule] = &[
    CallRule {
        names: &["unshare", "clone", "clone3"],
        part: "",
        checks: &["ns.user", "ns.chroot", "ns.user.limit"],
    },
    CallRule {
        names: &["unshare", "clone"],
        part: "CLONE_NEWNET",
        checks: &["ns.net"],
    },
    CallRule {
        names: &["unshare", "clone"],
        part: "CLONE_NEWPID",
        checks: &["ns.pid"],
    },
    CallRule {
        names: &["write", "openat"],
        part: "_map",
        checks: &["ns.user.map", "ns.user.capuse", "uid.newuidmap"],
    },
    CallRule {
        names: &["write", "openat"],
        part: "setgroups",
        checks: &["ns.user.map", "ns.user.capuse"],
    },
    CallRule {
        names: &["mount", "fsopen"],
        part: "proc",
        checks: &["ns.proc"],
    },
    CallRule {
        names: &["mount", "fsopen"],
        part: "sysfs",
        checks: &["ns.sysfs"],
    },
    CallRule {
        names: &["mount", "fsopen"],
        part: "mqueue",
        checks: &["ns.mqueue"],
    },
    CallRule {
        names: &["mount", "fsopen", "fsconfig"],
        part: "overlay",
        checks: &["ovl.disk", "ovl.tmpfs"],
    },
    CallRule {
        names: &["mount", "openat"],
        part: "fuse",
        checks: &["fuse.open", "fuse.userns"],
    },
    CallRule {
        names: &["mount"],
        part: "",
        checks: &["ns.bind", "ns.user.capuse"],
    },
    CallRule {
        names: &["openat", "ioctl"],
        part: "/dev/net/tun",
        checks: &["net.tun"],
    },
    CallRule {
        names: &["pivot_root"],
        part: "",
        checks: &["ns.pivot"],
    },
    CallRule {
        names: &["prlimit64"],
        part: "",
        checks: &["lim.conf_over_hard", "lim.nofile"],
    },
    CallRule {
        names: &["fchownat", "fchown", "chown", "lchown"],
        part: "",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
    CallRule {
        names: &["setresuid", "setresgid", "setuid", "setgroups"],
        part: "",
        checks: &["uid.subid.file", "uid.newuidmap"],
    },
    CallRule {
        names: &["execve"],
        part: "newuidmap",
        checks: &["uid.newuidmap"],
    },
    CallRule {
        names: &["execve"],
        part: "",
        checks: &["fs.exec", "podman.oci"],
    },
    CallRule {
        names: &["mkdir", "mkdirat", "openat"],
        part: "/run/user",
        checks: &["env.runtime_dir", "sch.env"],
    },
    CallRule {
        names: &["mkdir", "mkdirat"],
        part: "cgroup",
        checks: &["cg.own"],
    },
    CallRule {
        names: &["bpf"],
        part: "",
        checks: &["lim.device_filter"],
    },
    CallRule {
        names: &["setxattr", "lsetxattr"],
        part: "",
        checks: &["ovl.tmpfs.xattr"],
    },
];

/// Checks whose warning stands in the way of a command that asks for it.
pub(super) static WARNINGS: &[&str] =
    &["img.git", "gpu.cdi", "sch.slurm.container", "podman.pause"];
