//! Limits, and configurations that ask for more.

use super::Probe;

mod build_over_hard;
mod conf_over_hard;
mod core;
mod device_filter;
mod hugepages;
mod inotify;
mod keys;
mod memlock;
mod nofile;
mod nproc;
mod pid_max;
mod stack;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &memlock::PROBE,
    &nofile::PROBE,
    &nproc::PROBE,
    &conf_over_hard::PROBE,
    &build_over_hard::PROBE,
    &device_filter::PROBE,
    &keys::PROBE,
    &pid_max::PROBE,
    &inotify::PROBE,
    &core::PROBE,
    &hugepages::PROBE,
    &stack::PROBE,
];
