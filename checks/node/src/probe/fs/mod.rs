//! The file systems that images, containers and temporary files lie on.

use super::Probe;

mod devs;
mod erofs;
mod exec;
mod flock;
mod kind;
mod loop_device;
mod loop_risk;
mod mount_kernel;
mod mounted;
mod otmpfile;
mod quota;
mod renamewh;
mod smallfiles;
mod space;
mod squash;
mod xattr;

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
    &xattr::PROBE,
    &otmpfile::PROBE,
    &flock::PROBE,
    &renamewh::PROBE,
    &devs::PROBE,
    &smallfiles::PROBE,
    &quota::PROBE,
];
