//! Since which layer a package is there, where a later layer replaced the database that lists it.

use std::collections::HashSet;

use crate::catalog::Candidate;
use crate::tree::{Facts, FileTree};

/// Which packages earlier versions of a database held, the latest first.
pub(super) struct Earlier<'a>(Vec<(u32, HashSet<Identity<'a>>)>);

type Identity<'a> = (&'a str, &'a str, Option<&'a str>);

fn identity(candidate: &Candidate) -> Identity<'_> {
    (
        &candidate.name,
        &candidate.version,
        candidate.arch.as_deref(),
    )
}

impl<'a> Earlier<'a> {
    /// Those of a cataloger, whose latest find `facts` are.
    pub(super) fn of(tree: &'a FileTree, facts: &'a Facts, row: usize) -> Self {
        let mut versions = Vec::new();
        let mut at = tree.previous(facts);
        while let Some(facts) = at {
            let found = facts.found.iter().filter(|(other, _)| *other == row);
            let packages = found
                .flat_map(|(_, found)| &found.packages)
                .map(identity)
                .collect();
            versions.push((facts.layer, packages));
            at = tree.previous(facts);
        }
        Self(versions)
    }

    /// The first layer from which on the package was there, up to `last`.
    pub(super) fn first(&self, candidate: &Candidate, last: u32) -> u32 {
        let identity = identity(candidate);
        let held = self
            .0
            .iter()
            .take_while(|(_, packages)| packages.contains(&identity));
        held.last().map_or(last, |(layer, _)| *layer)
    }
}
