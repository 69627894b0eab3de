//! The runtimes that inside may be, one file each.

mod apptainer;
mod builtin;
mod charliecloud;
mod host;
mod podman;

use std::path::Path;

use hpcctl_host::Host;
use hpcctl_host::dialogue::{Dialogue, DialogueError};

pub(crate) use builtin::{EXECUTOR as BUILTIN, Room, own_factors};

use crate::Error;
use crate::factor::Factor;
use crate::launch::Launch;
use crate::workplace::Workplace;

/// A runtime: a row of [`EXECUTORS`].
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The name, as `--inside` takes it.
    pub name: &'static str,
    /// The networks that it knows, the default first.
    pub networks: &'static [&'static str],
    /// Makes it ready for a run.
    pub(crate) open: fn(&Site<'_>) -> Result<Box<dyn Executor>, Error>,
}

/// Every runtime that inside may be, in report order.
pub static EXECUTORS: &[&Row] = &[
    &builtin::EXECUTOR,
    &podman::EXECUTOR,
    &charliecloud::EXECUTOR,
    &apptainer::EXECUTOR,
    &host::EXECUTOR,
];

/// What an executor is made ready with.
pub(crate) struct Site<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) workplace: &'a Workplace,
    /// The image as given.
    pub(crate) image: Option<&'a str>,
    pub(crate) network: &'a str,
    /// The factors of the container that our own launcher makes; none are its own.
    pub(crate) factors: Option<&'a [Factor]>,
    /// The arguments that make our program an agent.
    pub(crate) agent: &'a [String],
    /// The environment, each `NAME=VALUE`.
    pub(crate) environment: &'a [String],
}

/// A runtime that is ready to run the agent.
pub trait Executor {
    /// Starts an agent inside.
    ///
    /// # Errors
    ///
    /// When the container cannot be started.
    fn start(&self) -> Result<Dialogue, DialogueError>;

    /// How a program is launched inside.
    fn launch(&self) -> Launch;

    /// The shared directory, as it is named inside.
    fn place(&self) -> &Path;

    /// Whether the agent runs with the C library of the image, or of the host where there is no
    /// image; else why not.
    fn own_libc(&self) -> Result<(), String>;
}

impl std::fmt::Debug for dyn Executor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executor")
            .field("place", &self.place())
            .finish()
    }
}

/// The runtime of that name.
pub(crate) fn row(name: &str) -> Option<&'static Row> {
    EXECUTORS.iter().find(|row| row.name == name).copied()
}
