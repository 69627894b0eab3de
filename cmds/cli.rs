//! The command line: the commands, and the options that all of them take.

use clap::{Args, Parser, Subcommand};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;
use crate::{
    abi, bench, completions, doctor, fleet, gate, license, man, policy, publish, report, scan,
    stage, verify,
};

/// Containers on HPC nodes: what can run here, what is in an image, and may it be published.
///
/// Results go to standard output, progress and warnings to standard error; NO_COLOR is
/// obeyed. No command needs root, a server or the network.
#[derive(Debug, Parser)]
#[command(
    name = "hpcctl",
    version,
    propagate_version = true,
    disable_help_subcommand = true
)]
#[command(after_long_help = "\
EXAMPLES
  hpcctl doctor                                  what can run on this node, and what to change
  hpcctl scan image docker-archive:image.tar     packages, licences and a verdict
  hpcctl license identify -o jsonl src/          the licence of each file
  hpcctl gate oci:layout:v1 --to docker.io/x/y   may it be published there, by which rule")]
pub struct Cli {
    /// The options that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Copy, Args)]
pub struct Global {
    /// Print no progress and no warnings
    #[arg(long, short, global = true, display_order = 100)]
    pub quiet: bool,
    /// Print every detail
    #[arg(long, short, global = true, display_order = 101, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands; what each says of itself stands at its own type.
#[derive(Debug, Subcommand)]
pub enum Command {
    Doctor(Box<doctor::Doctor>),
    Bench(Box<bench::Bench>),
    Scan(Box<scan::Scan>),
    License(license::License),
    Gate(Box<gate::Gate>),
    Publish(Box<publish::Publish>),
    Verify(verify::Verify),
    Policy(policy::Policy),
    Stage(Box<stage::Stage>),
    Abi(abi::Abi),
    Fleet(fleet::Fleet),
    Report(report::Report),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match self {
            Self::Doctor(doctor) => doctor.run(ui),
            Self::Bench(bench) => bench.run(ui),
            Self::Scan(scan) => scan.run(ui),
            Self::License(license) => license.run(ui),
            Self::Gate(gate) => gate.run(ui),
            Self::Publish(publish) => publish.run(ui),
            Self::Verify(verify) => verify.run(ui),
            Self::Policy(policy) => policy.run(ui),
            Self::Stage(stage) => stage.run(ui),
            Self::Abi(abi) => abi.run(ui),
            Self::Fleet(fleet) => fleet.run(ui),
            Self::Report(report) => report.run(ui),
            Self::Completions(completions) => completions.run(),
            Self::Man(man) => man.run(),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_shows_examples() {
        fn look(command: &clap::Command) {
            let help = command
                .get_after_long_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.starts_with("EXAMPLES\n"),
                "{} shows no examples",
                command.get_name()
            );
            command.get_subcommands().for_each(look);
        }
        look(&Cli::command());
    }
}
