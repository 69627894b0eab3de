//! `hpcctl license`: which licence a file bears, and what is known of licences.

use clap::{Args, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

mod diff;
mod identify;
mod list;
mod show;
mod site;

/// Find out which licence a file bears, and what a licence asks for.
///
/// Compares texts with the licences of SPDX and with samples of vendors' texts, and reads the
/// notices and tags that grant one, in the first 16 MiB of each file.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "\
EXAMPLES
  hpcctl license identify LICENSE src/
  hpcctl license show Apache-2.0
  hpcctl license diff LICENSE MIT")]
pub struct License {
    #[command(subcommand)]
    command: LicenseCommand,
}

#[derive(Debug, Subcommand)]
enum LicenseCommand {
    Identify(identify::Identify),
    Show(show::Show),
    Diff(diff::Diff),
    List(list::List),
}

impl License {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match &self.command {
            LicenseCommand::Identify(identify) => identify.run(ui),
            LicenseCommand::Show(show) => show.run(ui),
            LicenseCommand::Diff(diff) => diff.run(ui),
            LicenseCommand::List(list) => list.run(ui),
        }
    }
}
