//! The system calls of interest: those by which containers are made, and how they are told.

/// What an argument of a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// A path or another string.
    Text(usize),
    /// Flags that make namespaces.
    Namespaces(usize),
    /// A file descriptor.
    File(usize),
    /// A number.
    Number(usize),
    /// A request of ioctl(2).
    Request(usize),
    /// A resource of getrlimit(2).
    Resource(usize),
    /// The address of a socket.
    Address(usize),
}

/// A call of interest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) number: i64,
    pub(super) name: &'static str,
    pub(super) arguments: &'static [Argument],
}

const fn call(number: i64, name: &'static str, arguments: &'static [Argument]) -> Call {
    Call {
        number,
        name,
        arguments,
    }
}

use Argument::{Address, File, Namespaces, Number, Request, Resource, Text};

/// Those that every architecture has.
static CALLS: &[Call] = &[
    call(libc::SYS_openat, "openat", &[Text(1)]),
    call(libc::SYS_openat2, "openat2", &[Text(1)]),
    call(libc::SYS_execve, "execve", &[Text(0)]),
    call(libc::SYS_execveat, "execveat", &[Text(1)]),
    call(libc::SYS_unshare, "unshare", &[Namespaces(0)]),
    call(libc::SYS_clone, "clone", &[Namespaces(0)]),
    call(libc::SYS_clone3, "clone3", &[]),
    call(libc::SYS_setns, "setns", &[File(0), Namespaces(1)]),
    call(libc::SYS_mount, "mount", &[Text(0), Text(1), Text(2)]),
    call(libc::SYS_umount2, "umount2", &[Text(0)]),
    call(libc::SYS_pivot_root, "pivot_root", &[Text(0), Text(1)]),
    call(libc::SYS_chroot, "chroot", &[Text(0)]),
    call(libc::SYS_mount_setattr, "mount_setattr", &[Text(1)]),
    call(libc::SYS_move_mount, "move_mount", &[Text(1), Text(3)]),
    call(libc::SYS_open_tree, "open_tree", &[Text(1)]),
    call(libc::SYS_fsopen, "fsopen", &[Text(0)]),
    call(libc::SYS_fsconfig, "fsconfig", &[Text(2)]),
    call(libc::SYS_fsmount, "fsmount", &[]),
    call(
        libc::SYS_fchownat,
        "fchownat",
        &[Text(1), Number(2), Number(3)],
    ),
    call(libc::SYS_fchown, "fchown", &[File(0), Number(1), Number(2)]),
    call(libc::SYS_mkdirat, "mkdirat", &[Text(1)]),
    call(libc::SYS_mknodat, "mknodat", &[Text(1)]),
    call(libc::SYS_symlinkat, "symlinkat", &[Text(2)]),
    call(libc::SYS_setxattr, "setxattr", &[Text(0), Text(1)]),
    call(libc::SYS_lsetxattr, "lsetxattr", &[Text(0), Text(1)]),
    call(libc::SYS_setgroups, "setgroups", &[]),
    call(libc::SYS_setresuid, "setresuid", &[Number(0)]),
    call(libc::SYS_setresgid, "setresgid", &[Number(0)]),
    call(libc::SYS_setuid, "setuid", &[Number(0)]),
    call(libc::SYS_prlimit64, "prlimit64", &[Resource(1)]),
    call(libc::SYS_write, "write", &[File(0)]),
    call(libc::SYS_ioctl, "ioctl", &[File(0), Request(1)]),
    call(libc::SYS_bpf, "bpf", &[]),
    call(libc::SYS_keyctl, "keyctl", &[]),
    call(libc::SYS_seccomp, "seccomp", &[]),
    call(libc::SYS_connect, "connect", &[Address(1)]),
];

/// Those of before `*at`, which some architectures lack.
#[cfg(target_arch = "x86_64")]
static OLDER: &[Call] = &[
    call(libc::SYS_open, "open", &[Text(0)]),
    call(libc::SYS_chown, "chown", &[Text(0), Number(1), Number(2)]),
    call(libc::SYS_lchown, "lchown", &[Text(0), Number(1), Number(2)]),
    call(libc::SYS_mkdir, "mkdir", &[Text(0)]),
    call(libc::SYS_mknod, "mknod", &[Text(0)]),
];
#[cfg(not(target_arch = "x86_64"))]
static OLDER: &[Call] = &[];

/// A call of interest by its number.
pub(super) fn find(number: u64) -> Option<&'static Call> {
    let number = i64::try_from(number).ok()?;
    CALLS.iter().chain(OLDER).find(|call| call.number == number)
}

/// Which arguments of a call that executes a program hold its path and its words.
pub(super) fn executes(number: u64) -> Option<(usize, usize)> {
    match i64::try_from(number).ok()? {
        libc::SYS_execve => Some((0, 1)),
        libc::SYS_execveat => Some((1, 2)),
        _ => None,
    }
}

/// Requests of ioctl(2) that containers are made with; linux/if_tun.h, linux/loop.h,
/// linux/sockios.h, linux/fs.h, linux/nsfs.h, asm-generic/ioctls.h.
const REQUESTS: &[(u64, &str)] = &[
    (0x4004_54ca, "TUNSETIFF"),
    (0x8004_54cf, "TUNGETFEATURES"),
    (0x4c00, "LOOP_SET_FD"),
    (0x4c0a, "LOOP_CONFIGURE"),
    (0x4c82, "LOOP_CTL_GET_FREE"),
    (0x8914, "SIOCSIFFLAGS"),
    (0x8933, "SIOCGIFINDEX"),
    (0x4004_9409, "FICLONE"),
    (0x4008_6602, "FS_IOC_SETFLAGS"),
    (0x8008_6601, "FS_IOC_GETFLAGS"),
    (0xb701, "NS_GET_USERNS"),
    (0xb702, "NS_GET_PARENT"),
    (0x5401, "TCGETS"),
    (0x540e, "TIOCSCTTY"),
    (0x5413, "TIOCGWINSZ"),
];

/// A request of ioctl(2) in words.
pub(super) fn request(number: u64) -> String {
    let number = number & 0xffff_ffff;
    let known = REQUESTS.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("{number:#x}"), |(_, name)| (*name).to_owned())
}

/// Resources of getrlimit(2), in the order of their numbers; asm-generic/resource.h.
const RESOURCES: &[&str] = &[
    "CPU",
    "FSIZE",
    "DATA",
    "STACK",
    "CORE",
    "RSS",
    "NPROC",
    "NOFILE",
    "MEMLOCK",
    "AS",
    "LOCKS",
    "SIGPENDING",
    "MSGQUEUE",
    "NICE",
    "RTPRIO",
    "RTTIME",
];

/// A resource of getrlimit(2) in words.
pub(super) fn resource(number: u64) -> String {
    let name = usize::try_from(number)
        .ok()
        .and_then(|at| RESOURCES.get(at));
    name.map_or_else(|| number.to_string(), |name| format!("RLIMIT_{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_names() {
        assert_eq!(request(0x4004_54ca), "TUNSETIFF");
        assert_eq!(request(0x1234), "0x1234");
        assert_eq!(resource(libc::RLIMIT_NOFILE.into()), "RLIMIT_NOFILE");
        assert_eq!(resource(libc::RLIMIT_NPROC.into()), "RLIMIT_NPROC");
        assert_eq!(resource(99), "99");
    }
}
