//! An end of what is measured between two processes: an agent that listens or sends, or dials and
//! times what passes.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use hpcctl_host::{Host, Live};
use rustix::thread::{CpuSet, sched_setaffinity};
use serde::{Deserialize, Serialize};

use crate::far::Rank;
use crate::net::latency::{echo, exchange, half};
use crate::net::stream::{receive, send};
use crate::ranks::rank;
use crate::timing::Clock;

/// How long a way may take until something passes.
const READY: Duration = Duration::from_secs(10);

/// How long a connection may take, and each message on it.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long one of several addresses may take to answer.
const SOME: Duration = Duration::from_millis(500);

/// How often a way that is not there yet is tried.
const TICK: Duration = Duration::from_millis(20);

/// How long a command that sets a way up may take.
const COMMAND: Duration = Duration::from_secs(10);

/// How much of a command line an error repeats.
const COMMAND_LINE: usize = 60;

/// What an end is told to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    /// Run a command that sets the way up.
    Run(Vec<String>),
    /// Listen there; the figure is the port.
    Listen {
        /// The address of this end.
        address: IpAddr,
        /// Where messages are answered.
        processor: usize,
    },
    /// Dial and measure: half a round trip in microseconds, megabytes a second.
    Dial {
        /// The other end: the first of these that answers.
        to: Vec<SocketAddr>,
        /// Where messages are sent.
        processor: usize,
        /// How long each is measured.
        length: Duration,
        /// A delay to plant, as a share.
        planted: f64,
    },
    /// Be a rank that sends messages; the figures are its process, where its message lies in its
    /// memory, and the port on its loopback.
    Rank {
        /// What its segment in /dev/shm is named by.
        token: u32,
        /// Where it sends.
        processor: usize,
    },
    /// Try what reaches another rank: the errno each of its memory and its segment, or 0.
    Reach(Rank),
}

/// Carries an order out.
pub(crate) fn carry_out(order: &Order) -> Result<Vec<f64>, String> {
    match order {
        Order::Run(argv) => run(argv).map(|()| Vec::new()),
        Order::Listen { address, processor } => {
            let port = listen(*address, *processor);
            port.map_err(|error| format!("cannot listen on {address}: {error}"))
        }
        Order::Dial {
            to,
            processor,
            length,
            planted,
        } => {
            let clock = Clock::new(*length, *planted);
            measure(to, *processor, clock)
        }
        Order::Rank { token, processor } => rank::be(*token, *processor),
        Order::Reach(rank) => Ok(rank::reach(rank).map(f64::from).to_vec()),
    }
}

/// Half a round trip in microseconds and megabytes a second, to the first of these that answers.
pub(crate) fn measure(
    to: &[SocketAddr],
    processor: usize,
    clock: Clock,
) -> Result<Vec<f64>, String> {
    let measured = thread::scope(|scope| {
        let timed = scope.spawn(|| {
            run_on(processor);
            let (found, near) = dial(to, b'm')?;
            let latency = exchange(near, clock)?;
            let (_, stream) = dial(&[found], b's')?;
            Ok((latency, send(stream, clock)?))
        });
        timed
            .join()
            .unwrap_or_else(|_| Err("a thread failed".to_owned()))
    });
    let (latency, rate) = measured?;
    Ok(vec![half(latency.typical()), rate])
}

/// Runs a command; what it says against it is the error.
pub(crate) fn run(argv: &[String]) -> Result<(), String> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let ran = Live.run(&words, COMMAND);
    if ran.ok() {
        return Ok(());
    }
    // The first words say which it is.
    let command = words
        .join(" ")
        .chars()
        .take(COMMAND_LINE)
        .collect::<String>();
    match ran.first_line() {
        "" => Err(format!("{command}: {}", ran.end)),
        said => Err(format!("{command}: {said}")),
    }
}

