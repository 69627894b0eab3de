//! `pbsdsh` of OpenPBS (pbsdsh(1B)), within a job: once a chunk, so once a node of a job that
//! places its chunks apart.

use super::{Engine, Nodes, Plan, of_pbs};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "pbsdsh",
    nodes: Nodes::OfJob,
    asks_version: false,
    of_job: of_pbs,
    argv,
    hint: "pbsdsh runs within a job of PBS",
};

fn argv(plan: &Plan<'_>) -> Vec<String> {
    let mut words = vec!["pbsdsh".to_owned()];
    words.extend(plan.options.iter().cloned());
    words.push("--".into());
    words.extend(plan.command.iter().cloned());
    words
}
