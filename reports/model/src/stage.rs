//! What `hpcctl stage` reports: where an image lies for many nodes, and what that saves.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of `hpcctl stage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// The image.
    pub image: StagedImage,
    /// What became of it.
    pub outcome: Outcome,
    /// Where it lies, or would.
    pub target: Target,
    /// What it takes with staging and without.
    pub plan: Plan,
    /// The limit on requests that the registry told; null where it told none.
    pub rate_limit: Option<RateLimit>,
    /// How the file is brought to the nodes' own disks, one command a tool; empty where the target
    /// is a directory.
    pub broadcast: Vec<Broadcast>,
    /// A job script that runs the image.
    pub job: Job,
    /// What was decided on the way, a sentence each.
    pub notes: Vec<String>,
}

/// The image that is staged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StagedImage {
    /// The reference as given, with its transport.
    pub reference: String,
    /// The digest that the reference stands for.
    pub digest: String,
    /// The digest of the manifest for the platform; null where nothing was read for it yet.
    pub manifest: Option<String>,
    /// The platform, such as `linux/amd64`.
    pub platform: String,
}

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was pulled and written now.
    Staged,
    /// It was there already, or another process staged it meanwhile.
    Reused,
    /// Nothing was written: it was only planned.
    Planned,
}

impl Outcome {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::Reused => "reused",
            Self::Planned => "planned",
        }
    }
}

/// What an image is staged as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// One file that is a squashfs.
    Squashfs,
    /// One file in the Singularity Image Format, with a squashfs in it.
    Sif,
    /// A directory that is an OCI image layout, byte for byte.
    Oci,
}

impl Form {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Squashfs => "squashfs",
            Self::Sif => "sif",
            Self::Oci => "oci",
        }
    }
}

/// Where an image lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    /// The file or directory, named after the digest and the platform: it never changes.
    pub path: String,
    /// The symbolic link with the name of the image, which leads to what was staged last under
    /// that name; null where the reference has no name.
    pub link: Option<String>,
    /// What it is.
    pub form: Form,
    /// Its bytes; null where it is not there yet.
    pub bytes: Option<u64>,
    /// The SHA-256 digest of the file in hex, by which a copy is checked; null of a directory.
    pub sha256: Option<String>,
    /// The file with what the image sets in the environment, for `ch-run --set-env` and
    /// `apptainer --env-file`; null where it sets nothing.
    pub environment: Option<String>,
    /// The node that staged it.
    pub staged_by: Option<String>,
    /// When it was staged (RFC 3339).
    pub staged_at: Option<String>,
}

/// What it takes with staging and without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The nodes that are to use the image.
    pub nodes: u64,
    /// Requests for manifests and blobs when each node pulls for itself; logins come on top.
    pub requests_without: u64,
    /// Those when it is staged, as it stands now.
    pub requests_with: u64,
    /// Bytes from the registry when each node pulls for itself.
    pub bytes_without: u64,
    /// Those when it is staged, as it stands now.
    pub bytes_with: u64,
}

/// A limit on requests that a registry told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RateLimit {
    /// How many there may be.
    pub limit: u64,
    /// In how many seconds; null where the registry does not say.
    pub window_s: Option<u64>,
    /// How many are left; null where the registry does not say.
    pub remaining: Option<u64>,
    /// Whose are counted, such as an address; null where the registry does not say.
    pub source: Option<String>,
}

/// A command that brings a file to the nodes' own disks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Broadcast {
    /// The tool, such as `sbcast`.
    pub tool: String,
    /// Whether it is in `PATH` here.
    pub installed: bool,
    /// The command.
    pub command: String,
}

/// A job script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Job {
    /// The scheduler: `slurm` or `pbs`.
    pub scheduler: String,
    /// The runtime that it calls.
    pub runtime: String,
    /// The script; `COMMAND` stands for the program in the image.
    pub script: String,
}
