//! `launch.start`: from the call that starts a program to the news that it has ended.
//!
//! The program ends with its first instructions, so nearly all of it is the launcher's.

use hpcctl_host::command;
use hpcctl_host::trial::{EnterError, Entry};
use hpcctl_model::bench::Better;

use super::Launch;
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::timing::{Clock, Series};

/// The row.
pub static START: Measurement = Measurement {
    figures: &[Figure {
        id: "launch.start",
        what: "a program started and ended, against fork and exec",
        unit: "ms",
        better: Better::Less,
    }],
    processors: Processors::All,
    take,
};

fn take(task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    let series = match &task.launch {
        Some(Launch::Plain(program)) => commands(&[program.display().to_string()], clock),
        Some(Launch::Command(argv)) => commands(argv, clock),
        Some(Launch::Room(room, program)) => {
            let entry = room.entry(&[program.display().to_string()], &[]);
            let entry = entry.map_err(|error| error.to_string())?;
            rooms(&entry, clock)
        }
        None => Err("nothing to launch".into()),
    };
    Ok(vec![series?.typical() * 1e3])
}

fn commands(argv: &[String], clock: Clock) -> Result<Series, String> {
    clock.series(|| command::launch(argv))
}

fn rooms(entry: &Entry, clock: Clock) -> Result<Series, String> {
    clock.series(|| {
        let entered = entry
            .start()
            .map_err(|error: EnterError| error.to_string())?;
        match entered.wait() {
            Ok(0) => Ok(()),
            Ok(status) => Err(format!("the program ended with {status}")),
            Err(errno) => Err(format!("cannot wait for the program: {errno}")),
        }
    })
}
