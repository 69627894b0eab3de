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

use Argument::{File, Namespaces, Number, Text};

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
    call(libc::SYS_prlimit64, "prlimit64", &[Number(1)]),
    call(libc::SYS_write, "write", &[File(0)]),
    call(libc::SYS_ioctl, "ioctl", &[File(0), Number(1)]),
    call(libc::SYS_bpf, "bpf", &[]),
    call(libc::SYS_keyctl, "keyctl", &[]),
    call(libc::SYS_seccomp, "seccomp", &[]),
    call(libc::SYS_connect, "connect", &[File(0)]),
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

/// Whether a call executes a program, the path of which is its first argument.
pub(super) fn executes(number: u64) -> bool {
    i64::try_from(number).is_ok_and(|number| number == libc::SYS_execve)
}
