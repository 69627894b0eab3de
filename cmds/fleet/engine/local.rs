//! This machine alone.

use super::{Engine, Nodes, Plan, no_job};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "local",
    nodes: Nodes::This,
    asks_version: false,
    of_job: no_job,
    argv,
    hint: "name hpcctl: --program PATH",
};

fn argv(plan: &Plan<'_>) -> Vec<String> {
    plan.command.clone()
}
