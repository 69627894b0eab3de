//! What podman alone needs.

use super::Probe;

mod bridge;
mod network;
mod oci;
mod pause;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] =
    &[&oci::PROBE, &pause::PROBE, &network::PROBE, &bridge::PROBE];
