//! Registries: their configuration, and with --network whether they answer.

use super::Probe;

mod auth;
mod ca;
mod clock;
mod compute_vs_login;
mod conf;
mod mirror;
mod proxycache;
mod pullstorm;
mod ratelimit;
mod resolve;
mod shortnames;
mod tcp443;
mod tls;
mod too_many;
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
    &too_many::PROBE,
    &proxycache::PROBE,
    &compute_vs_login::PROBE,
    &pullstorm::PROBE,
];
