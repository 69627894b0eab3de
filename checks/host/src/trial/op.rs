//! The operations of a trial.

use std::fmt;

/// Which of the two maps of a user namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// `/proc/self/uid_map`
    Uid,
    /// `/proc/self/gid_map`
    Gid,
}

/// One operation. Its value is 0 unless the item says otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// unshare(2) with `CLONE_NEW…` flags. ENOSPC is retried three times, 50 ms apart, because
    /// the kernel frees namespaces late; the value is the number of retries.
    Unshare(i32),
    /// clone3(2) with these flags, of a child that exits at once.
    Clone3(u64),
    /// Writes a file that exists.
    WriteFile {
        /// The path.
        path: String,
        /// All that is written, in one write(2).
        data: String,
    },
    /// Maps this id to 0 in the user namespace, `0 ID 1`.
    Map(Map, u32),
    /// fork(2): the steps that follow are carried out by the child, which in a new pid
    /// namespace is its init.
    Fork,
    /// Waits for the parent; fails with ECHILD when one of its commands failed.
    Meet,
    /// mount(2).
    Mount {
        /// The device, or a name.
        source: String,
        /// Where.
        target: String,
        /// The type of file system; empty for a bind or a change of flags.
        fstype: String,
        /// `MS_…` flags.
        flags: u64,
        /// Options for the file system.
        data: String,
    },
    /// umount2(2) with MNT_DETACH.
    Unmount(String),
    /// mkdir(2), mode 0755.
    Mkdir(String),
    /// rmdir(2).
    Rmdir(String),
    /// Makes a new file with this content, mode 0755.
    Create {
        /// The path.
        path: String,
        /// The content.
        data: String,
    },
    /// unlink(2).
    Unlink(String),
    /// stat(2) must fail with ENOENT; the error is EEXIST where the path is there.
    Absent(String),
    /// access(2) for writing and searching.
    Writable(String),
    /// setxattr(2).
    SetXattr {
        /// The path.
        path: String,
        /// The name of the attribute.
        name: String,
        /// Its value.
        value: String,
    },
    /// chdir(2).
    Chdir(String),
    /// Enters a new private directory below this one, which is removed when the trial ends.
    /// The steps that follow name what they make in it by relative paths.
    Scratch(String),
    /// pivot_root(".", "."), then the old root is detached.
    PivotRoot,
    /// Detaches the old root that pivot_root stacked under the new one.
    DetachOldRoot,
    /// open(2), for reading or for both.
    Open {
        /// The path.
        path: String,
        /// Whether to write, too.
        write: bool,
    },
    /// chown(2) with numeric ids.
    Chown {
        /// The path.
        path: String,
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// setresgid(2) and setresuid(2).
    SetId {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// Opens /dev/fuse and mounts a FUSE file system on this directory; it is unmounted again.
    MountFuse(String),
    /// Opens /dev/net/tun and makes an interface, TUNSETIFF.
    Tun,
    /// Sets the loopback interface up, SIOCSIFFLAGS.
    LoopbackUp,
    /// Runs a program without output; the value is its exit status, or minus the signal.
    Exec(Vec<String>),
    /// Installs a seccomp filter that answers these system calls with an errno (0 is success).
    SeccompErrno {
        /// The numbers of the system calls.
        calls: Vec<i64>,
        /// What they return.
        errno: u16,
    },
    /// Asks whether seccomp(2) knows an action, SECCOMP_GET_ACTION_AVAIL.
    SeccompAction(u32),
    /// Reads eight bytes of the memory of the process that carries out the trial, or, after
    /// [`Op::Fork`], of the child's parent, process_vm_readv(2); the value is how many.
    ReadParent,
    /// A full round trip of a user notification; the value is what the filtered call returned.
    SeccompNotify,
    /// Makes a file without a name in this directory, open(2) with O_TMPFILE.
    OpenUnnamed(String),
    /// Opens a file for writing and locks it, flock(2) without waiting.
    Lock(String),
    /// renameat2(2) with RENAME_WHITEOUT.
    RenameWhiteout {
        /// What is renamed.
        from: String,
        /// Its new name.
        to: String,
    },
    /// mknod(2) of a character device, mode 0600.
    MakeDevice {
        /// The path.
        path: String,
        /// The major number.
        major: u32,
        /// The minor number.
        minor: u32,
    },
    /// Makes, looks at and removes files in the working directory, at most so many and for at
    /// most so many milliseconds; the value is the nanoseconds that one of them took.
    SmallFiles {
        /// How many at most.
        most: u32,
        /// How long at most.
        milliseconds: u32,
    },
    /// mount_setattr(2) with AT_RECURSIVE: `MOUNT_ATTR_…` flags for a tree of mounts.
    SetAttributes {
        /// Where it is mounted.
        target: String,
        /// The flags that are set.
        flags: u64,
    },
    /// Makes a copy of a mount in which ids are mapped by a user namespace of its own, by
    /// mount_setattr(2) with MOUNT_ATTR_IDMAP.
    MapMount(String),
    /// connect(2) to a UNIX socket of streams.
    Connect(String),
    /// adjtimex(2), which only asks; the value is the state of the clock.
    ClockState,
    /// Sets a soft limit of the process, setrlimit(2); one above the hard limit ends in EPERM.
    Limit {
        /// The number of the resource, `RLIMIT_…`.
        resource: u32,
        /// The soft limit; all ones is none.
        soft: u64,
    },
    /// Any system call, to see whether it is there; the value is what it returned.
    Syscall {
        /// The name.
        name: &'static str,
        /// The number.
        number: i64,
        /// The arguments.
        args: [u64; 6],
    },
}

impl Op {
    /// Makes a mount and all below it private.
    pub fn mount_private(target: &str) -> Self {
        Self::mount("none", target, "", libc::MS_REC | libc::MS_PRIVATE, "")
    }

    /// Binds a tree.
    pub fn bind(source: &str, target: &str) -> Self {
        Self::mount(source, target, "", libc::MS_BIND | libc::MS_REC, "")
    }

    /// Mounts a new tmpfs.
    pub fn tmpfs(target: &str) -> Self {
        Self::mount("tmpfs", target, "tmpfs", 0, "")
    }

    /// Mounts the proc of the pid namespace where it belongs.
    pub fn proc() -> Self {
        let flags = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        Self::mount("proc", "/proc", "proc", flags, "")
    }

    /// mount(2) with its arguments in order.
    pub fn mount(source: &str, target: &str, fstype: &str, flags: u64, data: &str) -> Self {
        Self::Mount {
            source: source.into(),
            target: target.into(),
            fstype: fstype.into(),
            flags,
            data: data.into(),
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unshare(flags) => write!(
                f,
                "unshare({})",
                namespaces(u64::from(flags.cast_unsigned()))
            ),
            Self::Clone3(flags) => write!(f, "clone3({})", namespaces(*flags)),
            Self::WriteFile { path, data } => write!(f, "write({path}, {data:?})"),
            Self::Map(Map::Uid, id) => write!(f, "write(/proc/self/uid_map, \"0 {id} 1\")"),
            Self::Map(Map::Gid, id) => write!(f, "write(/proc/self/gid_map, \"0 {id} 1\")"),
            Self::Fork => f.write_str("fork()"),
            Self::Meet => f.write_str("wait for the parent's commands"),
            Self::Mount {
                source,
                target,
                fstype,
                flags,
                data,
            } => mount(f, [source, target, fstype, data], *flags),
            Self::Unmount(target) => write!(f, "umount2({target}, MNT_DETACH)"),
            Self::Mkdir(path) => write!(f, "mkdir({path})"),
            Self::Rmdir(path) => write!(f, "rmdir({path})"),
            Self::Create { path, .. } => write!(f, "creat({path})"),
            Self::Unlink(path) => write!(f, "unlink({path})"),
            Self::Absent(path) => write!(f, "stat({path}) is ENOENT"),
            Self::Writable(path) => write!(f, "access({path}, W_OK|X_OK)"),
            Self::SetXattr { path, name, .. } => write!(f, "setxattr({path}, {name})"),
            Self::Scratch(path) => write!(f, "mkdtemp({path}/hpcctl-XXXXXX)"),
            Self::Chdir(path) => write!(f, "chdir({path})"),
            Self::PivotRoot => f.write_str("pivot_root(., .)"),
            Self::DetachOldRoot => f.write_str("umount2(., MNT_DETACH)"),
            Self::Open { path, .. } => write!(f, "open({path})"),
            Self::Chown { path, uid, gid } => write!(f, "chown({path}, {uid}, {gid})"),
            Self::SetId { uid, gid } => write!(f, "setresuid({uid}), setresgid({gid})"),
            Self::MountFuse(target) => write!(f, "open(/dev/fuse), mount(fuse, {target})"),
            Self::Tun => f.write_str("open(/dev/net/tun), ioctl(TUNSETIFF)"),
            Self::LoopbackUp => f.write_str("ioctl(SIOCSIFFLAGS, lo up)"),
            Self::Exec(argv) => write!(f, "execve({})", argv.join(" ")),
            Self::SeccompErrno { .. } => f.write_str("seccomp(SECCOMP_SET_MODE_FILTER)"),
            Self::SeccompAction(action) => {
                write!(f, "seccomp(SECCOMP_GET_ACTION_AVAIL, {action:#x})")
            }
            Self::SeccompNotify => f.write_str(
                "seccomp(SECCOMP_FILTER_FLAG_NEW_LISTENER), ioctl(SECCOMP_IOCTL_NOTIF_SEND)",
            ),
            Self::ReadParent => f.write_str("process_vm_readv(the parent, 8 bytes)"),
            Self::Limit { resource, soft } => write!(f, "setrlimit({resource}, {soft})"),
            Self::Syscall { name, .. } => write!(f, "{name}()"),
            _ => self.fmt_of_files(f),
        }
    }
}

impl Op {
    /// The operations that try what a file system, a mount or a socket can do.
    fn fmt_of_files(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OpenUnnamed(path) => write!(f, "open({path}, O_TMPFILE)"),
            Self::Lock(path) => write!(f, "flock({path}, LOCK_EX)"),
            Self::RenameWhiteout { from, to } => {
                write!(f, "renameat2({from}, {to}, RENAME_WHITEOUT)")
            }
            Self::MakeDevice { path, major, minor } => {
                write!(f, "mknod({path}, c {major} {minor})")
            }
            Self::SmallFiles { most, .. } => write!(f, "creat, stat, unlink of {most} files"),
            Self::SetAttributes { target, flags } => {
                write!(f, "mount_setattr({target}, {flags:#x})")
            }
            Self::MapMount(target) => write!(f, "mount_setattr({target}, MOUNT_ATTR_IDMAP)"),
            Self::Connect(path) => write!(f, "connect({path})"),
            Self::ClockState => f.write_str("adjtimex()"),
            // Every other operation has its words above.
            _ => f.write_str("?"),
        }
    }
}

