//! Docker.

use super::Probe;

mod cli;
mod home;
mod rootlesskit;
mod session;
mod socket;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &socket::PROBE,
    &cli::PROBE,
    &rootlesskit::PROBE,
    &home::PROBE,
    &session::PROBE,
];
