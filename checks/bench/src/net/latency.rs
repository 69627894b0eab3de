//! `net.tcp.latency`, `net.unix.latency`: half a round trip of 8 bytes between two threads.
//!
//! Both run on one processor, so that what is timed is the kernel's way through the socket and
//! not how long another processor takes to wake up; tcp(7) with TCP_NODELAY, unix(7).

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::thread;

use hpcctl_model::bench::Better;

use super::failed;
use crate::measurement::{Figure, Measurement, Processors};
use crate::timing::{Clock, Series};

/// The bytes of a message.
const MESSAGE: usize = 8;

/// The row of TCP.
pub static TCP: Measurement = Measurement {
    figures: &[
        Figure {
            id: "net.tcp.latency",
            what: "half a round trip of 8 bytes over TCP",
            unit: "us",
            better: Better::Less,
        },
        Figure {
            id: "net.tcp.latency.p99",
            what: "half the round trip that 99 of 100 stay below",
            unit: "us",
            better: Better::Less,
        },
    ],
    processors: Processors::Shared,
    take: |_, clock| {
        let (near, far) = pair().map_err(failed("connect over loopback"))?;
        let series = ping(near, far, clock)?;
        Ok(vec![half(series.typical()), half(series.quantile(0.99))])
    },
};

/// The row of UNIX sockets.
pub static UNIX: Measurement = Measurement {
    figures: &[Figure {
        id: "net.unix.latency",
        what: "half a round trip of 8 bytes over a UNIX socket",
        unit: "us",
        better: Better::Less,
    }],
    processors: Processors::Shared,
    take: |_, clock| {
        let (near, far) = UnixStream::pair().map_err(failed("make a pair of sockets"))?;
        Ok(vec![half(ping(near, far, clock)?.typical())])
    },
};

/// Two ends of a connection over loopback, without delay.
pub(super) fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let near = TcpStream::connect(listener.local_addr()?)?;
    let (far, _) = listener.accept()?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    Ok((near, far))
}

/// Sends messages that come back.
fn ping<S: Read + Write + Send>(near: S, far: S, clock: Clock) -> Result<Series, String> {
    thread::scope(|scope| {
        scope.spawn(move || echo(far));
        exchange(near, clock)
    })
}

/// Sends each message back until the other side hangs up.
pub(crate) fn echo(mut far: impl Read + Write) {
    let mut message = [0; MESSAGE];
    while far.read_exact(&mut message).is_ok() && far.write_all(&message).is_ok() {}
}

/// Sends messages and has them back, then hangs up.
pub(crate) fn exchange(mut near: impl Read + Write, clock: Clock) -> Result<Series, String> {
    let mut message = [0; MESSAGE];
    let series = clock.series(|| {
        near.write_all(&message)?;
        near.read_exact(&mut message)
    });
    series.map_err(failed("send a message and have it back"))
}

/// Microseconds of half a round trip.
pub(crate) fn half(seconds: f64) -> f64 {
    seconds * 1e6 / 2.0
}
