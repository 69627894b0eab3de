//! What a node can do: probes, runtimes and the solver that names the smallest fix.
//!
//! A [`Probe`] reads and judges; the runtime matrix is then derived from the findings alone.

pub mod attribute;
mod examine;
pub mod finding;
pub mod manual;
mod mounting;
mod namespace;
pub mod probe;
pub mod reading;
pub mod runtime;
pub mod site;
pub mod solver;

pub use examine::{Ask, examine};
pub use finding::{Cause, Finding};
pub use manual::Manual;
pub use probe::{PROBES, Probe};
pub use reading::Reading;
pub use runtime::{RUNTIMES, Runtime};
pub use site::Site;

/// The operations, in report order.
pub static OPERATIONS: &[&str] = &["run", "build", "build-multiuid", "mount-fuse", "overlay"];

/// Every check, in report order: the probes of the node, then the presence of each runtime.
pub fn checks() -> impl Iterator<Item = &'static Probe> {
    PROBES
        .iter()
        .copied()
        .chain(RUNTIMES.iter().map(|runtime| &runtime.installed))
}
