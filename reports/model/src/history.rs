//! What the history keeps of a report: what was found on which nodes and images, what was not
//! looked at, and figures. The whole report stays where its command writes it.

use serde::{Deserialize, Serialize};

use crate::doctor::{Status, Verdict};

/// What one report said, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When the report was made (RFC 3339, UTC, whole seconds).
    pub at: String,
    /// The kind of the report: what is compared with it is of the same kind.
    pub kind: String,
    /// The SHA-256 digest of the report in hex: one that is added twice is kept once.
    pub source: String,
    /// Who asked the nodes, where that is known and one for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What was found, by what it was found on.
    pub said: Vec<Said>,
    /// Nodes that were to report and did not.
    #[serde(default)]
    pub silent: Vec<Silent>,
    /// Which kernel the nodes have, where that is known.
    #[serde(default)]
    pub kernels: Vec<Kernel>,
    /// What was not looked at.
    #[serde(default)]
    pub not_checked: Vec<NotChecked>,
    /// The waivers that a decision went by.
    #[serde(default)]
    pub waivers: Vec<Waiver>,
    /// What was measured.
    #[serde(default)]
    pub figures: Vec<Figure>,
}

/// What was found on nodes, or of an image.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The nodes, folded, or the reference of the image.
    pub on: String,
    /// Whether it is an image.
    #[serde(default)]
    pub image: bool,
    /// All that does not pass.
    pub found: Vec<Found>,
    /// The ids that were not looked at, or do not apply: of these nothing is known.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// Those of them that were left out, or not asked for.
    #[serde(default)]
    pub left_out: Vec<String>,
    /// Whether findings were left out: what is not listed need not pass.
    #[serde(default)]
    pub cut: bool,
    /// Whether it is known of all else that it passes. False in what earlier versions kept of
    /// nodes.
    #[serde(default)]
    pub whole: bool,
    /// The runtimes of which it was judged whether they run a container: those that are installed.
    #[serde(default)]
    pub judged: Vec<String>,
    /// The runtimes that were looked for and are not installed.
    #[serde(default)]
    pub lacking: Vec<String>,
    /// Whether containers run there, where that is known.
    #[serde(default)]
    pub run: Option<Verdict>,
}

/// Nodes that were to report and did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silent {
    /// The nodes, folded.
    pub on: String,
    /// What is known of the cause.
    pub why: String,
}

/// Nodes with a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// The nodes, folded.
    pub on: String,
    /// Its release, as uname(2) has it.
    pub release: String,
}

/// Something that does not pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The id of the check, the rule, or what else was judged.
    pub id: String,
    /// The outcome.
    pub status: Status,
    /// What was found.
    pub text: String,
    /// What to do, where the report says so.
    #[serde(default)]
    pub fix: Option<String>,
    /// The checks that it rests on, where it is the verdict on a runtime.
    #[serde(default)]
    pub because: Vec<String>,
    /// What it is made of, where it is of an image: the findings of a rule that count, the reasons of a
    /// verdict. The worst first, and so many of them as are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// How many those are with the ones that are not kept; 0 where that is not known.
    #[serde(default, skip_serializing_if = "is_none")]
    pub count: u64,
}

impl Found {
    /// Something that does not pass, of which nothing more is kept.
    pub fn of(id: impl Into<String>, status: Status, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            status,
            text: text.into(),
            fix: None,
            because: Vec::new(),
            parts: Vec::new(),
            count: 0,
        }
    }
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// One of what a finding is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What it alone would come to.
    pub status: Status,
    /// What it is about, and what is said of it.
    pub text: String,
    /// What to do, where the report says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

/// Something that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotChecked {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
}

/// A waiver that a decision went by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// Its id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day that it holds.
    pub expires: String,
}

/// Something that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The node, and what was measured how.
    pub series: String,
    /// The unit.
    pub unit: String,
    /// Whether less is better.
    pub less_is_better: bool,
    /// The median.
    pub median: f64,
}
