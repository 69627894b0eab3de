//! FUSE.

use super::Probe;

mod conf;
mod fusermount;
mod open;
mod userns;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &open::PROBE,
    &userns::PROBE,
    &fusermount::PROBE,
    &conf::PROBE,
];
