//! What podman alone needs.

use super::Probe;

mod bridge;
mod conmon;
mod netns;
mod network;
mod oci;
mod one_owner;
mod pause;
mod runc;
mod store;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &oci::PROBE,
    &runc::PROBE,
    &conmon::PROBE,
    &pause::PROBE,
    &store::PROBE,
    &one_owner::PROBE,
    &netns::PROBE,
    &network::PROBE,
    &bridge::PROBE,
];
