//! Docker.

use super::Probe;

mod socket;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&socket::PROBE];
