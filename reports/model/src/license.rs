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

/// What is known of one licence, as `hpcctl license show` and `license list` report it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Licensed {
    /// The SPDX id, or a `LicenseRef-…`.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// Where the id comes from.
    pub list: List,
    /// The class of its terms; null for an exception, which only adds permissions.
    pub class: Option<String>,
    /// Whether the OSI approved it.
    pub osi: bool,
    /// Whether the FSF calls it free.
    pub fsf: bool,
    /// The id or expression that replaced a deprecated id.
    pub replaced_by: Option<String>,
    /// What whoever passes it on has to do, each in one sentence.
    pub obligations: Vec<String>,
    /// The text of the SPDX list; null where it is not asked for, or the vendor's own.
    pub text: Option<String>,
}

/// Where an id comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum List {
    /// A licence of the SPDX list.
    Licenses,
    /// An exception of the SPDX list.
    Exceptions,
    /// A vendor's text that is known by a sample.
    Vendors,
    /// A name for a family of licences, or for terms that no list has.
    Names,
    /// A name that is met in an image alone: nothing is known of it.
    Unlisted,
}

/// What differs between a file and the text of a licence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// The path as given.
    pub path: String,
    /// The SPDX id of the licence or the exception.
    pub license: String,
    /// The share of the words that agree, from 0 to 1.
    pub score: f64,
    /// The first line of the file that holds the text; null where nothing of it is there.
    pub start_line: Option<u32>,
    /// The last line, included.
    pub end_line: Option<u32>,
    /// The places that differ, in the order of the text.
    pub changes: Vec<Change>,
}

/// One place where a file differs from the text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The words of the text, empty where the file only adds; markup, case and punctuation do
    /// not count and are not shown.
    pub text: String,
    /// The words of the file, empty where it only leaves out.
    pub file: String,
    /// The line of the file, from 1.
    pub line: u32,
    /// Whether the SPDX matching guidelines let this place differ.
    pub allowed: bool,
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
