//! Two processes that send each other messages: the one that takes the times, and the one that answers.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use hpcctl_host::fabric::{Endpoint, Span};
use serde::{Deserialize, Serialize};

use super::{BANDWIDTH, LATENCY, Way, open};
use crate::end::{no_longer_than, run_on};
use crate::far;
use crate::measurement::Task;
use crate::net::latency::half;
use crate::question::Question;
use crate::timing::Clock;

/// Messages under way at a time.
const WINDOW: usize = 16;

/// Where in the memory the messages of a window are that are sent, and those that are received.
const ROOM: usize = WINDOW << 20;
const MEMORY: usize = 2 * ROOM;

/// The bytes of the word that a window has come.
const WORD: usize = 8;

/// The first byte of the last message.
const OVER: u8 = 0xff;

/// How long a size is measured at least.
const SHORTEST: Duration = Duration::from_millis(5);

/// Both live no longer than that, whatever becomes of whoever started them: they wait without rest.
const LIFE: Duration = Duration::from_secs(50);

/// How long the process that answers may take to end.
const ENDING: Duration = Duration::from_secs(5);

/// What is left to say where a thread failed.
const FAILED: &str = "the process that answers failed";

/// The process that answers, as far as it is.
enum Follower {
    Open(Endpoint, usize),
    Answers(thread::JoinHandle<Result<(), String>>),
}

/// What answers in this process.
static FOLLOWER: Mutex<Option<Follower>> = Mutex::new(None);

/// What the process that answers is told, one after the other.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Follow {
    /// To open its endpoint, and on which processor; the answer is its address, in JSON.
    Open(Way, usize),
    /// To answer the one with this address.
    Answer(Vec<u8>),
    /// To have done that: the answer comes when all is closed.
    Close,
}

/// Takes the times, of what passes to a process beside this one.
pub(super) fn lead(way: Way, task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    let [near, far, ..] = *task.processors.as_slice() else {
        return Err("there is one processor only".into());
    };
    no_longer_than(LIFE);
    let mut other = far::alike(&task.agent, &[])?;
    let mut tell = |follow| far::told(&mut other, &Question::Follow(follow));
    let measured = thread::scope(|scope| {
        // Both libraries begin at the same time.
        let own = scope.spawn(|| open(way, MEMORY));
        let address = tell(Follow::Open(way, far));
        let own = own.join().unwrap_or_else(|_| Err(FAILED.into()));
        let (mut endpoint, name) = own?;
        run_on(near);
        let measured = serde_json::from_str(&address?)
            .map_err(|error| format!("the address cannot be read: {error}"))
            .and_then(|address: Vec<u8>| endpoint.meet(&address))
            .and_then(|()| tell(Follow::Answer(endpoint.address()?)))
            .and_then(|_| sizes(&mut endpoint, clock));
        let measured = measured.and_then(|figures| tell(Follow::Close).map(|_| figures));
        measured.map_err(|why| format!("{name}: {why}"))
    });
    // Ended by a signal, its shared memory would stay behind.
    other.end(ENDING);
    measured
}

/// What each size takes.
fn sizes(endpoint: &mut Endpoint, clock: Clock) -> Result<Vec<f64>, String> {
    let clock = clock
        .share((LATENCY.len() + BANDWIDTH.len()) as u32)
        .at_least(SHORTEST);
    let mut figures = Vec::new();
    for size in LATENCY {
        figures.push(half(ping(endpoint, clock, size)?));
    }
    for size in BANDWIDTH {
        let seconds = stream(endpoint, clock, size)?;
        figures.push((size * WINDOW) as f64 / 1e6 / seconds);
    }
    Ok(figures)
}

