//! What `hpcctl report` tells: what changed since last night.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::bench::{self, Change};
use crate::doctor::Status;
use crate::fleet::Nodes;

/// The id under which it is told that nodes report or do not, or come and go.
pub const NODES: &str = "node.reports";

/// The result of `hpcctl report nightly` and `report diff`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Nightly {
    /// What it comes to.
    pub verdict: Verdict,
    /// When the last result of before was made (RFC 3339, UTC), whether or not it is too old to compare
    /// with, or null where there is none.
    pub before_at: Option<String>,
    /// When the last result was made (RFC 3339, UTC), or null where there is none.
    pub at: Option<String>,
    /// When the last result was made, of this night or before (RFC 3339, UTC), or null.
    #[serde(default)]
    pub last_at: Option<String>,
    /// How many nodes and images results are of.
    pub reported: u64,
    /// How many of those are images.
    #[serde(default)]
    pub images: u64,
    /// Nodes on which figures were measured.
    #[serde(default)]
    pub measured: Nodes,
    /// On how many nodes containers run.
    #[serde(default)]
    pub containers: Containers,
    /// Nodes on which a runtime runs no container, or is gone, by the cause; the new ones first.
    #[serde(default)]
    pub broken: Vec<Broken>,
    /// Nodes that do not report, by what is known of the cause.
    #[serde(default)]
    pub away: Vec<Away>,
    /// What is worse than it was, and what stays although it used to come and go.
    pub new: Vec<Item>,
    /// What passes, and did not.
    pub fixed: Vec<Item>,
    /// What is better than it was, and does not pass.
    #[serde(default)]
    pub eased: Vec<Item>,
    /// What changed again, as it did three times or more in the last nights.
    pub flapping: Vec<Item>,
    /// What is as bad as it was.
    pub still: Vec<Item>,
    /// Nodes that reported for the first time.
    pub joined: Nodes,
    /// Nodes that report again.
    #[serde(default)]
    pub returned: Nodes,
    /// Nodes that reported the night before, and not this night.
    pub lost: Nodes,
    /// Nodes that are said to be no longer, and report.
    #[serde(default)]
    pub retired: Nodes,
    /// Nodes that have another kernel than before.
    #[serde(default)]
    pub kernels: Vec<Kernel>,
    /// Waivers that lapse soon, or have lapsed.
    pub waivers: Vec<Lapsing>,
    /// Figures that have become worse.
    pub regressions: Vec<Regression>,
    /// Figures that are as much worse as they were.
    #[serde(default)]
    pub slow: Vec<Regression>,
    /// Figures that were worse, and are as usual again.
    #[serde(default)]
    pub recovered: Vec<Regression>,
    /// What became of the cost of a container, of two reports of bench by their own bands.
    #[serde(default)]
    pub costs: Vec<Cost>,
    /// How things went, the oldest night first.
    pub trends: Vec<Trend>,
    /// What was not looked at.
    pub not_checked: Vec<NotChecked>,
}

/// What a night comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something is worse.
    Worse,
    /// Something changed, and nothing is known to be worse.
    Changed,
    /// Nothing changed.
    Unchanged,
    /// There is nothing to compare with: what is found is what later nights are held against.
    First,
    /// There are no results.
    Nothing,
}

impl Verdict {
    /// The word used in every output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::Unchanged => "unchanged",
            Self::First => "first",
            Self::Nothing => "nothing",
        }
    }
}

/// A finding, folded over the nodes or images that have it alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// The id of the check, the rule, or what else was judged.
    pub id: String,
    /// The outcome now.
    pub status: Status,
    /// The outcome before, or null where it is not known.
    pub was: Option<Status>,
    /// The nodes, folded, or the images.
    pub on: Nodes,
    /// What is said of it most often: now, or before where it is fixed.
    pub text: String,
    /// How many other things are said of it.
    pub others: u64,
    /// Since when it has been so, or was where it passes now (RFC 3339, UTC).
    pub since: String,
    /// Whether nothing is known of the time before that.
    #[serde(default)]
    pub or_before: bool,
    /// What to do, or null where nobody said.
    pub fix: Option<String>,
    /// The finding on the same nodes that it follows from, or null.
    #[serde(default)]
    pub follows: Option<String>,
    /// Whether it was looked at for the first time, and so is not known to be worse than it was.
    #[serde(default)]
    pub first: bool,
    /// Whether it is one of several that an id stands for, such as a finding of a rule of gate, where the id
    /// is as bad as it was: that stands among what is still so.
    #[serde(default)]
    pub part: bool,
}

