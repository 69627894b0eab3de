//! `hpcctl report prune`: how long results are kept.

use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::{begun, duration, seconds};
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::state::Kept;

/// Take old results out of the history.
///
/// What a crash cut short goes as well. The log of decisions is not touched.
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
        let (stay, gone) = begun(&self.kept)?.prune(&seconds(before))?;
        emit::to_stdout(format!("{gone} taken out, {stay} kept\n").as_bytes())?;
        Ok(Exit::Clean)
    }
}
