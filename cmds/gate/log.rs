//! `hpcctl gate log`: the log of decisions, shown and verified.

use std::fmt::Write as _;
use std::path::Path;

use clap::ValueEnum;
use hpcctl_gate::log::{LogError, Record};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::decisions::Decisions;
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::state;

/// A scan may take as long between the time that a decision goes by and that of its record.
const APART: SignedDuration = SignedDuration::from_hours(6);

/// What is done with the log.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum What {
    /// Print the decisions, a line each
    Show,
    /// Check that no record was changed, taken out or put in
    Verify,
}

/// Carries out the command.
pub fn run(what: What, state: Option<&Path>) -> Result<Exit, Failure> {
    let log = Decisions::below(&state::directory(state)?);
    if !log.is_begun() {
        let message = format!("there is no log of decisions at {}", log.path().display());
        return Err(
            Failure::unreachable(message).hint("name the directory of results: --state DIR")
        );
    }
    let mut text = String::new();
    let shown = matches!(what, What::Show);
    let end = log.verified(|record| {
        if shown {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", line(record));
        }
    });
    let exit = match &end {
        Ok(head) => {
            if !shown {
                let count = head.records;
                let noun = if count == 1 { "record" } else { "records" };
                let _ = writeln!(text, "{count} {noun}, the last {}", head.sha256);
            }
            Exit::Clean
        }
        Err(error @ LogError::Io(_)) => return Err(log.failure(error)),
        Err(error) => {
            let _ = writeln!(text, "NOT as it was written: {}", chain(error));
            Exit::Findings
        }
    };
    emit::to_stdout(text.as_bytes())?;
    Ok(exit)
}

/// A record in a line.
fn line(record: &Record) -> String {
    let text = |pointer: &str| {
        record
            .decision
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or("-")
    };
    // With --now it was decided as of another time than it was made.
    let (at, now) = (text("/at"), text("/now"));
    let cells = [
        at,
        text("/event"),
        text("/outcome"),
        text("/subject/digest"),
        text("/subject/reference"),
        text("/destination/name"),
    ];
    let cells: Vec<String> = cells
        .iter()
        .map(|cell| cell.escape_debug().to_string())
        .collect();
    let parsed = |text: &str| text.parse::<Timestamp>().ok();
    let apart = parsed(at).zip(parsed(now));
    let apart = apart.is_some_and(|(at, now)| at.duration_since(now).abs() > APART);
    let as_of = if apart {
        format!("  as of {now}")
    } else {
        String::new()
    };
    format!("{:6}  {}{as_of}", record.number, cells.join("  "))
}
