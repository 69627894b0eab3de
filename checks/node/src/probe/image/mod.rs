//! The image that was given by --image.

use super::Probe;

mod coupling;
mod ids;
mod libc;
mod setuid;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] =
    &[&ids::PROBE, &setuid::PROBE, &libc::PROBE, &coupling::PROBE];
