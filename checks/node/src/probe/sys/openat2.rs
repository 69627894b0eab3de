//! `sys.openat2`: is openat2(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.openat2",
    manual: Manual {
        title: "openat2",
        what: "Whether openat2(2), of Linux 5.6, can be used.",
        why: "runc and crun open paths inside a container with it, safe from links that lead out.",
        how: "openat2(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.6 or later.",
        refs: &["openat2(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "openat2",
    number: libc::SYS_openat2,
    args: [u64::MAX, 0, 0, 0, 0, 0],
    there: &[Errno::EINVAL, Errno::EFAULT, Errno::EBADF, Errno::E2BIG],
    answers: false,
    mounts: false,
    absent: "it came with Linux 5.6",
    refused: "a seccomp profile older than the call",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
