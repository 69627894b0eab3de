//! Containers that are started for a try.

use super::Probe;

mod builtin;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&builtin::PROBE];
