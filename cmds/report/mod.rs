//! `hpcctl report`: what changed since last night, from a history of results.

use std::path::Path;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::history::History;
use crate::state::Kept;
use crate::ui::Ui;

mod add;
mod diff;
mod export;
mod nightly;
mod prune;

/// Keep results, and tell what changed.
///
/// What doctor, fleet, scan, gate and bench found is kept in the state directory, folded; the
/// decisions of gate are read from their own log.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "\
EXAMPLES
  hpcctl report add fleet.json bench.json
  hpcctl report nightly -o mail
  hpcctl report diff before.json after.json
  hpcctl report prune --keep 400d")]
pub struct Report {
    #[command(subcommand)]
    command: ReportCommand,
}

#[derive(Debug, Subcommand)]
enum ReportCommand {
    Add(add::Add),
    Nightly(nightly::Nightly),
    Diff(diff::Diff),
    Prune(prune::Prune),
    Export(export::Export),
}

impl Report {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match &self.command {
            ReportCommand::Add(add) => add.run(),
            ReportCommand::Nightly(nightly) => nightly.run(ui),
            ReportCommand::Diff(diff) => diff.run(ui),
            ReportCommand::Prune(prune) => prune.run(),
            ReportCommand::Export(export) => export.run(ui),
        }
    }
}

/// The history in the state directory.
fn history(kept: &Kept) -> Result<History, Failure> {
    Ok(History::below(&kept.directory()?))
}

/// Reads a number of days or hours, such as 400d or 36h.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let number = |unit: char| text.strip_suffix(unit)?.parse::<i64>().ok();
    let hours = number('d').map(|days| days.saturating_mul(24));
    let hours = hours.or_else(|| number('h'));
    match hours {
        Some(hours @ 1..=876_000) => Ok(SignedDuration::from_hours(hours)),
        _ => Err("give days or hours, such as 400d or 36h; 100 years at most".into()),
    }
}

/// A time as records have it.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Says that lines of the history are no records, where some are.
fn warn(read: &hpcctl_reports::history::Read, log: &Path, ui: &Ui) {
    let log = log.display();
    if read.damaged > 0 {
        let count = read.damaged;
        ui.warn(&format!(
            "{log}: damaged or cut short by a crash, and passed over: {count}"
        ));
    }
    if read.later > 0 {
        let count = read.later;
        ui.warn(&format!(
            "{log}: written by a later hpcctl, and passed over: {count}"
        ));
    }
}
