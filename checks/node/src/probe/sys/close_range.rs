//! `sys.close_range`: is close_range(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.close_range",
    manual: Manual {
        title: "close_range",
        what: "Whether close_range(2), of Linux 5.9, can be used.",
        why: "Runtimes close what they inherited with one call; without it they walk through a million numbers where the limit of open files is high.",
        how: "close_range(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Boot Linux 5.9 or later.",
        refs: &["close_range(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "close_range",
    number: libc::SYS_close_range,
    args: [2, 1, 0, 0, 0, 0],
    there: &[Errno::EINVAL],
    answers: false,
    mounts: false,
    absent: "it came with Linux 5.9",
    refused: "a seccomp profile older than the call",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
