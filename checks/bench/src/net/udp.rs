//! `net.udp.datagrams`, `net.udp.delivered`: datagrams in bursts, and how many arrive.

use std::io;
use std::net::UdpSocket;
use std::thread;
use std::time::Duration;

use hpcctl_model::bench::Better;

use super::failed;
use crate::measurement::{Figure, Measurement, Processors};

/// The datagrams of a burst.
const BURST: usize = 32;

/// The bytes of a datagram.
const DATAGRAM: usize = 1024;

/// How long a datagram may be under way before it counts as lost.
const PATIENCE: Duration = Duration::from_millis(50);

/// The row.
pub static UDP: Measurement = Measurement {
    figures: &[
        Figure {
            id: "net.udp.datagrams",
            what: "datagrams of 1 KiB over UDP, in bursts of 32",
            unit: "/s",
            better: Better::More,
        },
        Figure {
            id: "net.udp.delivered",
            what: "of which arrive",
            unit: "%",
            better: Better::More,
        },
    ],
    processors: Processors::Shared,
    take: |_, clock| {
        let (near, far) = pair().map_err(failed("open sockets of UDP"))?;
        let (mut sent, mut arrived) = (0_usize, 0_usize);
        let series = thread::scope(|scope| {
            scope.spawn(move || count(&far));
            let series = clock.series(|| {
                let burst = [0; DATAGRAM];
                (0..BURST).try_for_each(|_| near.send(&burst).map(drop))?;
                let mut word = [0; 1];
                sent += BURST;
                near.recv(&mut word)?;
                arrived += usize::from(word[0]);
                Ok::<(), io::Error>(())
            });
            // An empty datagram ends the counting; where it is lost, patience does.
            let _ = near.send(&[]);
            series
        });
        let series = series.map_err(failed("send datagrams"))?;
        let delivered = arrived as f64 / sent.max(1) as f64;
        Ok(vec![
            BURST as f64 * delivered / series.typical(),
            100.0 * delivered,
        ])
    },
};

/// Two sockets that know each other.
fn pair() -> io::Result<(UdpSocket, UdpSocket)> {
    let near = UdpSocket::bind(("127.0.0.1", 0))?;
    let far = UdpSocket::bind(("127.0.0.1", 0))?;
    near.connect(far.local_addr()?)?;
    far.connect(near.local_addr()?)?;
    near.set_read_timeout(Some(PATIENCE * 20))?;
    far.set_read_timeout(Some(PATIENCE))?;
    Ok((near, far))
}

/// Counts the datagrams of each burst and tells the sender; ends with an empty one, or when
/// nothing has come for a second.
fn count(far: &UdpSocket) {
    let mut datagram = [0; DATAGRAM];
    let mut idle = 0;
    while idle < 20 {
        let mut arrived = 0;
        while arrived < BURST {
            match far.recv(&mut datagram) {
                Ok(0) => return,
                Ok(_) => arrived += 1,
                Err(_) => break,
            }
        }
        idle = if arrived == 0 { idle + 1 } else { 0 };
        if arrived > 0 && far.send(&[arrived as u8]).is_err() {
            return;
        }
    }
}
