//! The kernel itself.

use super::Probe;

mod binfmt;
mod entropy;
mod overflowuid;
mod thp;
mod version;
mod vsyscall;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &version::PROBE,
    &overflowuid::PROBE,
    &thp::PROBE,
    &binfmt::PROBE,
    &vsyscall::PROBE,
    &entropy::PROBE,
];
