//! The clock.

use super::Probe;

mod sane;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&sane::PROBE];
