//! `net.tcp.stream`, `net.tcp.streams`: bytes a second through one and through four connections.
//!
//! Written in blocks of 128 KiB, as iperf3 does; every 8 MiB the receiver acknowledges that it
//! has them all, which ends a unit.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;

use hpcctl_model::bench::Better;

use super::failed;
use super::latency::pair;
use crate::measurement::{Figure, Measurement, Processors};
use crate::timing::Clock;

/// The bytes of a block.
const BLOCK: usize = 128 << 10;

/// The blocks of a unit.
const BLOCKS: usize = 64;

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
    processors: Processors::All,
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
    let series = clock.series(|| {
        (0..BLOCKS).try_for_each(|_| near.write_all(&block))?;
        near.read_exact(&mut word)
    });
    let series = series.map_err(failed("send a stream"))?;
    Ok((BLOCK * BLOCKS) as f64 / 1e6 / series.typical())
}

/// Receives until the other side hangs up.
pub(crate) fn receive(mut far: TcpStream) {
    let mut block = vec![0; BLOCK];
    let mut left = BLOCK * BLOCKS;
    while let Ok(read) = far.read(&mut block[..left.min(BLOCK)]) {
        left -= read;
        if left == 0 {
            left = BLOCK * BLOCKS;
            if far.write_all(&[1]).is_err() {
                return;
            }
        }
        if read == 0 {
            return;
        }
    }
}
