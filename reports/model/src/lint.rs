//! What `hpcctl doctor lint` reports: what a file will really do here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The result of `hpcctl doctor lint`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lints {
    /// Each file, in the order in which they were given.
    pub files: Vec<Lint>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lint {
    /// The file, as it was given.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// How many instructions of a Containerfile, or directives of a job script, were read.
    pub read: usize,
    /// What was looked at, by line.
    pub findings: Vec<LintFinding>,
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileKind {
    /// A batch script with `#SBATCH` lines.
    SlurmJob,
    /// A batch script with `#PBS` lines.
    PbsJob,
    /// A script without such lines.
    Script,
    /// A Containerfile or Dockerfile.
    Containerfile,
}

/// One directive or instruction, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintFinding {
    /// The line, from 1.
    pub line: usize,
    /// The directive, shortened.
    pub directive: String,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Why.
    pub why: String,
    /// What to write instead, or null.
    pub instead: Option<String>,
    /// The ids of the checks that decided.
    pub because: Vec<String>,
    /// The builders that it is true of; empty where it is not about a build.
    pub builders: Vec<String>,
}

/// What becomes of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It does what it says.
    Works,
    /// It is taken and has no effect: what should run inside runs on the host.
    Host,
    /// It is taken and has no effect.
    Ignored,
    /// It is refused when the job is submitted or the step starts.
    Refused,
    /// It starts and fails.
    Fails,
    /// It could not be found out.
    Unknown,
}

impl Outcome {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Host => "host",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
            Self::Fails => "fails",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it is something to be mended.
    pub fn is_finding(self) -> bool {
        !matches!(self, Self::Works | Self::Unknown)
    }
}
