//! `clush` of ClusterShell (clush(1)).

use super::{Engine, Nodes, Plan, no_job};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "clush",
    nodes: Nodes::Told,
    asks_version: false,
    of_job: no_job,
    argv,
    hint: "clush is part of ClusterShell: the package clustershell of the distribution",
};

fn argv(plan: &Plan<'_>) -> Vec<String> {
    let deadline = plan.deadline.to_string();
    plan.named_where_exec(&["clush", "-w", &plan.folded(), "-u", &deadline])
}
