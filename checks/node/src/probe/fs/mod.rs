//! The file systems that images, containers and temporary files lie on.

use super::Probe;

mod erofs;
mod exec;
mod kind;
mod loop_device;
mod loop_risk;
mod mount_kernel;
mod mounted;
mod space;
mod squash;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &exec::PROBE,
    &kind::PROBE,
    &space::PROBE,
    &squash::PROBE,
    &erofs::PROBE,
    &loop_device::PROBE,
    &loop_risk::PROBE,
    &mount_kernel::PROBE,
    &mounted::PROBE,
];
