//! What a container costs: pairs of measurements inside and outside, and what they allow to say.
//!
//! The same program measures on both sides ([`serve`]); a pair is a fresh process each, asked in
//! turn and in random order, so that whatever the node does meanwhile meets both sides alike.

mod agent;
mod bundle;
mod compared;
mod course;
mod cpu;
mod doubt;
mod end;
mod environs;
mod executor;
mod fabric;
mod factor;
mod far;
mod fs;
mod furnish;
mod fused;
mod gpu;
mod group;
mod guest;
mod image;
mod imported;
mod ladder;
mod launch;
mod libc;
mod limits;
mod measurement;
mod mounts;
mod mpi;
mod net;
mod netns;
mod numa;
mod original;
mod overlay;
mod packed;
mod pair;
mod peer;
mod question;
mod ranks;
mod ruleset;
mod since;
pub mod statistics;
mod surroundings;
mod timing;
mod variables;
mod workplace;

pub use agent::serve;
pub use course::{Request, Watch, bench};
pub use executor::{EXECUTORS, Row};
pub use factor::Factor;
pub use measurement::{Figure, Measurement, SUBJECTS, Subject};
pub use mpi::{Approach, Digest, be_rank};
pub use peer::Elsewhere;
pub use since::{since, unlike};

/// Why nothing could be measured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such runtime, network or image.
    #[error("{0}")]
    Usage(String),
    /// The runtime or the image cannot be used.
    #[error("{0}")]
    Unreachable(String),
    /// It was told to end.
    #[error("interrupted")]
    Interrupted,
    /// A file of ours cannot be made.
    #[error("cannot make {what}: {source}")]
    Workplace {
        /// What.
        what: String,
        /// Why.
        source: std::io::Error,
    },
}
