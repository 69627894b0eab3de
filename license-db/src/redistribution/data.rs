//! The table as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::State;

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Data {
    /// The conditions.
    pub(super) conditions: Vec<Conditions>,
    /// The rows.
    pub(super) terms: Vec<Row>,
}

/// What the conditions say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditions {
    /// The texts, by the ids that rows name.
    pub(super) texts: BTreeMap<String, String>,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

/// A row.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) holder: String,
    pub(super) product: String,
    pub(super) state: State,
    #[serde(default)]
    pub(super) conditions: Vec<String>,
    pub(super) advice: Option<String>,
    #[serde(default)]
    pub(super) also: bool,
    pub(super) instead_of: Option<String>,
    #[serde(default)]
    pub(super) beside: Vec<String>,
    #[serde(default)]
    pub(super) libraries: Vec<String>,
    #[serde(default)]
    pub(super) programs: Vec<String>,
    #[serde(default)]
    pub(super) paths: Vec<String>,
    #[serde(default)]
    pub(super) packages: Vec<String>,
    #[serde(default)]
    pub(super) build_ids: Vec<String>,
    #[serde(default)]
    pub(super) renamed: Vec<String>,
    pub(super) source: String,
    pub(super) date: String,
}

/// Reads the table that is built in.
pub(super) fn built_in() -> Data {
    crate::data::read(include_str!("../../data/redistribution.toml")).unwrap_or_default()
}