/// On how many nodes containers run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Containers {
    /// They run.
    pub yes: u64,
    /// They run, with losses.
    pub degraded: u64,
    /// They run with some of the installed runtimes only.
    #[serde(default)]
    pub partly: u64,
    /// They run with none.
    pub no: u64,
    /// It is not known whether they run.
    pub unknown: u64,
    /// Of the node nothing came.
    pub missing: u64,
}

/// Nodes on which a runtime runs no container, or is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Broken {
    /// The nodes.
    pub nodes: Nodes,
    /// Whether that was otherwise before.
    pub new: bool,
    /// Whether such reports have their first night, so that nothing is known of before.
    #[serde(default)]
    pub first: bool,
    /// The runtime that is gone, or where none is left those that are; null where none is gone.
    pub gone: Option<String>,
    /// The runtimes that run no container: where that is new, those that did.
    #[serde(default)]
    pub runtimes: Vec<String>,
    /// Whether no container runs there, with whichever runtime is installed.
    #[serde(default)]
    pub all: bool,
    /// Whether those, or another one, ran before where that is new.
    #[serde(default)]
    pub ran: bool,
    /// The checks that it comes from.
    pub because: Vec<String>,
    /// What the first of them says.
    pub text: String,
    /// What to do, or null where nobody said.
    pub fix: Option<String>,
    /// Since when (RFC 3339, UTC).
    pub since: String,
    /// Whether nothing is known of the time before that.
    #[serde(default)]
    pub or_before: bool,
}

/// Nodes that do not report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Away {
    /// The nodes.
    pub nodes: Nodes,
    /// Whether they did before, or were not asked.
    pub new: bool,
    /// What is known of the cause.
    pub why: String,
    /// Since when (RFC 3339, UTC).
    pub since: String,
}

/// Nodes that have another kernel than before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Kernel {
    /// The nodes.
    pub nodes: Nodes,
    /// The release before, as uname(2) has it.
    pub was: String,
    /// The release now.
    pub is: String,
}

/// A waiver that lapses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lapsing {
    /// Its id.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day that it holds.
    pub expires: String,
    /// Whether that day is over.
    #[serde(default)]
    pub lapsed: bool,
}

/// A figure that was worse two nights in a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Regression {
    /// The node, and what was measured how.
    pub series: String,
    /// The unit.
    pub unit: String,
    /// The median of the nights before it was worse.
    pub usual: f64,
    /// Their median absolute deviation.
    pub spread: f64,
    /// How many nights those are.
    pub nights: u64,
    /// The last two nights, the older first.
    pub last: [f64; 2],
    /// How much worse it is, as a share: in the night that it is told first by the better of the two; or
    /// how much it was.
    pub worse: f64,
    /// Since when (RFC 3339, UTC).
    #[serde(default)]
    pub since: String,
}

/// What became of the cost of a container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// What it costs now, by what it cost then.
    #[serde(flatten)]
    pub change: Change,
    /// What became of the node itself: slower, where outside is by more than the margin.
    pub node: bench::Verdict,
}

/// How something went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// What.
    pub what: String,
    /// The unit, or empty for a number of things.
    pub unit: String,
    /// The nights, the oldest first.
    pub points: Vec<Point>,
}

/// A night.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// When (RFC 3339, UTC).
    pub at: String,
    /// How much.
    pub value: f64,
}

/// Something that was not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotChecked {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// The checks, where nothing was known of them from the night before either.
    #[serde(default)]
    pub checks: Vec<String>,
}

impl NotChecked {
    /// Something, and why.
    pub fn of(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: why.into(),
            checks: Vec::new(),
        }
    }
}
