//! `hpcctl completions`: the completion of a shell.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;

/// Print the completion of a shell.
#[derive(Debug, Args)]
#[command(
    after_long_help = "EXAMPLES\n  hpcctl completions bash > ~/.local/share/bash-completion/completions/hpcctl"
)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// Carries out the command.
    pub fn run(&self) -> Result<Exit, Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "hpcctl", &mut script);
        emit::to_stdout(&script)?;
        Ok(Exit::Clean)
    }
}
