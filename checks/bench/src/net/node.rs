//! `net.node.…`, `net.peer.…`: TCP between two processes; one of them is on the node, or on another
//! one, wherever the network of the container leads there.
//!
//! A container whose network leads nowhere has its other process beside it, on its own loopback.

use std::net::{Ipv4Addr, SocketAddr};

use hpcctl_model::bench::Better;

use crate::end;
use crate::far::{self, Far};
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::timing::Clock;

/// The row of the node.
pub static NODE: Measurement = Measurement {
    figures: &[
        Figure {
            id: "net.node.latency",
            what: "half a round trip of 8 bytes over TCP to a process on the node",
            unit: "us",
            better: Better::Less,
        },
        Figure {
            id: "net.node.stream",
            what: "one stream over TCP to a process on the node",
            unit: "MB/s",
            better: Better::More,
        },
    ],
    processors: Processors::All,
    take,
};

/// The row of another node.
pub static PEER: Measurement = Measurement {
    figures: &[
        Figure {
            id: "net.peer.latency",
            what: "half a round trip of 8 bytes over TCP to a process on another node",
            unit: "us",
            better: Better::Less,
        },
        Figure {
            id: "net.peer.stream",
            what: "one stream over TCP to a process on another node",
            unit: "MB/s",
            better: Better::More,
        },
    ],
    processors: Processors::All,
    take,
};

fn take(task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    let processor = task.processors.first().copied().unwrap_or(0);
    let clock = clock.share(2);
    match &task.far {
        Some(Far::Listens { found, port }) => {
            let to: Vec<SocketAddr> = found.iter().map(|it| (*it, *port).into()).collect();
            end::measure(&to, processor, clock)
        }
        Some(Far::Rank(_) | Far::Launched(_)) => Err("the other end is a rank".into()),
        None => {
            // Ended with this figure.
            let mut other = far::beside(&task.agent)?;
            let here = Ipv4Addr::LOCALHOST;
            let port = far::listen(&mut other, here.into(), processor)?;
            end::measure(&[(here, port).into()], processor, clock)
        }
    }
}
