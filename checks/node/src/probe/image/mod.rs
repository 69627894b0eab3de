//! The image that was given by --image.

use super::Probe;

mod coupling;
mod ids;
mod libc;
mod range;
mod setuid;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &ids::PROBE,
    &range::PROBE,
    &setuid::PROBE,
    &libc::PROBE,
    &coupling::PROBE,
];

/// What an image that does not meet a check does not meet either.
pub(crate) static UNMET_WITH: &[(&str, &str)] = &[("image.range", "image.ids")];
