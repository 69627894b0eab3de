//! `sys.io_uring`: is io_uring_setup(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.io_uring",
    manual: Manual {
        title: "io_uring",
        what: "Whether io_uring(7) can be used.",
        why: "Some storage engines and MPI-IO libraries use it; container profiles and hardened nodes forbid it.",
        how: "io_uring_setup(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "sysctl -w kernel.io_uring_disabled=0",
        refs: &["io_uring_setup(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "io_uring_setup",
    number: libc::SYS_io_uring_setup,
    args: [0, 0, 0, 0, 0, 0],
    there: &[Errno::EINVAL, Errno::EFAULT],
    answers: false,
    mounts: false,
    absent: "it came with Linux 5.1",
    refused: "kernel.io_uring_disabled, or a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
