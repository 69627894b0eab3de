//! The kernel itself.

use super::Probe;

mod version;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&version::PROBE];
