//! What `hpcctl license identify` reports, a line a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The licences of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Identified {
    /// The path as given, joined with what was found below it.
    pub path: String,
    /// The SPDX expression, or null where nothing was found.
    pub expression: Option<String>,
    /// What was found, in the order of the file.
    pub matches: Vec<Match>,
}

/// One licence in one place of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Match {
    /// The SPDX id, expression or `LicenseRef-…`.
    pub license: String,
    /// How the file names it.
    pub kind: Kind,
    /// How well it agrees with the template, from 0 to 1.
    pub score: f64,
    /// The first line, from 1.
    pub start_line: u32,
    /// The last line, included.
    pub end_line: u32,
    /// How sure this is.
    pub state: State,
}

/// How a file names a licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The text of the licence itself.
    Text,
    /// A notice that grants it, such as a standard header.
    Notice,
    /// A machine-readable tag or field, such as `SPDX-License-Identifier`.
    Tag,
    /// A name or an address only.
    Reference,
}

/// How sure a match is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// As good as exact.
    Certain,
    /// Differs from the template in ways that do not change which licence it is.
    Likely,
    /// Hints at a licence; not enough for an expression.
    Clue,
}
