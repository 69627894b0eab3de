//! `net.tcp.stream`, `net.tcp.streams`: bytes a second through one and through four connections.
//!
//! Written and read in blocks of 128 KiB as iperf3 does, which waits for room before every ten of
//! them, and for something to read before each; every 8 MiB the receiver acknowledges that it has
//! them all, which ends a unit. Both ends of one stream are on one processor, or else it is three
//! times as fast or as slow, as the scheduler happens to put them.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use hpcctl_model::bench::Better;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::failed;
use super::latency::pair;
use crate::measurement::{Figure, Measurement, Processors};
use crate::timing::Clock;

/// The bytes of a block.
const BLOCK: usize = 128 << 10;

/// The blocks that are written one after the other.
const BURST: usize = 10;

/// The blocks of a unit.
const BLOCKS: usize = 64;

/// How long the other side may take.
const PATIENCE: Timespec = Timespec {
    tv_sec: 5,
    tv_nsec: 0,
};

/// How many streams are many.
const STREAMS: usize = 4;

/// The row of one stream.
pub static ONE: Measurement = Measurement {
    figures: &[Figure {
        id: "net.tcp.stream",
        what: "one stream over TCP",
        unit: "MB/s",
        better: Better::More,
    }],
    processors: Processors::Shared,
    take: |_, clock| streams(1, clock),
};

/// The row of several.
pub static MANY: Measurement = Measurement {
    figures: &[Figure {
        id: "net.tcp.streams",
        what: "four streams over TCP at once, together",
        unit: "MB/s",
        better: Better::More,
    }],
    processors: Processors::All,
    take: |_, clock| streams(STREAMS, clock),
};

fn streams(count: usize, clock: Clock) -> Result<Vec<f64>, String> {
    let pairs: Vec<_> = (0..count)
        .map(|_| pair())
        .collect::<io::Result<_>>()
        .map_err(failed("connect over loopback"))?;
    let rates: Vec<Result<f64, String>> = thread::scope(|scope| {
        let senders: Vec<_> = pairs
            .into_iter()
            .map(|(near, far)| {
                scope.spawn(move || receive(far));
                scope.spawn(move || send(near, clock))
            })
            .collect();
        senders
            .into_iter()
            .map(|sender| {
                sender
                    .join()
                    .unwrap_or_else(|_| Err("a sender failed".into()))
            })
            .collect()
    });
    Ok(vec![rates.into_iter().sum::<Result<f64, String>>()?])
}

/// Sends until the time is over: megabytes a second.
pub(crate) fn send(mut near: TcpStream, clock: Clock) -> Result<f64, String> {
    let block = vec![b'x'; BLOCK];
    let mut word = [0];
    let series = near.set_nodelay(false).and_then(|()| {
        clock.series(|| {
            for place in 0..BLOCKS {
                if place % BURST == 0 {
                    ready(&near, PollFlags::OUT)?;
                }
                near.write_all(&block)?;
            }
            near.read_exact(&mut word)
        })
    });
    let series = series.map_err(failed("send a stream"))?;
    Ok((BLOCK * BLOCKS) as f64 / 1e6 / series.typical())
}

/// Waits until something can be read, or written.
fn ready(stream: &TcpStream, what: PollFlags) -> io::Result<()> {
    let mut polled = [PollFd::new(stream, what)];
    match poll(&mut polled, Some(&PATIENCE))? {
        0 => Err(io::ErrorKind::TimedOut.into()),
        _ => Ok(()),
    }
}

/// Receives until the other side hangs up.
pub(crate) fn receive(mut far: TcpStream) {
    let mut block = vec![0; BLOCK];
    loop {
        for _ in 0..BLOCKS {
            let read = ready(&far, PollFlags::IN).and_then(|()| far.read_exact(&mut block));
            if read.is_err() {
                return;
            }
        }
        if far.write_all(&[1]).is_err() {
            return;
        }
    }
}
