//! `sys.pidfd`: is pidfd_open(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.pidfd",
    manual: Manual {
        title: "Process file descriptors",
        what: "Whether pidfd_open(2), of Linux 5.3, can be used.",
        why: "Runtimes wait for processes by it without racing for their numbers.",
        how: "pidfd_open(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.3 or later.",
        refs: &["pidfd_open(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "pidfd_open",
    number: libc::SYS_pidfd_open,
    args: [u64::MAX, u64::MAX, 0, 0, 0, 0],
    there: &[Errno::EINVAL, Errno::ESRCH],
    answers: false,
    mounts: false,
    absent: "it came with Linux 5.3",
    refused: "a seccomp profile older than the call",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
