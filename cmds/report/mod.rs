//! `hpcctl report`: what changed since last night, from a history of results.

use std::path::Path;

use clap::{Args, Subcommand};
use hpcctl_reports::Kind;
use jiff::{SignedDuration, Timestamp};

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::history::History;
use crate::state::Kept;
use crate::ui::Ui;

mod accepted;
mod add;
mod costs;
mod decided;
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
  hpcctl report html >night.html
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
    /// Tell what changed since last night on a page of HTML: report nightly -o html
    #[command(mut_arg("output", |arg| arg.help(emit::help_or(Kind::Nightly, "html"))))]
    Html(nightly::Nightly),
    Diff(diff::Diff),
    Prune(prune::Prune),
    Export(export::Export),
}

impl Report {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match &self.command {
            ReportCommand::Add(add) => add.run(ui),
            ReportCommand::Nightly(nightly) => nightly.run("table", ui),
            ReportCommand::Html(nightly) => nightly.run("html", ui),
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

/// The history in the state directory, which must have been begun.
fn begun(kept: &Kept) -> Result<History, Failure> {
    let history = history(kept)?;
    match history.is_begun() {
        true => Ok(history),
        false => {
            let message = format!("there is no history {}", history.path().display());
            Err(Failure::unreachable(message)
                .hint("report add begins one; --state DIR names another"))
        }
    }
}

/// Reads a number of days or hours, such as 400d or 36h.
pub fn duration(text: &str) -> Result<SignedDuration, String> {
    let number = |unit: char| text.strip_suffix(unit)?.parse::<i64>().ok();
    let hours = number('d').map(|days| days.saturating_mul(24));
    let hours = hours.or_else(|| number('h'));
    match hours {
        Some(hours @ 1..=876_000) => Ok(SignedDuration::from_hours(hours)),
        _ => Err("give days or hours, such as 400d or 36h; 100 years at most".into()),
    }
}

/// Reads a day or a time from which on records are wanted.
fn since(text: &str) -> Result<String, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(seconds(time));
    }
    let day: Result<jiff::civil::Date, _> = text.parse();
    match day {
        Ok(day) if text.len() == 10 => Ok(day.to_string()),
        _ => Err("give a day or a time, such as 2026-11-01 or 2026-11-01T06:00:00Z".into()),
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
