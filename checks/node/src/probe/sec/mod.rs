//! Seccomp, ptrace and system calls that are filtered.

use super::Probe;

mod actions;
mod blocked;
mod fakechown;
mod filter;
mod inherited;
mod memfdexec;
mod notif;
mod ptrace;
mod yama;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &filter::PROBE,
    &actions::PROBE,
    &fakechown::PROBE,
    &notif::PROBE,
    &inherited::PROBE,
    &ptrace::PROBE,
    &yama::PROBE,
    &memfdexec::PROBE,
    &blocked::PROBE,
];
