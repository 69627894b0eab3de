//! `hpcctl gate log`: the log of decisions, shown and verified.

use std::fmt::Write as _;
use std::path::Path;
use std::str::FromStr;

use clap::ValueEnum;
use hpcctl_gate::log::{End, Left, LogError, Record};
use hpcctl_reports::counted;
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

/// A record that is known from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    number: u64,
    sha256: String,
}

impl FromStr for Known {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':');
        let (number, sha256) =
            parts.ok_or("it is the number of a record, a colon, and its digest")?;
        let number = number.parse().ok().filter(|number| *number > 0);
        let is_digest = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
        Ok(Self {
            number: number.ok_or("records are numbered from 1")?,
            sha256: match is_digest {
                true => sha256.to_ascii_lowercase(),
                false => return Err("a digest has 64 digits in hex"),
            },
        })
    }
}

/// Carries out the command.
pub fn run(what: What, known: &[Known], state: Option<&Path>) -> Result<Exit, Failure> {
    let log = Decisions::below(&state::directory(state)?);
    if !log.is_begun() {
        let message = format!("there is no log of decisions at {}", log.path().display());
        return Err(
            Failure::unreachable(message).hint("name the directory of results: --state DIR")
        );
    }
    let mut text = String::new();
    let shown = matches!(what, What::Show);
    let mut missing = known.to_vec();
    let end = log.verified(|record| {
        let before = record.number - 1;
        missing.retain(|known| (known.number, &known.sha256) != (before, &record.previous));
        if shown {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", line(record));
        }
    });
    if let Ok(End { head, .. }) = &end {
        missing.retain(|known| (known.number, &known.sha256) != (head.records, &head.sha256));
    }
    let exit = match &end {
        Ok(End {
            left: Left::Torn(_),
            ..
        }) => {
            text += "NOT as it was written: the last line is cut short: its decision was not carried out\n";
            Exit::Findings
        }
        Ok(_) if !missing.is_empty() => {
            for Known { number, sha256 } in &missing {
                let _ = writeln!(
                    text,
                    "NOT as it was written: there is no record {number} with the digest {sha256}"
                );
            }
            Exit::Findings
        }
        Ok(End { head, left, .. }) => {
            if !shown {
                let records = counted(head.records, "record");
                let _ = writeln!(text, "{records}, the last {}", head.sha256);
            }
            if *left == Left::Unkept {
                text += "after the last record hpcctl was ended: its decision may not have been carried out\n";
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
