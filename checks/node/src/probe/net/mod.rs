//! The network of rootless containers.

use super::Probe;

mod lo;
mod pasta;
mod slirp;
mod tun;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&lo::PROBE, &tun::PROBE, &pasta::PROBE, &slirp::PROBE];
