//! From nights of records to what changed: pure over what the history keeps.

mod broken;
mod cause;
mod change;
mod fold;
mod regression;
mod run;
mod series;
mod subject;
mod unchecked;
mod usual;

pub use change::{Asked, nightly, verdict};
pub use run::Runs;
