//! What `hpcctl fleet` reports: many nodes, folded by what they have in common.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::doctor::{Ids, Status, Verdict};

/// The result of `hpcctl fleet merge` and `fleet run`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fleet {
    /// How many nodes were to report, or null where no set was given.
    pub expected: Option<u64>,
    /// How many nodes reported; where a set was given, of that set.
    pub reported: u64,
    /// Nodes that were to report and did not, and those whose last line is old.
    pub missing: Nodes,
    /// The missing nodes by what is known of the cause.
    #[serde(default)]
    pub silent: Vec<Silent>,
    /// Nodes that reported and are not of the set that was given.
    pub unexpected: Nodes,
    /// Nodes of which only truncated or damaged lines came.
    pub unreadable: Nodes,
    /// Nodes whose last line is much older than the newest: they do not count as reporting.
    #[serde(default)]
    pub stale: Nodes,
    /// Nodes whose clock is off.
    #[serde(default)]
    pub clock: Nodes,
    /// The lines that were read.
    pub lines: Lines,
    /// When the first node reported, of the lines that count (RFC 3339, UTC), or null.
    pub first_at: Option<String>,
    /// When half of the nodes had reported, of the lines that count (RFC 3339, UTC), or null: a clock
    /// that is off changes nothing in it.
    #[serde(default)]
    pub median_at: Option<String>,
    /// When the last node reported, of the lines that count (RFC 3339, UTC), or null.
    pub last_at: Option<String>,
    /// The nodes by what they found, the largest group first: the majority.
    pub groups: Vec<Group>,
}

/// Nodes, and how many they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nodes {
    /// How many.
    pub count: u64,
    /// Their names, folded: `n[001-128,130]`; empty where there are none.
    pub set: String,
}

/// Nodes of which no line came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Silent {
    /// The nodes.
    pub nodes: Nodes,
    /// What the engine, or the node itself, said instead.
    pub why: String,
}

/// The lines that were read. All but `read` and `noise` begin with the magic word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lines {
    /// Lines of any kind.
    pub read: u64,
    /// Lines of nodes that are whole.
    pub whole: u64,
    /// Whole lines that say again what was known, or less than a later line of the same node.
    pub repeated: u64,
    /// Lines that break off.
    pub truncated: u64,
    /// Lines that have an end and whose checksum is not theirs, or that no reader knows.
    pub damaged: u64,
    /// Lines with another number in the magic word: of another version of hpcctl.
    #[serde(default)]
    pub other_version: u64,
    /// Lines of something else.
    pub noise: u64,
}

/// Nodes that found the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The nodes.
    pub nodes: Nodes,
    /// Whether containers run there: the worst of `run` of each installed runtime, of `builtin`
    /// where none is installed.
    pub run: Verdict,
    /// The checks that fail, warn or are unknown.
    pub findings: Vec<Finding>,
    /// Findings of the majority that these nodes do not have.
    pub absent: Vec<String>,
    /// The verdict on each operation of each installed runtime.
    pub runtimes: BTreeMap<String, BTreeMap<String, Verdict>>,
    /// The runtimes, with an operation, of which the majority has another verdict.
    pub differs: Vec<String>,
    /// The checks that keep an installed runtime from running a container.
    pub because: BTreeMap<String, Vec<String>>,
    /// How each runtime runs an image that does not meet a check of images, by runtime and check,
    /// where that is not as it runs any other; null where the lines of the nodes do not say.
    #[serde(default)]
    pub images: Option<BTreeMap<String, BTreeMap<String, Unmet>>>,
    /// The nodes by what they looked at; empty where no line tells.
    #[serde(default)]
    pub looked: Vec<Looked>,
    /// What else the nodes said of themselves: `kernel`, `arch`, `hpcctl`, the `user` who asked, and `fix.` with the
    /// runtime that the fix is for; behind a colon the check of images that is not met.
    pub facts: Vec<Fact>,
    /// Whether ids were left out of their lines, which are bounded.
    pub cut: bool,
}

/// Nodes that looked at the same checks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Looked {
    /// The nodes.
    pub nodes: Nodes,
    /// The checks that were not made: left out, or not asked for. Null where the lines do not tell.
    pub left_out: Option<Vec<String>>,
    /// The checks that do not apply there, or need what fails.
    pub idle: Vec<String>,
}

/// How a runtime runs an image that does not meet a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unmet {
    /// Whether it runs it.
    pub run: Verdict,
    /// The checks that decided.
    pub because: Vec<String>,
    /// The highest ids of an image that meets the check there, where it is one of ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to: Option<Ids>,
}

/// A check that fails, warns or is unknown on the nodes of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The id of the check.
    pub id: String,
    /// The outcome.
    pub status: Status,
    /// Whether the majority does not have it.
    pub minority: bool,
    /// What the nodes said, most often said first.
    pub values: Values,
}

/// Something that nodes say of themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact {
    /// What it is.
    pub what: String,
    /// What the nodes said, most often said first.
    pub values: Values,
}

/// The raw values behind a key that nodes share.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Values {
    /// The values, those of most nodes first.
    pub shown: Vec<Raw>,
    /// How many nodes have another value, of which there are too many to be kept.
    pub others: u64,
    /// How many nodes said none: their lines had no room for it.
    pub unsaid: u64,
}

/// A raw value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Raw {
    /// The value as the nodes wrote it, shortened by them.
    pub text: String,
    /// How many nodes have it.
    pub count: u64,
    /// Which nodes have it, folded; null where all of the group do, or where such sets would be too long.
    pub nodes: Option<String>,
}
