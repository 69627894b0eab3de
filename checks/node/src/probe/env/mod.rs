//! The environment of the caller.

use super::Probe;

mod home;
mod runtime_dir;
mod user;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[&home::PROBE, &runtime_dir::PROBE, &user::PROBE];
