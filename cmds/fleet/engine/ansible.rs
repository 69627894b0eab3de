//! `ansible` ad hoc (ansible(1)): the module `raw`, which needs no Python on the nodes.

use hpcctl_host::shell::quoted;

use super::{Engine, Nodes, Plan, no_job};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "ansible",
    nodes: Nodes::Told,
    asks_version: false,
    of_job: no_job,
    argv,
    hint: "the package ansible-core of the distribution has it",
};

fn argv(plan: &Plan<'_>) -> Vec<String> {
    // The last comma makes it a list of hosts and not a file.
    let inventory = format!("{},", plan.listed());
    let words: Vec<String> = plan.command.iter().map(|word| quoted(word)).collect();
    let line = format!(
        "HPCCTL_NODE={{{{ inventory_hostname }}}} {}",
        words.join(" ")
    );
    let mut argv = vec!["ansible".to_owned(), "all".into(), "-i".into(), inventory];
    argv.extend(plan.options.iter().cloned());
    argv.extend(["-m".into(), "raw".into(), "-a".into(), line]);
    argv
}
