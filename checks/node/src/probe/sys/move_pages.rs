//! `sys.move_pages`: is move_pages(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.move_pages",
    manual: Manual {
        title: "Moving pages",
        what: "Whether move_pages(2) can be used.",
        why: "hwloc and MPI libraries ask by it on which NUMA node memory lies; the default profile of podman and Docker forbids it.",
        how: "move_pages(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Allow the call in the seccomp profile of containers.",
        refs: &["move_pages(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "move_pages",
    number: libc::SYS_move_pages,
    args: [0, 0, 0, 0, 0, u64::MAX],
    there: &[Errno::EINVAL, Errno::ENODEV, Errno::EFAULT],
    answers: false,
    mounts: false,
    absent: "CONFIG_MIGRATION is not set",
    refused: "a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
