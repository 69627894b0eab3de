//! From nights of records to what changed: pure over what the history keeps.

mod absent;
mod accepted;
mod away;
mod became;
mod broken;
mod cause;
mod change;
mod figures;
mod fold;
mod kernel;
mod parts;
mod past;
mod regression;
mod run;
mod said;
mod series;
mod slot;
mod subject;
mod trends;
mod unchecked;
mod usual;
mod verdict;
mod waivers;

pub use accepted::Accepted;
pub use change::{Asked, nightly};
pub use figures::Figures;
pub(crate) use parts::rank;
pub use past::Past;
pub use run::Runs;
pub use verdict::verdict;

#[cfg(test)]
pub(crate) use change::tests as planted;
