//! `hpcctl fleet`: many nodes, carried by what the site has, folded into one report.

use clap::{Args, Subcommand};
use hpcctl_model::doctor::Verdict;
use hpcctl_model::fleet as model;
use hpcctl_reports::fleet::{NodeSet, Table};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::ui::Ui;

mod engine;
mod last;
mod matching;
mod merge;
mod run;

/// Examine many nodes, and fold what they found.
///
/// Each node prints one line; whatever carries commands to the nodes of a site carries it, and
/// may print what it likes around it. Nodes that found the same are shown as one, with their
/// names in brackets; what few nodes have is held against what most have.
#[derive(Debug, Args)]
#[command(subcommand_value_name = "COMMAND")]
#[command(after_long_help = "\
EXAMPLES
  hpcctl fleet run --engine srun --nodes n[001-128] -- doctor --fast
  pdsh -w n[001-128] hpcctl doctor --fast -o line | hpcctl fleet merge --expected n[001-128]
  hpcctl fleet match oci:layout:v1                which of them can run this image")]
pub struct Fleet {
    #[command(subcommand)]
    command: FleetCommand,
}

#[derive(Debug, Subcommand)]
enum FleetCommand {
    Run(run::Run),
    Merge(merge::Merge),
    Match(matching::Matching),
}

impl Fleet {
    /// Carries out the command.
    pub fn run(&self, ui: &Ui) -> Result<Exit, Failure> {
        match &self.command {
            FleetCommand::Run(run) => run.run(ui),
            FleetCommand::Merge(merge) => merge.run(ui),
            FleetCommand::Match(matching) => matching.run(ui),
        }
    }
}

/// Reads a set of nodes.
pub fn node_set(text: &str) -> Result<NodeSet, String> {
    let set = NodeSet::parse(text).map_err(|error| error.to_string())?;
    match set.is_empty() {
        true => Err("it names no node".into()),
        false => Ok(set),
    }
}

/// The table of checks, by which lines of nodes are read.
pub fn table() -> Table {
    Table::of(hpcctl_node::checks().map(|check| check.id))
}

/// The exit status of a report: a node that cannot run containers is a finding, one of which
/// nothing is known makes the report inconclusive.
fn exit(fleet: &model::Fleet) -> Exit {
    let is = |verdict| fleet.groups.iter().any(|group| group.run == verdict);
    if is(Verdict::No) {
        Exit::Findings
    } else if is(Verdict::Unknown)
        || fleet.reported == 0
        || fleet.missing.count + fleet.unreadable.count > 0
    {
        Exit::Inconclusive
    } else {
        Exit::Clean
    }
}
