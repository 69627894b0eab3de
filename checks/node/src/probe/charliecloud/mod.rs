//! Charliecloud: what differs between its releases.

use super::Probe;

mod force;
mod user;
mod write_fake;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&user::PROBE, &force::PROBE, &write_fake::PROBE];
