//! Overlay: what each way between a container and the node costs, against the node's own
//! loopback; one row a way.
//!
//! Outside are two processes on the node; inside one or both of them are in network namespaces
//! that are made for the figure and are gone with it.

pub(crate) mod way;

use crate::measurement::{Figure, Measurement, Processors};

use way::Way;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&VETH, &BRIDGE, &NFT, &SLIRP4NETNS, &PASTA];

static VETH: Measurement = Measurement {
    figures: &[
        Figure::time("overlay.veth.latency", "TCP over a pair of veth"),
        Figure::rate("overlay.veth.stream", "a stream over a pair of veth"),
    ],
    processors: Processors::All,
    take: |task, clock| way::take(Way::Veth, task, clock),
};

static BRIDGE: Measurement = Measurement {
    figures: &[
        Figure::time("overlay.bridge.latency", "TCP over a bridge"),
        Figure::rate("overlay.bridge.stream", "a stream over a bridge"),
    ],
    processors: Processors::All,
    take: |task, clock| way::take(Way::Bridge, task, clock),
};

static NFT: Measurement = Measurement {
    figures: &[
        Figure::time("overlay.nft.latency", "TCP over veth with rules of NAT"),
        Figure::rate("overlay.nft.stream", "a stream over veth with rules of NAT"),
    ],
    processors: Processors::All,
    take: |task, clock| way::take(Way::Nft, task, clock),
};

static SLIRP4NETNS: Measurement = Measurement {
    figures: &[
        Figure::time("overlay.slirp4netns.latency", "TCP over slirp4netns"),
        Figure::rate("overlay.slirp4netns.stream", "a stream over slirp4netns"),
    ],
    processors: Processors::All,
    take: |task, clock| way::take(Way::Slirp4netns, task, clock),
};

static PASTA: Measurement = Measurement {
    figures: &[
        Figure::time("overlay.pasta.latency", "TCP over pasta"),
        Figure::rate("overlay.pasta.stream", "a stream over pasta"),
    ],
    processors: Processors::All,
    take: |task, clock| way::take(Way::Pasta, task, clock),
};
