//! `mpiexec`: one process a node, in the words of Open MPI or of Hydra (MPICH, Intel MPI).

use hpcctl_host::Host;

use super::{Engine, Nodes, Plan, of_pbs, of_slurm};

/// The row of the table.
pub static ENGINE: Engine = Engine {
    name: "mpiexec",
    nodes: Nodes::Told,
    asks_version: true,
    of_job,
    argv,
    hint: "load the module of an MPI",
};

fn of_job(host: &dyn Host) -> Option<String> {
    of_slurm(host).or_else(|| of_pbs(host))
}

fn argv(plan: &Plan<'_>) -> Vec<String> {
    let (count, nodes) = (plan.count().to_string(), plan.listed());
    let is_open = ["Open MPI", "OpenRTE", "PRRTE"];
    match is_open.iter().any(|name| plan.version.contains(name)) {
        true => plan.argv(&[
            "mpiexec",
            "--host",
            &nodes,
            "--map-by",
            "ppr:1:node",
            "-n",
            &count,
        ]),
        false => plan.argv(&["mpiexec", "-hosts", &nodes, "-ppn", "1", "-n", &count]),
    }
}
