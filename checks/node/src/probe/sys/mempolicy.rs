//! `sys.mempolicy`: is get_mempolicy(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.mempolicy",
    manual: Manual {
        title: "Memory policies",
        what: "Whether NUMA memory policies can be asked for.",
        why: "MPI and OpenMP runtimes place memory beside the cores that use it; without the calls placement is silently lost.",
        how: "get_mempolicy(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "Allow get_mempolicy, set_mempolicy and mbind in the seccomp profile.",
        refs: &["set_mempolicy(2)", "numa(7)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "get_mempolicy",
    number: libc::SYS_get_mempolicy,
    args: [0, 0, 0, 0, u64::MAX, 0],
    there: &[Errno::EINVAL, Errno::EFAULT],
    answers: false,
    mounts: false,
    absent: "CONFIG_NUMA is not set",
    refused: "a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
