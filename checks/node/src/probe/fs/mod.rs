//! The file systems that images, containers and temporary files lie on.

use super::Probe;

mod exec;
mod kind;
mod space;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&exec::PROBE, &kind::PROBE, &space::PROBE];
