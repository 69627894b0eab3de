//! Many nodes: their lines read out of whatever an engine printed around them, and folded by what
//! they found.
//!
//! The lines are those of [`crate::WRITERS`]' `line`; names are folded as Slurm's hostlists and
//! pdsh write them.

mod fit;
mod fold;
mod heard;
pub(crate) mod line;
mod merge;
pub(crate) mod node_set;
mod pieces;
pub(crate) mod states;
mod terms;
mod values;

pub use fit::{machine, matched};
pub(crate) use fold::UNREADABLE;
pub use merge::Merge;
pub(crate) use merge::USER;
pub use node_set::{NodeSet, SetError};
pub use pieces::broken;
pub use states::Table;
pub(crate) use terms::CLOCK;
pub use terms::{Terms, WITHIN};
