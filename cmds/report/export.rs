//! `hpcctl report export`: the history for other programs.

use clap::Args;

use super::{begun, since, warn};
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::state::Kept;
use crate::ui::Ui;

/// Print the history, a record of JSON a line.
///
/// A record says what was found on which nodes or of which image, what was not checked, the
/// waivers of a decision, and figures.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl report export > history.jsonl
  hpcctl report export --since 2026-11-01

EXIT STATUS
  0 all records were printed, 3 some are damaged, 5 there is no history to be read.")]
pub struct Export {
    /// Leave out what is older than this day or time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<String>,
    #[command(flatten)]
    kept: Kept,
}

impl Export {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        let history = begun(&self.kept)?;
        let mut written = Ok(());
        let read = history.read(self.since.as_deref().unwrap_or_default(), |record| {
            if written.is_ok() {
                written = serde_json::to_vec(&record)
                    .map_err(|error| Failure::fault(error.to_string()))
                    .and_then(|line| emit::to_stdout(&[line, b"\n".to_vec()].concat()));
            }
        })?;
        written?;
        warn(&read, history.path(), ui);
        Ok(match read.damaged + read.later {
            0 => Exit::Clean,
            _ => Exit::Inconclusive,
        })
    }
}
