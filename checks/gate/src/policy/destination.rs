//! A class of destinations: which names it has, and what is different there.

use std::collections::BTreeMap;

use hpcctl_model::gate::Level;

use super::{Licenses, Origin, Pattern, Set};

/// A class of destinations, such as the site's own registry.
#[derive(Debug, Clone, Default)]
pub(crate) struct Destination {
    /// Where it is first said.
    pub(crate) origin: Option<Origin>,
    /// The globs of `HOST/NAME` that belong to it.
    pub(crate) matches: Vec<Set<Pattern>>,
    /// What rules weigh there, where that is different.
    pub(crate) rules: BTreeMap<&'static str, Set<Level>>,
    /// What licences weigh there, where that is different.
    pub(crate) licenses: Licenses,
}
