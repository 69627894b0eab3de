//! UCX.

use super::Probe;

mod tls;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&tls::PROBE];
