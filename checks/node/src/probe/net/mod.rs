//! The network of rootless containers.

use super::Probe;

mod bridge;
mod dns;
mod http_proxy;
mod iptables;
mod ipv6;
mod lo;
mod mtu;
mod netavark;
mod nft;
mod pasta;
mod ping_group;
mod port_low;
mod slirp;
mod tun;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &lo::PROBE,
    &tun::PROBE,
    &pasta::PROBE,
    &slirp::PROBE,
    &netavark::PROBE,
    &nft::PROBE,
    &iptables::PROBE,
    &bridge::PROBE,
    &dns::PROBE,
    &http_proxy::PROBE,
    &mtu::PROBE,
    &ipv6::PROBE,
    &port_low::PROBE,
    &ping_group::PROBE,
];