/// Writes a mount(2) the way that says most: its type, or the kind of change.
fn mount(
    f: &mut fmt::Formatter<'_>,
    [source, target, fstype, data]: [&String; 4],
    flags: u64,
) -> fmt::Result {
    if flags & libc::MS_BIND != 0 && flags & libc::MS_REMOUNT != 0 {
        write!(f, "mount({target}, MS_REMOUNT|MS_BIND)")
    } else if flags & libc::MS_BIND != 0 {
        write!(f, "mount({source}, {target}, MS_BIND)")
    } else if fstype.is_empty() {
        write!(f, "mount({target}, MS_PRIVATE)")
    } else if data.is_empty() {
        write!(f, "mount({fstype}, {target})")
    } else {
        write!(f, "mount({fstype}, {target}, {data:?})")
    }
}

/// The names of `CLONE_NEW…` flags, joined as in C.
pub(crate) fn namespaces(flags: u64) -> String {
    const NAMES: [(i32, &str); 8] = [
        (libc::CLONE_NEWUSER, "CLONE_NEWUSER"),
        (libc::CLONE_NEWNS, "CLONE_NEWNS"),
        (libc::CLONE_NEWPID, "CLONE_NEWPID"),
        (libc::CLONE_NEWNET, "CLONE_NEWNET"),
        (libc::CLONE_NEWIPC, "CLONE_NEWIPC"),
        (libc::CLONE_NEWUTS, "CLONE_NEWUTS"),
        (libc::CLONE_NEWCGROUP, "CLONE_NEWCGROUP"),
        // Not in every libc: it shares its bit with CSIGNAL.
        (0x80, "CLONE_NEWTIME"),
    ];
    let named: Vec<&str> = NAMES
        .iter()
        .filter(|(flag, _)| flags & u64::from(flag.cast_unsigned()) != 0)
        .map(|(_, name)| *name)
        .collect();
    named.join("|")
}
