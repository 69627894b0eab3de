//! Limits, and configurations that ask for more.

use super::Probe;

mod conf_over_hard;
mod device_filter;
mod memlock;
mod nofile;
mod nproc;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &memlock::PROBE,
    &nofile::PROBE,
    &nproc::PROBE,
    &conf_over_hard::PROBE,
    &device_filter::PROBE,
];
