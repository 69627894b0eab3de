//! `hpcctl policy`: what may leave the site, written down.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use hpcctl_gate::policy::BUILT_IN;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::gate::policies;
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
    #[command(after_long_help = "\
EXAMPLES
  hpcctl policy check policy.toml

EXIT STATUS
  0 it is valid, 4 it is not: the error names line and column.")]
    Check {
        /// The policy
        file: PathBuf,
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
            PolicyCommand::Check { file } => {
                policies(Some(file))?;
                ui.note(&format!("{} is valid", file.display()));
            }
            PolicyCommand::Explain { rules } => return crate::gate::explain(rules),
        }
        Ok(Exit::Clean)
    }
}
