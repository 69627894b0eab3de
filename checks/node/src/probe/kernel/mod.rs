//! The kernel itself.

use super::Probe;

mod overflowuid;
mod version;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&version::PROBE, &overflowuid::PROBE];
