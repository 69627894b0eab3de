//! `hpcctl policy`: what may leave the site, written down.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hpcctl_gate::policy::BUILT_IN;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::gate::policies::{as_site, is_site, policies};
use crate::ui::Ui;

/// Write and check policies: what may leave the site, and where to.
///
/// A policy is TOML. The site's lies at /etc/hpcctl/policy.toml and says what is different from
/// the built-in one; a project's policy can tighten the site's, never loosen it.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "\
EXAMPLES
  hpcctl policy init > policy.toml
  hpcctl policy check policy.toml")]
pub struct Policy {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Print a commented policy: the one that holds where none is given
    #[command(after_long_help = "\
EXAMPLES
  hpcctl policy init > policy.toml
  hpcctl policy init | sudo tee /etc/hpcctl/policy.toml

EXIT STATUS
  0.")]
    Init,
    /// Check whether a policy is valid, over the site's where there is one
    ///
    /// Everything that is wrong is told, each with line and column. Warned is of what is valid and
    /// of no use: leave that has lapsed or soon will, waivers of a whole rule, globs that match
    /// nothing, names that are spelled otherwise in reports, and what a project says more mildly than
    /// the site.
    #[command(after_long_help = "\
EXAMPLES
  hpcctl policy check policy.toml
  hpcctl policy check --site new.toml

EXIT STATUS
  0 it is valid, with or without warnings; 4 it is not, or cannot be read.")]
    Check {
        /// The policy
        file: PathBuf,
        /// Check it as the site's own, in place of the one in /etc/hpcctl, which may give leave
        #[arg(long)]
        site: bool,
    },
    /// Print the manual of the rules that a policy sets
    #[command(after_long_help = "\
EXAMPLES
  hpcctl policy explain license.terms

EXIT STATUS
  0, or 2 where there is no such rule.")]
    Explain {
        /// The ids of rules; all where none is named
        #[arg(value_name = "RULE")]
        rules: Vec<String>,
    },
}

impl Policy {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match &self.command {
            PolicyCommand::Init => emit::to_stdout(BUILT_IN.as_bytes())?,
            PolicyCommand::Check { file, site } => {
                let policies = match *site || is_site(file) {
                    true => as_site(file)?,
                    false => policies(Some(file))?,
                };
                let today = TimeZone::UTC.to_datetime(Timestamp::now()).date();
                for notice in policies.notices(today) {
                    ui.warn(&notice.to_string());
                }
                ui.note(&format!("{} is valid", file.display()));
            }
            PolicyCommand::Explain { rules } => return crate::gate::explain(rules),
        }
        Ok(Exit::Clean)
    }
}
