//! Control groups.

use super::Probe;

mod crun_hybrid;
mod delegated;
mod devices;
mod escape;
mod freeze;
mod linger;
mod memory;
mod mode;
mod own;
mod systemd_user;
mod v1_writable;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &mode::PROBE,
    &own::PROBE,
    &delegated::PROBE,
    &crun_hybrid::PROBE,
    &escape::PROBE,
    &memory::PROBE,
    &linger::PROBE,
    &freeze::PROBE,
    &systemd_user::PROBE,
    &v1_writable::PROBE,
    &devices::PROBE,
];
