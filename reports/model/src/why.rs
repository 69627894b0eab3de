//! What `hpcctl doctor why` reports: on what a command broke, the cause, and the fix.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::doctor::Remedy;

/// The result of `hpcctl doctor why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The command line.
    pub command: Vec<String>,
    /// How far it came.
    pub outcome: Outcome,
    /// The same in words.
    pub says: String,
    /// The line of its output that says so, or null.
    pub seen: Option<String>,
    /// The failed call that matters, or null where none is known to.
    pub call: Option<FailedCall>,
    /// Its exit status, or null where a signal or the deadline ended it.
    pub status: Option<i32>,
    /// The signal that ended it, or null.
    pub signal: Option<i32>,
    /// Whether it was ended at the deadline.
    pub deadline: bool,
    /// Why it was not traced, or null where it was.
    pub untraced: Option<String>,
    /// The causes, the likeliest first; empty where none is known or nothing failed.
    pub causes: Vec<Named>,
    /// The last system calls of interest that failed, in order.
    pub failed: Vec<FailedCall>,
    /// The last lines that it wrote to standard error.
    pub said: Vec<String>,
    /// Programs with privileges of their own, which cannot be traced.
    pub not_traced: Vec<String>,
}

/// How far a container command came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It ended with status 0.
    Succeeded,
    /// The container started, and a program in it failed.
    Program,
    /// The image lacks the program.
    NoProgram,
    /// The image is not there, and could not be got.
    NoImage,
    /// Something else that the command names is not there.
    Missing,
    /// The runtime does not take these words.
    Usage,
    /// The node refused something, as a check confirms.
    Node,
    /// It did not end in time.
    Late,
    /// It failed, and nothing confirms a cause.
    Unknown,
}

/// A cause that a check confirms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Named {
    /// The id of the check.
    pub check: String,
    /// What the check found.
    pub summary: String,
    /// What in the run of the command points to it.
    pub seen: String,
    /// What to do about it.
    pub remedy: Remedy,
}

/// A system call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FailedCall {
    /// The program.
    pub program: String,
    /// The call in words.
    pub call: String,
    /// The symbolic errno.
    pub errno: String,
    /// Whether it may have mattered: not one of the failures that each run has.
    pub matters: bool,
}
