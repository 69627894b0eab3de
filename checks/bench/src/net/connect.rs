//! `net.tcp.connect`: connections that are opened, accepted and closed a second.

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

use hpcctl_model::bench::Better;

use super::failed;
use crate::measurement::{Figure, Measurement, Processors};

/// Connections in a unit.
const UNIT: usize = 8;

/// The row.
pub static CONNECT: Measurement = Measurement {
    figures: &[Figure {
        id: "net.tcp.connect",
        what: "TCP connections opened and closed",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::Shared,
    take: |_, clock| {
        let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(failed("listen"))?;
        let address = listener.local_addr().map_err(failed("listen"))?;
        let over = AtomicBool::new(false);
        let series = thread::scope(|scope| {
            scope.spawn(|| {
                // Closed on this side first: the other ports are free again at once.
                while listener.accept().is_ok() && !over.load(Relaxed) {}
            });
            let series = clock.series(|| {
                (0..UNIT).try_for_each(|_| {
                    let mut near = TcpStream::connect(address)?;
                    near.read_exact(&mut [0]).or(Ok(()))
                })
            });
            over.store(true, Relaxed);
            // Wakes the thread that accepts; where even that fails it has failed as well.
            drop(TcpStream::connect(address));
            series
        });
        let series = series.map_err(failed("connect over loopback"))?;
        Ok(vec![UNIT as f64 / series.typical()])
    },
};
