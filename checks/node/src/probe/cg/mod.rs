//! Control groups.

use super::Probe;

mod crun_hybrid;
mod delegated;
mod escape;
mod linger;
mod memory;
mod mode;
mod own;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &mode::PROBE,
    &own::PROBE,
    &delegated::PROBE,
    &crun_hybrid::PROBE,
    &escape::PROBE,
    &memory::PROBE,
    &linger::PROBE,
];
