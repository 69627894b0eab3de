//! libfabric.

use super::Probe;

mod provider_dir;
mod providers;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&providers::PROBE, &provider_dir::PROBE];
