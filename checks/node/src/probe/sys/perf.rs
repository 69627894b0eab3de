//! `sys.perf`: is perf_event_open(2) there?

use hpcctl_host::Errno;

use super::Probe;
use crate::syscall::Syscall;
use crate::{Finding, Manual, Reading, Site};

/// The row.
pub static PROBE: Probe = Probe {
    id: "sys.perf",
    manual: Manual {
        title: "Performance counters",
        what: "Whether perf_event_open(2) can be used by the caller.",
        why: "Profilers read the counters of the processor by it; the sysctl kernel.perf_event_paranoid above 2, and container profiles, forbid it.",
        how: "perf_event_open(2) with arguments that do nothing, in a forked child: what it answers tells whether it is there.",
        user: "",
        admin: "sysctl -w kernel.perf_event_paranoid=2",
        refs: &["perf_event_open(2)"],
    },
    read,
    judge,
};

static CALL: Syscall = Syscall {
    name: "perf_event_open",
    number: libc::SYS_perf_event_open,
    args: [0, 0, 0, 0, 0, 0],
    there: &[Errno::EFAULT, Errno::EINVAL, Errno::E2BIG],
    answers: false,
    mounts: false,
    absent: "CONFIG_PERF_EVENTS is not set",
    refused: "kernel.perf_event_paranoid, or a seccomp profile",
};

fn read(site: &Site<'_>) -> Reading {
    CALL.read(site)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    CALL.judge(reading, site)
}
