//! `sys.userfaultfd`: is userfaultfd(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.userfaultfd",
    manual: Manual {
        title: "userfaultfd",
        what: "Whether userfaultfd(2) can be used by the caller.",
        why: "Checkpoint and restore of containers (CRIU) and some memory managers use it.",
        how: "userfaultfd(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "sysctl -w vm.unprivileged_userfaultfd=1",
        refs: &["userfaultfd(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "userfaultfd",
    number: libc::SYS_userfaultfd,
    args: [u64::MAX, 0, 0, 0, 0, 0],
    there: &[Errno::EINVAL],
    answers: false,
    mounts: false,
    absent: "CONFIG_USERFAULTFD is not set",
    refused: "vm.unprivileged_userfaultfd, or a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
