//! `srun` of Slurm (srun(1)): one task a node, and no node ends the others. It passes on a kilobyte of
//! a task at a time; by their labels those of a line are put together again.

use super::{Engine, Nodes, Plan, of_slurm};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "srun",
    nodes: Nodes::Told,
    asks_version: false,
    of_job: of_slurm,
    argv,
    hint: "srun is part of Slurm's client programs",
};

fn argv(plan: &Plan<'_>) -> Vec<String> {
    let count = plan.count();
    plan.argv(&[
        "srun",
        &format!("--nodelist={}", plan.folded()),
        &format!("--nodes={count}"),
        &format!("--ntasks={count}"),
        "--ntasks-per-node=1",
        "--no-kill",
        "--kill-on-bad-exit=0",
        "--wait=0",
        "--quiet",
        "--label",
    ])
}
