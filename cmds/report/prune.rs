//! `hpcctl report prune`: how long results are kept.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{begun, duration, seconds};
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::history::Pruned;
use crate::state::Kept;

/// Take old results out of the history.
///
/// What a crash cut short, or is damaged, goes as well, and is counted. The log of decisions is not touched.
#[derive(Debug, Args)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl report prune --keep 400d
  hpcctl report prune --keep 36h --state /srv/hpcctl

EXIT STATUS
  0 what is older is gone, 5 there is no history, or it cannot be written.")]
pub struct Prune {
    /// How long results are kept, in days or hours
    #[arg(long, value_name = "TIME", value_parser = duration)]
    keep: SignedDuration,
    #[command(flatten)]
    kept: Kept,
}

impl Prune {
    /// Carries out the command.
    pub fn run(&self) -> Result<Exit, Failure> {
        let before = Timestamp::now()
            .checked_sub(self.keep)
            .map_err(|error| Failure::usage(format!("cannot keep so long: {error}")))?;
        let Pruned { kept, old, damaged } = begun(&self.kept)?.prune(&seconds(before))?;
        let damaged = match damaged {
            0 => String::new(),
            count => format!(", {count} damaged and dropped"),
        };
        emit::to_stdout(format!("{old} taken out, {kept} kept{damaged}\n").as_bytes())?;
        Ok(Exit::Clean)
    }
}
