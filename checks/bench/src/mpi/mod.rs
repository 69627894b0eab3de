//! MPI: messages by size and sums between two ranks, with whatever MPI there is on either side.
//!
//! Launcher and library are those that the agent finds where it is: outside the node's, inside
//! those of the image, or the node's own where the container runs on the node's tree, so that both
//! ranks are in one container. Or else the agent outside takes the figures of inside, too: its launcher
//! starts ranks in containers, as the runtime says, with the library that is there or the node's.
//!
//! What is timed is what OSU's osu_latency, osu_bw and osu_allreduce time: half of a round trip of
//! blocking calls, a window of messages under way at a time, a sum that both wait for.

mod approach;
mod launcher;
mod rank;

use std::path::Path;
use std::time::Duration;

use hpcctl_host::Live;
use hpcctl_model::bench::MpiLibrary;

pub use approach::Approach;
pub(crate) use approach::{Mapped, Ranks};
pub use rank::{Digest, be_rank};

use crate::far::Far;
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::question::Means;
use crate::timing::Clock;
use launcher::Launcher;
use rank::{MARK, Plan, Said};

/// The option that makes an agent a rank; its value is what the rank is told.
const RANK: &str = "--mpi-rank";

/// How long ranks may take to the next word; less than an agent may take to the figures.
const PATIENCE: Duration = Duration::from_secs(25);

/// How long the launcher may take to end.
const ENDING: Duration = Duration::from_secs(10);

/// The most lines that are looked at.
const LINES: usize = 1000;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[&MPI];

/// A figure and the bytes of its messages.
#[derive(Debug)]
struct Sized {
    id: &'static str,
    size: usize,
}

const fn sized(id: &'static str, size: usize) -> Sized {
    Sized { id, size }
}

/// Half round trips.
static LATENCY: [Sized; 5] = [
    sized("mpi.latency.8B", 8),
    sized("mpi.latency.4KiB", 4 << 10),
    sized("mpi.latency.64KiB", 64 << 10),
    sized("mpi.latency.1MiB", 1 << 20),
    sized("mpi.latency.4MiB", 4 << 20),
];

/// Windows of messages.
static BANDWIDTH: [Sized; 2] = [
    sized("mpi.bandwidth.64KiB", 64 << 10),
    sized("mpi.bandwidth.1MiB", 1 << 20),
];

/// Sums.
static ALLREDUCE: [Sized; 2] = [
    sized("mpi.allreduce.8B", 8),
    sized("mpi.allreduce.64KiB", 64 << 10),
];

/// The row.
static MPI: Measurement = Measurement {
    figures: &[
        Figure::time("mpi.latency.8B", "half a round trip of 8 bytes by MPI"),
        Figure::time("mpi.latency.4KiB", "half a round trip of 4 KiB by MPI"),
        Figure::time("mpi.latency.64KiB", "half a round trip of 64 KiB by MPI"),
        Figure::time("mpi.latency.1MiB", "half a round trip of 1 MiB by MPI"),
        Figure::time("mpi.latency.4MiB", "half a round trip of 4 MiB by MPI"),
        Figure::rate(
            "mpi.bandwidth.64KiB",
            "messages of 64 KiB by MPI, 16 under way",
        ),
        Figure::rate(
            "mpi.bandwidth.1MiB",
            "messages of 1 MiB by MPI, 16 under way",
        ),
        Figure::time("mpi.allreduce.8B", "a sum of 8 bytes over both ranks"),
        Figure::time("mpi.allreduce.64KiB", "a sum of 64 KiB over both ranks"),
    ],
    // Ranks wait without rest: on one processor each would wait for the other's time to be over.
    processors: Processors::Two,
    take,
};

/// The library that two ranks use, in JSON.
pub(crate) fn library(means: &Means) -> Result<String, String> {
    let library = ranks(means, None, &[])?.library;
    serde_json::to_string(&library).map_err(|error| error.to_string())
}

/// What two ranks have mapped, in JSON.
pub(crate) fn mapped(means: &Means) -> Result<String, String> {
    let mapped = ranks(means, None, &[])?.mapped;
    serde_json::to_string(&mapped).map_err(|error| error.to_string())
}

fn take(task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    let plan = Some((clock.length(), task.planted));
    let means = Means {
        agent: task.agent.clone(),
        place: task.place.clone(),
        ranks: match &task.far {
            Some(Far::Launched(ranks)) => Some(ranks.clone()),
            _ => None,
        },
    };
    Ok(ranks(&means, plan, &task.processors)?.figures)
}

/// What two ranks told.
#[derive(Debug, Default)]
struct Told {
    library: Option<MpiLibrary>,
    mapped: Option<Mapped>,
    figures: Vec<f64>,
}

/// Starts two ranks: the library that they use, and their figures where a time is given, else what
/// they have mapped.
fn ranks(
    means: &Means,
    measure: Option<(Duration, f64)>,
    processors: &[usize],
) -> Result<Told, String> {
    let launcher = Launcher::find(&Live)?;
    let (agent, library) = match &means.ranks {
        Some(ranks) => (&ranks.command, ranks.library.as_deref()),
        None => (&means.agent, None),
    };
    let plan = Plan {
        libraries: match (library, &means.ranks) {
            (Some(library), _) => vec![library.display().to_string()],
            // What is beside the launcher may be another MPI there.
            (None, Some(_)) => [launcher.names(), launcher.libraries()].concat(),
            (None, None) => launcher.libraries(),
        },
        processors: processors.to_vec(),
        length: measure.map(|(length, _)| length),
        planted: measure.map_or(0.0, |(_, planted)| planted),
    };
    let plan = serde_json::to_string(&plan).map_err(|error| error.to_string())?;
    let command = [agent.as_slice(), &[RANK.to_owned(), plan]].concat();
    let mut started = launcher.start(&command, &means.written(), library.and_then(Path::parent))?;
    let mut told = Told::default();
    let mut at = "MPI_Init".to_owned();
    for _ in 0..LINES {
        let line = started
            .ask("", PATIENCE)
            .map_err(|error| format!("{at}, {}: {error}", launcher.name()))?;
        let said = line.strip_prefix(MARK);
        match said.and_then(|said| serde_json::from_str(said).ok()) {
            Some(Said::Met(library)) => told.library = Some(library),
            Some(Said::Mapped(mapped)) => {
                started.end(ENDING);
                told.mapped = Some(mapped);
                return Ok(told);
            }
            Some(Said::At(figure)) => at = figure,
            Some(Said::Figures(figures)) => {
                // Both still have to leave each other.
                started.end(ENDING);
                told.figures = figures;
                return Ok(told);
            }
            Some(Said::Failed(why)) => {
                started.end(ENDING);
                return Err(why);
            }
            // What the launcher or the library says beside.
            None => {}
        }
    }
    Err(format!("{} says too much", launcher.name()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_size() {
        let sized = LATENCY.iter().chain(&BANDWIDTH).chain(&ALLREDUCE);
        let sized: Vec<&str> = sized.map(|it| it.id).collect();
        let named: Vec<&str> = MPI.figures.iter().map(|it| it.id).collect();
        assert_eq!(sized, named);
    }
}
