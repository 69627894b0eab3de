//! Net: what passes through sockets and memory, between threads or processes, one file a way.

mod connect;
pub(crate) mod latency;
mod memory;
mod node;
pub(crate) mod stream;
mod udp;

pub(crate) use node::PEER;

use crate::measurement::Measurement;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[
    &latency::TCP,
    &stream::ONE,
    &stream::MANY,
    &connect::CONNECT,
    &udp::UDP,
    &latency::UNIX,
    &memory::MEMORY,
    &node::NODE,
    &PEER,
];

/// An I/O error in words, with what was being done.
fn failed(what: &'static str) -> impl Fn(std::io::Error) -> String {
    move |error| format!("cannot {what}: {error}")
}
