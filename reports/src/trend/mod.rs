//! From nights of records to what changed: pure over what the history keeps.

mod change;
mod fold;
mod regression;
mod series;

pub use change::{Asked, nightly};
