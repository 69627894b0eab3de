//! The runtimes that inside may be, one file each.

mod apptainer;
mod builtin;
mod charliecloud;
mod crun;
mod docker_rootless;
mod host;
mod podman;
mod runc;
mod sarus;

use std::path::Path;

use hpcctl_host::Host;

pub(crate) use builtin::{EXECUTOR as BUILTIN, OF_AN_OVERLAY, Room, overlay, own_factors};

use crate::Error;
use crate::factor::Factor;
use crate::furnish::{StartError, Started};
use crate::image::Image;
use crate::launch::Launch;
use crate::mpi::Approach;
use crate::original::Original;
use crate::peer::Elsewhere;
use crate::workplace::Workplace;

/// A runtime: a row of [`EXECUTORS`].
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The name, as `--inside` takes it.
    pub name: &'static str,
    /// The networks that it knows, the default first.
    pub networks: &'static [&'static str],
    /// Whether a test of ours has run it.
    pub tried: bool,
    /// Whether its containers are no descendants of this process, so that what runs in them is not counted as its own.
    pub(crate) apart: bool,
    /// Makes it ready for a run.
    pub(crate) open: fn(&Site<'_>) -> Result<Box<dyn Executor>, Error>,
}

/// Every runtime that inside may be, in report order.
pub static EXECUTORS: &[&Row] = &[
    &builtin::EXECUTOR,
    &podman::EXECUTOR,
    &docker_rootless::EXECUTOR,
    &charliecloud::EXECUTOR,
    &apptainer::EXECUTOR,
    &sarus::EXECUTOR,
    &crun::EXECUTOR,
    &runc::EXECUTOR,
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
    /// Whose launcher and library ranks of an MPI have.
    pub(crate) approach: Approach,
    /// The environment, each `NAME=VALUE`.
    pub(crate) environment: &'a [String],
    /// How an agent on another node is started, and the name of that node.
    pub(crate) peer: Option<&'a Elsewhere<'a>>,
    /// The container that our own launcher builds once more, if it is not one of its own.
    pub(crate) original: Option<&'a Original<'a>>,
}

impl Site<'_> {
    /// The command of an agent outside.
    pub(crate) fn outside(&self) -> Vec<String> {
        let agent = self.workplace.agent.display().to_string();
        [vec![agent], self.agent.to_vec()].concat()
    }

    /// Whether files of an image are read where they lie; where that is on FUSE and FUSE is left out, a copy of them is.
    pub(crate) fn reads_image(&self) -> bool {
        let Some(reference) = self.image else {
            return false;
        };
        let left_out = self.factors.is_some_and(|it| !it.contains(&Factor::Fuse));
        !(left_out && Image::open(self.host, reference).is_ok_and(|image| image.is_fused))
    }
}

/// A runtime that is ready to run the agent.
pub(crate) trait Executor {
    /// Starts an agent inside.
    ///
    /// # Errors
    ///
    /// When the container cannot be started.
    fn start(&self) -> Result<Started, StartError>;

    /// The command of an agent, inside.
    fn agent(&self) -> &[String];

    /// The command that makes our program a rank of an MPI inside, where the launcher of the node starts it
    /// and what it has opened for it comes along; `agent` is an agent that runs inside.
    ///
    /// # Errors
    ///
    /// When this runtime has no such command.
    fn rank(&self, agent: u32) -> Result<Vec<String>, String>;

    /// How a program is launched inside.
    fn launch(&self) -> Launch;

    /// The shared directory, as it is named inside.
    fn place(&self) -> &Path;

    /// The tree that is read, as it is named inside: in the image where that is ours to fill.
    fn tree(&self) -> &Path {
        self.place()
    }

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
