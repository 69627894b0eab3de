//! What podman alone needs.

use super::Probe;

mod bridge;
mod netns;
mod network;
mod oci;
mod one_owner;
mod pause;
mod store;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &oci::PROBE,
    &pause::PROBE,
    &store::PROBE,
    &one_owner::PROBE,
    &netns::PROBE,
    &network::PROBE,
    &bridge::PROBE,
];
