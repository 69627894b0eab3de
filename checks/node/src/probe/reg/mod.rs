//! Registries: their configuration, and with --network whether they answer.

use super::Probe;

mod auth;
mod ca;
mod clock;
mod conf;
mod mirror;
mod ratelimit;
mod resolve;
mod shortnames;
mod tcp443;
mod tls;
mod v2ping;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &conf::PROBE,
    &shortnames::PROBE,
    &mirror::PROBE,
    &auth::PROBE,
    &ca::PROBE,
    &v2ping::PROBE,
    &resolve::PROBE,
    &tcp443::PROBE,
    &tls::PROBE,
    &ratelimit::PROBE,
    &clock::PROBE,
];
