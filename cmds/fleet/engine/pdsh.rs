//! `pdsh` (pdsh(1)).

use super::{Engine, Nodes, Plan, no_job};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "pdsh",
    nodes: Nodes::Told,
    asks_version: false,
    of_job: no_job,
    argv,
    hint: "the package pdsh of the distribution has it",
};

fn argv(plan: &Plan<'_>) -> Vec<String> {
    let deadline = plan.deadline.to_string();
    plan.named_where_exec(&["pdsh", "-w", &plan.folded(), "-u", &deadline])
}
