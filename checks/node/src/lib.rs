//! What a node can do: probes, runtimes and the solver that names the smallest fix.
//!
//! A [`Probe`] reads and judges; the runtime matrix is then derived from the findings alone.

pub mod manual;

use hpcctl_model::{Unknown, doctor::Doctor};
pub use manual::Manual;

/// One check: a row of [`PROBES`].
pub struct Probe {
    /// The stable id, lower case and dotted.
    pub id: &'static str,
    /// The manual.
    pub manual: Manual,
}

/// Every check, in report order.
pub static PROBES: &[Probe] = &[];

/// The names of the runtimes, in report order.
pub static RUNTIMES: &[&str] = &["builtin", "podman", "charliecloud", "apptainer"];

/// The operations, in report order.
pub static OPERATIONS: &[&str] = &["run", "build", "build-multiuid", "mount-fuse", "overlay"];

/// What to examine; an empty list asks for everything.
#[derive(Debug, Clone, Default)]
pub struct Ask {
    /// Names of runtimes.
    pub runtimes: Vec<String>,
    /// Names of operations.
    pub operations: Vec<String>,
    /// Ids of checks to run; the others are listed as skipped.
    pub checks: Vec<String>,
}

/// Examines the node that this process runs on.
pub fn examine(_ask: &Ask) -> (Doctor, Vec<Unknown>) {
    (Doctor { checks: Vec::new(), runtimes: Vec::new() }, Vec::new())
}
