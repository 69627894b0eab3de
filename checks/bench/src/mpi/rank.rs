//! A rank: two processes that a launcher started, of which the first measures and tells.
//!
//! Its lines go through the launcher, which may put lines of its own among them. Before each figure
//! it says which comes: of an MPI that aborts only with large messages, that is all that is left.

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use hpcctl_host::mpi::World;
use hpcctl_model::bench::MpiLibrary;
use rustix::process::{Signal, set_parent_process_death_signal};
use serde::{Deserialize, Serialize};

use super::{ALLREDUCE, BANDWIDTH, LATENCY, Mapped, Sized};
use crate::end::{no_longer_than, run_on};
use crate::net::latency::half;
use crate::timing::Clock;

/// What a line of a rank begins with.
pub(super) const MARK: &str = "hpcctl-mpi ";

/// A rank lives no longer than that, whatever becomes of its launcher: it would wait without rest.
const LIFE: Duration = Duration::from_secs(50);

/// The bytes of a page.
const PAGE: usize = 4096;

/// Messages under way at a time.
const WINDOW: usize = 16;

/// The first byte of the last message.
const OVER: u8 = 0xff;

/// What the two give to be summed, and what the first gives at the end.
const GIVEN: [f64; 2] = [1.0, 2.0];
const LAST: f64 = 100.0;

/// How long a size is measured at least.
const SHORTEST: Duration = Duration::from_millis(5);

/// What a rank is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Plan {
    /// The libraries to try.
    pub(super) libraries: Vec<String>,
    /// Where they run, one each.
    pub(super) processors: Vec<usize>,
    /// How long everything is measured; nothing is, where it is not said.
    pub(super) length: Option<Duration>,
    /// A delay to plant, as a share.
    pub(super) planted: f64,
}

/// What a rank says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Said {
    /// The library that both use.
    Met(MpiLibrary),
    /// What the first of them has mapped, where nothing is measured.
    Mapped(Mapped),
    /// The figure that comes next.
    At(String),
    /// All figures.
    Figures(Vec<f64>),
    /// Why there are none.
    Failed(String),
}

/// Tells the digest of a file.
pub type Digest = fn(&Path) -> io::Result<String>;

/// Becomes the rank that the launcher made it.
///
/// # Errors
///
/// When nobody listens.
pub fn be_rank(plan: &str, out: impl Write, digest: Digest) -> io::Result<()> {
    // It goes with the launcher, and does not depend on that either.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    no_longer_than(LIFE);
    join_in(plan, out, digest)
}

/// Does as the plan says.
fn join_in(plan: &str, mut out: impl Write, digest: Digest) -> io::Result<()> {
    let joined = serde_json::from_str::<Plan>(plan)
        .map_err(|error| format!("the plan cannot be read: {error}"))
        .and_then(|plan| {
            let world = World::join(&plan.libraries)?;
            Ok((plan, world))
        });
    let (plan, world) = match joined {
        Ok(joined) => joined,
        Err(why) => return say(&mut out, &Said::Failed(why)),
    };
    let done =
        meet(&plan, &world, digest, &mut out).and_then(|()| world.end().map_err(io::Error::other));
    match done {
        Ok(()) => Ok(()),
        Err(error) => say(&mut out, &Said::Failed(error.to_string())),
    }
}

fn say(out: &mut impl Write, said: &Said) -> io::Result<()> {
    // One write: the other rank may write, too.
    out.write_all(format!("{MARK}{}\n", serde_json::to_string(said)?).as_bytes())?;
    out.flush()
}

/// Measures with the other one; what fails among them ends both.
fn meet(plan: &Plan, world: &World, digest: Digest, out: &mut impl Write) -> io::Result<()> {
    if world.size != 2 {
        let why = format!(
            "the ranks do not find each other, each is in a world of {}: the launcher is not that \
             of the library ({})",
            world.size, world.library
        );
        return say(out, &Said::Failed(why));
    }
    // After the library began, which may have chosen a place of its own.
    if let Some(processor) = plan
        .processors
        .get(world.rank % plan.processors.len().max(1))
    {
        run_on(*processor);
    }
    if world.rank == 0 {
        let file = world.file.clone().filter(|_| plan.length.is_none());
        say(
            out,
            &Said::Met(MpiLibrary {
                says: world.library.clone(),
                digest: file.as_ref().and_then(|file| digest(file.as_ref()).ok()),
                file,
            }),
        )?;
    }
    let Some(length) = plan.length else {
        return match Mapped::here(world.file.as_deref().unwrap_or("").as_ref()) {
            Ok(mapped) if world.rank == 0 => say(out, &Said::Mapped(mapped)),
            told => told.map(drop),
        };
    };
    let clock = Clock::new(length, plan.planted);
    let figures = if world.rank == 0 {
        lead(world, clock, out)
    } else {
        follow(world).map(|()| Vec::new())
    };
    match figures {
        Ok(figures) if world.rank == 0 => say(out, &Said::Figures(figures)),
        Ok(_) => Ok(()),
        Err(why) => {
            // Said first: whoever aborts says no more.
            let said = say(out, &Said::Failed(why));
            world.abort();
            said
        }
    }
}