/// Both ends take turns on one processor: what is timed is the way, not how long another processor takes to
/// wake up, nor whether the scheduler has put both on one, by which a stream becomes three times as fast.
pub(crate) fn run_on(processor: usize) {
    if processor < CpuSet::MAX_CPU {
        let mut only = CpuSet::new();
        only.set(processor);
        // Where that fails the figure is that of wherever it runs.
        let _ = sched_setaffinity(None, &only);
    }
}

/// Ends this process at last, whatever it waits for.
pub(crate) fn no_longer_than(life: Duration) {
    thread::spawn(move || {
        thread::sleep(life);
        std::process::abort();
    });
}

fn listen(address: IpAddr, processor: usize) -> io::Result<Vec<f64>> {
    let listener = TcpListener::bind((address, 0))?;
    let port = listener.local_addr()?.port();
    // It ends with the process.
    thread::spawn(move || {
        for far in listener.incoming().flatten() {
            thread::spawn(move || answer(far, processor));
        }
    });
    Ok(vec![f64::from(port)])
}

/// The first byte says what follows; that it is repeated says who answers.
fn answer(mut far: TcpStream, processor: usize) {
    let mut what = [0];
    let met = far
        .set_nodelay(true)
        .and_then(|()| far.read_exact(&mut what))
        .and_then(|()| far.write_all(&[!what[0]]));
    if met.is_err() {
        return;
    }
    run_on(processor);
    match what[0] {
        b'm' => echo(far),
        _ => receive(far),
    }
}

/// Connects as soon as the way is there.
fn dial(to: &[SocketAddr], what: u8) -> Result<(SocketAddr, TcpStream), String> {
    let until = Instant::now() + READY;
    // Of several addresses some may lead nowhere, which is not waited for long.
    let patience = if to.len() > 1 { SOME } else { PATIENCE };
    loop {
        let mut why = "there is no address to connect to".to_owned();
        for address in to {
            match meet(*address, what, patience) {
                Ok(near) => return Ok((*address, near)),
                Err(error) => why = format!("cannot connect to {address}: {error}"),
            }
        }
        if Instant::now() >= until {
            return Err(why);
        }
        thread::sleep(TICK);
    }
}

/// Connects to an end of ours.
fn meet(to: SocketAddr, what: u8, patience: Duration) -> io::Result<TcpStream> {
    let mut near = TcpStream::connect_timeout(&to, patience)?;
    near.set_nodelay(true)?;
    near.set_read_timeout(Some(patience))?;
    near.set_write_timeout(Some(PATIENCE))?;
    near.write_all(&[what])?;
    let mut said = [0];
    near.read_exact(&mut said)?;
    if said[0] != !what {
        return Err(io::Error::other("somebody else listens there"));
    }
    near.set_read_timeout(Some(PATIENCE))?;
    Ok(near)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_timed() {
        let address = IpAddr::from([127, 0, 0, 1]);
        let listen = Order::Listen {
            address,
            processor: 0,
        };
        let port = carry_out(&listen).unwrap()[0] as u16;
        let dial = |port| Order::Dial {
            to: vec![(address, port).into()],
            processor: 0,
            length: Duration::from_millis(5),
            planted: 0.0,
        };
        let figures = carry_out(&dial(port)).unwrap();
        assert_eq!(figures.len(), 2);
        assert!(figures.iter().all(|figure| *figure > 0.0), "{figures:?}");
    }

    #[test]
    fn a_command_that_fails_is_told_with_its_words() {
        let order = |argv: &[&str]| Order::Run(argv.iter().map(ToString::to_string).collect());
        assert_eq!(carry_out(&order(&["true"])), Ok(Vec::new()));
        let why = carry_out(&order(&["cat", "/nonexistent"])).unwrap_err();
        assert!(why.contains("cat /nonexistent: cat:"), "{why}");
        let why = carry_out(&order(&["/nonexistent"])).unwrap_err();
        assert!(why.contains("not started: ENOENT"), "{why}");
    }
}
