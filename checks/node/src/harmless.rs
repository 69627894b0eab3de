//! System calls that runtimes, MPI and package managers make, each with arguments that do nothing.
//!
//! The arguments are chosen so that a kernel without a filter answers EINVAL, EFAULT, EBADF or
//! the like before it looks at privileges: EPERM and ENOSYS then come from a filter. Calls that
//! ask for a privilege first, such as pivot_root(2), are tried by checks of their own.

/// No open file has this number, and no process or flag these.
const NO_FILE: u64 = u64::MAX;
const NO_FLAGS: u64 = 0xffff_ffff;
const NOBODY: u64 = 0x7fff_ffff;
/// Leaves an id, or the personality, as it is.
const KEEP: u64 = 0xffff_ffff;

/// One call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) number: i64,
    pub(crate) args: [u64; 6],
    /// The first kernel that has it.
    pub(crate) since: (u32, u32),
    /// Whether a kernel can be built without it.
    pub(crate) optional: bool,
}

const fn call(name: &'static str, number: i64, args: [u64; 6], since: (u32, u32)) -> Call {
    Call {
        name,
        number,
        args,
        since,
        optional: false,
    }
}

const fn maybe(name: &'static str, number: i64, args: [u64; 6], since: (u32, u32)) -> Call {
    Call {
        optional: true,
        ..call(name, number, args, since)
    }
}

