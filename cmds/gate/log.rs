//! `hpcctl gate log`: the log of decisions, shown and verified.

use std::fmt::Write as _;
use std::path::Path;

use clap::ValueEnum;
use hpcctl_gate::log::{LogError, Record};
use serde_json::Value;

use crate::decisions::Decisions;
use crate::emit;
use crate::exit::Exit;
use crate::failure::{Failure, chain};
use crate::state;

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
                let _ = writeln!(text, "{} records, the last {}", head.records, head.sha256);
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
    let cells = [
        text("/now"),
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
    format!("{:6}  {}", record.number, cells.join("  "))
}
