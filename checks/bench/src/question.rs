//! What an agent is asked about its side once: which library there is, and what it leads to.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::fabric::{self, Follow};
use crate::launch::cold;
use crate::libc::bare;
use crate::mpi::Ranks;
use crate::workplace::WRITTEN;
use crate::{gpu, mpi};

/// A question; its answer is a text.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Question {
    /// The C library, as the bare program has it.
    CLibrary(Means),
    /// The files that a command executes and maps, in JSON.
    Executed(Vec<String>),
    /// The MPI that two ranks use.
    Mpi(Means),
    /// What ranks on the node have mapped, in JSON.
    Mapped(Means),
    /// The GPU, in JSON.
    Gpu(Means),
    /// The GPU that this process sees, in JSON.
    OwnGpu,
    /// The libfabric, in JSON.
    Fabric(Means),
    /// The libfabric that this process sees, in JSON.
    OwnFabric,
    /// To be the other end of messages by libfabric.
    Follow(Follow),
}

/// What an agent needs to start others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Means {
    /// Its own command.
    pub(crate) agent: Vec<String>,
    /// The shared directory.
    pub(crate) place: PathBuf,
    /// Ranks of an MPI in containers, where it is to start them.
    #[serde(default)]
    pub(crate) ranks: Option<Ranks>,
}

impl Means {
    /// Those of an agent.
    pub(crate) fn new(agent: &[String], place: &Path) -> Self {
        Self {
            agent: agent.to_vec(),
            place: place.into(),
            ranks: None,
        }
    }

    /// A directory that it may write to.
    pub(crate) fn written(&self) -> PathBuf {
        self.place.join(WRITTEN)
    }
}

impl Question {
    /// Answers it.
    pub(crate) fn answer(&self) -> Result<String, String> {
        match self {
            Self::CLibrary(means) => bare::library(&means.place.join(bare::NAME)),
            Self::Executed(argv) => {
                serde_json::to_string(&cold::read_by(argv)?).map_err(|error| error.to_string())
            }
            Self::Mpi(means) => mpi::library(means),
            Self::Mapped(means) => mpi::mapped(means),
            Self::Gpu(means) => gpu::seen(means),
            Self::OwnGpu => gpu::own(),
            Self::Fabric(means) => fabric::seen(&means.agent),
            Self::OwnFabric => fabric::own(),
            Self::Follow(follow) => follow.carry_out(),
        }
    }
}
