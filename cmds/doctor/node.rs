//! The name by which others know this node.

use std::env;

/// The name that an engine gave the node, or Slurm, which need not be that of uname(2); none
/// where neither did (srun(1), "OUTPUT ENVIRONMENT VARIABLES").
pub fn name() -> Option<String> {
    let given = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
    given("HPCCTL_NODE").or_else(|| given("SLURMD_NODENAME"))
}
