//! Ranks: messages between two processes of a node by size, as an MPI sends them.
//!
//! A small message is copied through a segment that both ranks have mapped, a large one is read
//! straight from the memory of the other rank (CMA). Each needs something that a container may
//! take away: one /dev/shm for both, one user and one pid namespace. What then is left is the way
//! that an MPI falls back to; one that has none aborts, and only from the size on at which it
//! changes ways. So a sweep by size finds what a single message does not.
//!
//! Both run on one processor and sleep until the other is done, as for TCP: what is timed is the
//! way of the message, not how long another processor takes to wake up.

pub(crate) mod rank;
mod segment;

use std::time::Duration;

use crate::far::{self, Far};
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::timing::Clock;

use rank::Reader;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&MESSAGES];

/// From this size on a message is read from the memory of the other rank, as the transports of
/// Open MPI and MPICH do by default or nearly so.
pub(crate) const DIRECT: usize = 64 << 10;

/// The largest message.
pub(crate) const LARGEST: usize = 4 << 20;

/// The sizes, as the figures name them.
const SIZES: [usize; 5] = [8, 4 << 10, DIRECT, 1 << 20, LARGEST];

/// How long a size is measured at least: more than what others take of the processor at a time.
const SHORTEST: Duration = Duration::from_millis(5);

/// The row.
pub static MESSAGES: Measurement = Measurement {
    figures: &[
        Figure::time("ranks.8B", "a message of 8 bytes from rank to rank"),
        Figure::time("ranks.4KiB", "a message of 4 KiB from rank to rank"),
        Figure::time("ranks.64KiB", "a message of 64 KiB from rank to rank"),
        Figure::time("ranks.1MiB", "a message of 1 MiB from rank to rank"),
        Figure::time("ranks.4MiB", "a message of 4 MiB from rank to rank"),
    ],
    processors: Processors::Shared,
    take,
};

fn take(task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    let processor = task.processors.first().copied().unwrap_or(0);
    // Ended with this figure, where it is ours.
    let mut beside = None;
    let rank = match &task.far {
        Some(Far::Rank(rank)) => *rank,
        Some(Far::Listens { .. } | Far::Launched(_)) => {
            return Err("the other end is no rank".into());
        }
        None => {
            let mut end = far::beside(&task.agent)?;
            let rank = far::rank(&mut end, rank::token(), processor)?;
            beside = Some(end);
            rank
        }
    };
    let mut reader = Reader::meet(&rank)?;
    let clock = clock.share(SIZES.len() as u32).at_least(SHORTEST);
    let times = SIZES.iter().map(|size| {
        let series = clock.series(|| reader.read(*size))?;
        Ok(series.typical() * 1e6)
    });
    let times = times.collect();
    drop(reader);
    drop(beside);
    times
}
