//! Cpu: what is computed in a time, waits included.

mod compute;

use crate::measurement::Measurement;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&compute::COMPUTE];
