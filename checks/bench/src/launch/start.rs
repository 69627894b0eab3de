//! `launch.start`: from the call that starts a program to the news that it has ended.
//!
//! The program ends with its first instructions, so nearly all of it is the launcher's.

use hpcctl_host::command;
use hpcctl_host::trial::{EnterError, Entry};
use hpcctl_model::bench::Better;

use super::Launch;
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::timing::Clock;

/// The row.
pub static START: Measurement = Measurement {
    figures: &[Figure {
        id: "launch.start",
        what: "a program started and ended, against fork and exec, all of it in the page cache",
        unit: "ms",
        better: Better::Less,
    }],
    processors: Processors::All,
    take: |task, clock| launched(task, clock, || ()),
};

/// Milliseconds of a start; before each of them something is done that is no part of it.
pub(super) fn launched(
    task: &Task,
    clock: Clock,
    before: impl FnMut(),
) -> Result<Vec<f64>, String> {
    let series = match &task.launch {
        Some(Launch::Plain(program)) => {
            let argv = [program.display().to_string()];
            clock.series_after(before, || command::launch(&argv))
        }
        Some(Launch::Command(argv)) => clock.series_after(before, || command::launch(argv)),
        Some(Launch::Room(room, program)) => {
            let entry = room.entry(&[program.display().to_string()], &[]);
            let entry = entry.map_err(|error| error.to_string())?;
            clock.series_after(before, || enter(&entry))
        }
        None => Err("nothing to launch".into()),
    };
    Ok(vec![series?.typical() * 1e3])
}

fn enter(entry: &Entry) -> Result<(), String> {
    let entered = entry
        .start()
        .map_err(|error: EnterError| error.to_string())?;
    match entered.wait() {
        Ok(0) => Ok(()),
        Ok(status) => Err(format!("the program ended with {status}")),
        Err(errno) => Err(format!("cannot wait for the program: {errno}")),
    }
}