impl Follow {
    /// Does it, as the process that answers.
    pub(crate) fn carry_out(&self) -> Result<String, String> {
        let mut follower = FOLLOWER.lock().map_err(|_| FAILED)?;
        match self {
            Self::Open(way, processor) => {
                no_longer_than(LIFE);
                let (endpoint, _) = open(*way, MEMORY)?;
                let address = endpoint.address()?;
                *follower = Some(Follower::Open(endpoint, *processor));
                serde_json::to_string(&address).map_err(|error| error.to_string())
            }
            Self::Answer(address) => {
                let Some(Follower::Open(mut endpoint, processor)) = follower.take() else {
                    return Err("there is no endpoint".into());
                };
                endpoint.meet(address)?;
                let answering = thread::spawn(move || {
                    run_on(processor);
                    answer(&mut endpoint)
                });
                *follower = Some(Follower::Answers(answering));
                Ok(String::new())
            }
            Self::Close => match follower.take() {
                Some(Follower::Answers(answering)) => {
                    let answered = answering.join().map_err(|_| FAILED)?;
                    answered.map(|()| String::new())
                }
                _ => Ok(String::new()),
            },
        }
    }
}

/// The memory of a message that is sent, the nth of a window.
fn sent(n: usize, size: usize) -> Span {
    n * size..(n + 1) * size
}

/// The memory of a message that is received, the nth of a window.
fn received(n: usize, size: usize) -> Span {
    ROOM + n * size..ROOM + (n + 1) * size
}

/// A message that comes back: seconds of a round trip.
fn ping(endpoint: &mut Endpoint, clock: Clock, size: usize) -> Result<f64, String> {
    let trip = |endpoint: &mut Endpoint| {
        endpoint.receive(received(0, size))?;
        endpoint.send(sent(0, size))?;
        endpoint.all_received()?;
        endpoint.all_sent()
    };
    let message = endpoint.memory()?;
    for (n, byte) in message[..size].iter_mut().enumerate() {
        *byte = (n * 7 % 251) as u8;
    }
    trip(endpoint)?;
    let memory = endpoint.memory()?;
    if memory[sent(0, size)] != memory[received(0, size)] {
        return Err(format!(
            "a message of {size} bytes does not come back as it was sent"
        ));
    }
    let seconds = clock.batches(|| trip(endpoint))?;
    endpoint.memory()?[0] = OVER;
    endpoint.send(sent(0, size))?;
    endpoint.all_sent()?;
    Ok(seconds)
}

/// Many messages at a time: seconds of a window.
fn stream(endpoint: &mut Endpoint, clock: Clock, size: usize) -> Result<f64, String> {
    let window = |endpoint: &mut Endpoint| {
        endpoint.receive(received(0, WORD))?;
        for n in 0..WINDOW {
            endpoint.send(sent(n, size))?;
        }
        endpoint.all_sent()?;
        endpoint.all_received()
    };
    endpoint.memory()?[..ROOM].fill(1);
    let seconds = clock.batches(|| window(endpoint))?;
    endpoint.memory()?[..ROOM].fill(OVER);
    window(endpoint)?;
    Ok(seconds)
}

/// Sends back what comes, and says of each window that it has come. What is to be received is asked for before
/// the other one can send it.
fn answer(endpoint: &mut Endpoint) -> Result<(), String> {
    for size in LATENCY {
        endpoint.receive(received(0, size))?;
        endpoint.all_received()?;
        // Of memory of its own, as in `mpi`: what was just received would have to be fetched from another cache.
        let memory = endpoint.memory()?;
        memory.copy_within(received(0, size), 0);
        while endpoint.byte(ROOM) != OVER {
            endpoint.receive(received(0, size))?;
            endpoint.send(sent(0, size))?;
            endpoint.all_received()?;
            endpoint.all_sent()?;
        }
    }
    for size in BANDWIDTH {
        let ask = |endpoint: &mut Endpoint| {
            (0..WINDOW).try_for_each(|n| endpoint.receive(received(n, size)))
        };
        ask(endpoint)?;
        loop {
            endpoint.all_received()?;
            let over = endpoint.byte(ROOM) == OVER;
            if !over {
                ask(endpoint)?;
            }
            endpoint.send(sent(0, WORD))?;
            endpoint.all_sent()?;
            if over {
                break;
            }
        }
    }
    Ok(())
}
