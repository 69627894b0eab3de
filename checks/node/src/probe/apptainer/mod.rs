//! Apptainer, as it is installed here.

use super::Probe;

mod caps;
mod suid;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&suid::PROBE, &caps::PROBE];
