//! RDMA devices: InfiniBand, RoCE, Slingshot, Omni-Path.

use super::Probe;

mod links;
mod memlock;
mod modes;
mod netns;
mod nodes;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &nodes::PROBE,
    &netns::PROBE,
    &memlock::PROBE,
    &links::PROBE,
    &modes::PROBE,
];
