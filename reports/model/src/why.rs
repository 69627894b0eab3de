//! What `hpcctl doctor why` reports: on what a command broke, the cause, and the fix.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::doctor::Remedy;

/// The result of `hpcctl doctor why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The command line.
    pub command: Vec<String>,
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
}