/// The first rank: takes the times.
fn lead(world: &World, clock: Clock, out: &mut impl Write) -> Result<Vec<f64>, String> {
    let many = LATENCY.len() + BANDWIDTH.len() + ALLREDUCE.len();
    let clock = clock.share(many as u32).at_least(SHORTEST);
    let mut at =
        |sized: &Sized| say(out, &Said::At(sized.id.into())).map_err(|error| error.to_string());
    let mut figures = Vec::with_capacity(many);
    for sized in &LATENCY {
        at(sized)?;
        figures.push(half(ping(world, clock, sized.size)?));
    }
    for sized in &BANDWIDTH {
        at(sized)?;
        let bytes = (sized.size * WINDOW) as f64;
        figures.push(bytes / stream(world, clock, sized.size)? / 1e6);
    }
    for sized in &ALLREDUCE {
        at(sized)?;
        figures.push(sum(world, clock, sized.size)? * 1e6);
    }
    Ok(figures)
}

/// The second rank: answers.
fn follow(world: &World) -> Result<(), String> {
    for sized in &LATENCY {
        let mut rooms = [Vec::new(), Vec::new()];
        let [message, answer] = rooms.each_mut().map(|room| on_a_page(room, sized.size));
        world.receive(0, message)?;
        // Sent again and again, as OSU's and Intel's benchmarks do: what was just received would
        // have to be fetched from the cache of this processor each time.
        answer.copy_from_slice(message);
        while message[0] != OVER {
            world.send(0, answer)?;
            world.receive(0, message)?;
        }
    }
    for sized in &BANDWIDTH {
        let mut messages = vec![0; sized.size * WINDOW];
        let mut next = [0];
        loop {
            world.receive(0, &mut next)?;
            if next[0] == OVER {
                break;
            }
            world.receive_all(0, &mut messages, sized.size)?;
            world.send(0, &next)?;
        }
    }
    for sized in &ALLREDUCE {
        let mine = vec![GIVEN[1]; sized.size / size_of::<f64>()];
        let mut all = vec![0.0; mine.len()];
        while {
            world.sum(&mine, &mut all)?;
            all[0] < LAST
        } {}
    }
    Ok(())
}

/// So many bytes that begin with a page, as those of OSU's and Intel's benchmarks do.
fn on_a_page(room: &mut Vec<u8>, size: usize) -> &mut [u8] {
    room.resize(size + PAGE, 0);
    let begin = room.as_ptr().align_offset(PAGE);
    &mut room[begin..begin + size]
}

/// A message that comes back: seconds of a round trip.
fn ping(world: &World, clock: Clock, size: usize) -> Result<f64, String> {
    let mut rooms = [Vec::new(), Vec::new()];
    let [message, back] = rooms.each_mut().map(|room| on_a_page(room, size));
    for (n, byte) in message.iter_mut().enumerate() {
        *byte = (n * 7 % 251) as u8;
    }
    world.send(1, message)?;
    world.receive(1, back)?;
    if back != message {
        return Err(format!(
            "a message of {size} bytes does not come back as it was sent"
        ));
    }
    let seconds = clock.batches(|| {
        world.send(1, message)?;
        world.receive(1, back)
    })?;
    message[0] = OVER;
    world.send(1, message)?;
    Ok(seconds)
}

/// Many messages at a time: seconds of a window.
fn stream(world: &World, clock: Clock, size: usize) -> Result<f64, String> {
    let messages = vec![1; size * WINDOW];
    let mut next = [0];
    let seconds = clock.batches(|| {
        world.send(1, &next)?;
        world.send_all(1, &messages, size)?;
        world.receive(1, &mut next)
    })?;
    world.send(1, &[OVER])?;
    Ok(seconds)
}

/// Sums of both: seconds of one.
fn sum(world: &World, clock: Clock, size: usize) -> Result<f64, String> {
    let mut mine = vec![GIVEN[0]; size / size_of::<f64>()];
    let mut all = vec![0.0; mine.len()];
    let expected: f64 = GIVEN.iter().sum();
    let seconds = clock.batches(|| {
        world.sum(&mine, &mut all)?;
        if all.iter().all(|one| (one - expected).abs() < f64::EPSILON) {
            Ok(())
        } else {
            Err(format!("a sum of {size} bytes is not what was given"))
        }
    })?;
    mine[0] = LAST;
    world.sum(&mine, &mut all)?;
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_rank_says_why() {
        let said = |plan: &str| {
            let mut out = Vec::new();
            join_in(plan, &mut out, |_| Ok(String::new())).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(said("{").starts_with("hpcctl-mpi {\"failed\":\"the plan cannot be read"));
        let plan = r#"{"libraries":["/nonexistent.so"],"processors":[],"length":null,"planted":0}"#;
        assert!(said(plan).contains("no MPI library can be opened: /nonexistent.so"));
    }

    #[test]
    fn messages_begin_with_a_page() {
        let mut room = Vec::new();
        for size in [8, PAGE, 70_000] {
            let message = on_a_page(&mut room, size);
            assert_eq!(message.len(), size);
            assert!(message.as_ptr().addr().is_multiple_of(PAGE));
        }
    }
}
