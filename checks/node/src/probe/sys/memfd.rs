//! `sys.memfd`: is memfd_create(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.memfd",
    manual: Manual {
        title: "memfd_create",
        what: "Whether memfd_create(2), of Linux 3.17, can be used.",
        why: "runc and crun copy themselves to a memory file before they start a container; UCX and graphics libraries share memory by one. Whether a program can be run from it is sec.memfdexec.",
        how: "memfd_create(2) without a name, in a forked child: EFAULT tells that it is there.",
        user: "",
        admin: "Allow the call in the profile of the outer container.",
        refs: &["memfd_create(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "memfd_create",
    number: libc::SYS_memfd_create,
    args: [0, 0, 0, 0, 0, 0],
    there: &[Errno::EFAULT],
    answers: false,
    mounts: false,
    absent: "it came with Linux 3.17",
    refused: "a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