/// Every call that is tried.
pub(crate) static CALLS: &[Call] = &[
    call("unshare", libc::SYS_unshare, [1, 0, 0, 0, 0, 0], (0, 0)),
    call("setns", libc::SYS_setns, [NO_FILE, 0, 0, 0, 0, 0], (3, 0)),
    call("clone3", libc::SYS_clone3, [0, 0, 0, 0, 0, 0], (5, 3)),
    call("mount", libc::SYS_mount, [0, 0, 0, 0, 0, 0], (0, 0)),
    call(
        "umount2",
        libc::SYS_umount2,
        [0, NO_FLAGS, 0, 0, 0, 0],
        (0, 0),
    ),
    call("chroot", libc::SYS_chroot, [0, 0, 0, 0, 0, 0], (0, 0)),
    call(
        "open_tree",
        libc::SYS_open_tree,
        [NO_FILE, 0, NO_FLAGS, 0, 0, 0],
        (5, 2),
    ),
    call(
        "fsconfig",
        libc::SYS_fsconfig,
        [NO_FILE, NO_FLAGS, 0, 0, 0, 0],
        (5, 2),
    ),
    call(
        "mount_setattr",
        libc::SYS_mount_setattr,
        [NO_FILE, 0, NO_FLAGS, 0, 0, 0],
        (5, 12),
    ),
    call(
        "openat2",
        libc::SYS_openat2,
        [NO_FILE, 0, 0, 0, 0, 0],
        (5, 6),
    ),
    call(
        "close_range",
        libc::SYS_close_range,
        [1, 0, 0, 0, 0, 0],
        (5, 9),
    ),
    call(
        "pidfd_open",
        libc::SYS_pidfd_open,
        [NO_FILE, 0, 0, 0, 0, 0],
        (5, 3),
    ),
    call(
        "pidfd_send_signal",
        libc::SYS_pidfd_send_signal,
        [NO_FILE, 0, 0, 0, 0, 0],
        (5, 1),
    ),
    call(
        "pidfd_getfd",
        libc::SYS_pidfd_getfd,
        [NO_FILE, 0, 0, 0, 0, 0],
        (5, 6),
    ),
    maybe(
        "process_vm_readv",
        libc::SYS_process_vm_readv,
        [NOBODY, 0, 0, 0, 0, NO_FLAGS],
        (3, 2),
    ),
    maybe(
        "process_vm_writev",
        libc::SYS_process_vm_writev,
        [NOBODY, 0, 0, 0, 0, NO_FLAGS],
        (3, 2),
    ),
    call(
        "ptrace",
        libc::SYS_ptrace,
        [NO_FLAGS, NOBODY, 0, 0, 0, 0],
        (0, 0),
    ),
    call(
        "memfd_create",
        libc::SYS_memfd_create,
        [0, 0, 0, 0, 0, 0],
        (3, 17),
    ),
    maybe(
        "userfaultfd",
        libc::SYS_userfaultfd,
        [NO_FLAGS, 0, 0, 0, 0, 0],
        (5, 11),
    ),
    maybe(
        "perf_event_open",
        libc::SYS_perf_event_open,
        [0, 0, NO_FILE, NO_FILE, NO_FILE, 0],
        (0, 0),
    ),
    maybe(
        "io_uring_enter",
        libc::SYS_io_uring_enter,
        [NO_FILE, 0, 0, NO_FLAGS, 0, 0],
        (5, 1),
    ),
    maybe(
        "io_uring_register",
        libc::SYS_io_uring_register,
        [NO_FILE, NO_FLAGS, 0, 0, 0, 0],
        (5, 1),
    ),
    maybe(
        "keyctl",
        libc::SYS_keyctl,
        [NO_FLAGS, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    maybe("add_key", libc::SYS_add_key, [0, 0, 0, 0, 0, 0], (0, 0)),
    maybe(
        "request_key",
        libc::SYS_request_key,
        [0, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    maybe(
        "set_mempolicy",
        libc::SYS_set_mempolicy,
        [NO_FLAGS, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    maybe(
        "get_mempolicy",
        libc::SYS_get_mempolicy,
        [0, 0, 0, 0, NO_FLAGS, 0],
        (0, 0),
    ),
    maybe(
        "mbind",
        libc::SYS_mbind,
        [0, 0, NO_FLAGS, 0, 0, NO_FLAGS],
        (0, 0),
    ),
    maybe(
        "move_pages",
        libc::SYS_move_pages,
        [0, 0, 0, 0, 0, 1 << 5],
        (0, 0),
    ),
    maybe(
        "migrate_pages",
        libc::SYS_migrate_pages,
        [NOBODY, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    call(
        "sched_setaffinity",
        libc::SYS_sched_setaffinity,
        [NOBODY, 8, 0, 0, 0, 0],
        (0, 0),
    ),
    call(
        "sched_setattr",
        libc::SYS_sched_setattr,
        [0, 0, 1, 0, 0, 0],
        (3, 14),
    ),
    call(
        "sched_getattr",
        libc::SYS_sched_getattr,
        [0, 0, 0, 1, 0, 0],
        (3, 14),
    ),
    call(
        "setpriority",
        libc::SYS_setpriority,
        [99, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    maybe(
        "ioprio_set",
        libc::SYS_ioprio_set,
        [99, 0, 0xffff, 0, 0, 0],
        (0, 0),
    ),
    call(
        "mlock2",
        libc::SYS_mlock2,
        [0, 0, NO_FLAGS, 0, 0, 0],
        (4, 4),
    ),
    call("mlockall", libc::SYS_mlockall, [0, 0, 0, 0, 0, 0], (0, 0)),
    maybe("madvise", libc::SYS_madvise, [1, 1, 0, 0, 0, 0], (0, 0)),
    call("prctl", libc::SYS_prctl, [NOBODY, 0, 0, 0, 0, 0], (0, 0)),
    maybe("seccomp", libc::SYS_seccomp, [99, 0, 0, 0, 0, 0], (3, 17)),
    call("capget", libc::SYS_capget, [0, 0, 0, 0, 0, 0], (0, 0)),
    call("capset", libc::SYS_capset, [0, 0, 0, 0, 0, 0], (0, 0)),
    call(
        "setresuid",
        libc::SYS_setresuid,
        [KEEP, KEEP, KEEP, 0, 0, 0],
        (0, 0),
    ),
    call(
        "setresgid",
        libc::SYS_setresgid,
        [KEEP, KEEP, KEEP, 0, 0, 0],
        (0, 0),
    ),
    call(
        "fchownat",
        libc::SYS_fchownat,
        [NO_FILE, 0, KEEP, KEEP, NO_FLAGS, 0],
        (0, 0),
    ),
    call(
        "fchown",
        libc::SYS_fchown,
        [NO_FILE, KEEP, KEEP, 0, 0, 0],
        (0, 0),
    ),
    call(
        "mknodat",
        libc::SYS_mknodat,
        [NO_FILE, 0, 0o100000, 0, 0, 0],
        (0, 0),
    ),
    call(
        "setxattr",
        libc::SYS_setxattr,
        [0, 0, 0, 0, NO_FLAGS, 0],
        (0, 0),
    ),
    call(
        "lsetxattr",
        libc::SYS_lsetxattr,
        [0, 0, 0, 0, NO_FLAGS, 0],
        (0, 0),
    ),
    call(
        "removexattr",
        libc::SYS_removexattr,
        [0, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    maybe(
        "name_to_handle_at",
        libc::SYS_name_to_handle_at,
        [NO_FILE, 0, 0, 0, NO_FLAGS, 0],
        (0, 0),
    ),
    maybe(
        "inotify_init1",
        libc::SYS_inotify_init1,
        [NO_FLAGS, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    call(
        "statx",
        libc::SYS_statx,
        [NO_FILE, 0, 0, 1 << 31, 0, 0],
        (4, 11),
    ),
    call(
        "faccessat2",
        libc::SYS_faccessat2,
        [NO_FILE, 0, 0xffff, 0, 0, 0],
        (5, 8),
    ),
    call(
        "copy_file_range",
        libc::SYS_copy_file_range,
        [NO_FILE, 0, NO_FILE, 0, 0, 0],
        (4, 5),
    ),
    call(
        "renameat2",
        libc::SYS_renameat2,
        [NO_FILE, 0, NO_FILE, 0, 0xffff, 0],
        (3, 15),
    ),
    call(
        "getrandom",
        libc::SYS_getrandom,
        [0, 0, 0xffff, 0, 0, 0],
        (3, 17),
    ),
    maybe(
        "membarrier",
        libc::SYS_membarrier,
        [NOBODY, 0xffff, 0, 0, 0, 0],
        (4, 3),
    ),
    call(
        "execveat",
        libc::SYS_execveat,
        [NO_FILE, 0, 0, 0, NO_FLAGS, 0],
        (3, 19),
    ),
    maybe(
        "landlock_create_ruleset",
        libc::SYS_landlock_create_ruleset,
        [0, 0, 0xffff, 0, 0, 0],
        (5, 13),
    ),
    call(
        "futex_waitv",
        libc::SYS_futex_waitv,
        [0, 0, 1, 0, 0, 0],
        (5, 16),
    ),
    call(
        "epoll_pwait2",
        libc::SYS_epoll_pwait2,
        [NO_FILE, 0, 0, 0, 0, 0],
        (5, 11),
    ),
    maybe(
        "process_madvise",
        libc::SYS_process_madvise,
        [NO_FILE, 0, 0, 0, 1, 0],
        (5, 10),
    ),
    call(
        "personality",
        libc::SYS_personality,
        [KEEP, 0, 0, 0, 0, 0],
        (0, 0),
    ),
    maybe("shmget", libc::SYS_shmget, [0, 0, 0, 0, 0, 0], (0, 0)),
    maybe("semget", libc::SYS_semget, [0, KEEP, 0, 0, 0, 0], (0, 0)),
    maybe("mq_open", libc::SYS_mq_open, [0, 0, 0, 0, 0, 0], (0, 0)),
    call("socket", libc::SYS_socket, [0xffff, 0, 0, 0, 0, 0], (0, 0)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_is_listed_twice() {
        let mut names: Vec<&str> = CALLS.iter().map(|call| call.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CALLS.len());
    }
}
