//! `sys.fsopen`: is fsopen(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.fsopen",
    manual: Manual {
        title: "The newer way to mount",
        what: "Whether fsopen(2), of Linux 5.2, can be used.",
        why: "Newer runtimes mount by fsopen, fsconfig and move_mount, and fall back to mount(2) without them.",
        how: "In a user and mount namespace: fsopen(2) with arguments that do nothing: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.2 or later.",
        refs: &["fsopen(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "fsopen",
    number: libc::SYS_fsopen,
    args: [0, u64::MAX, 0, 0, 0, 0],
    there: &[Errno::EINVAL, Errno::EFAULT],
    answers: false,
    mounts: true,
    absent: "it came with Linux 5.2",
    refused: "a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
