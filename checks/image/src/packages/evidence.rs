//! What is a package only where no other owns the files that speak of it.
//!
//! Such finds come after all others, those that stand for more first: a library in the tree
//! of a vendor is part of that tree, and a module file that points to it says nothing new.

use std::collections::HashMap;

use super::claims::Claims;
use super::standing::Standing;
use crate::catalog::{Candidate, Found};
use crate::tree::{Facts, FileTree, NodeId};

/// Files below a directory that are asked for their owners.
const MOST_FILES: usize = 100_000;

/// What one cataloger found in one file, and is to be looked at once claims are known.
pub(super) struct Later<'a> {
    /// The file.
    pub(super) file: NodeId,
    /// What is known about it.
    pub(super) facts: &'a Facts,
    /// The cataloger, by its place in the table.
    pub(super) row: usize,
    /// What it found.
    pub(super) found: &'a Found,
    standing: Standing,
}

/// Finds that wait for the claims of others.
#[derive(Default)]
pub(super) struct Waiting<'a> {
    later: Vec<Later<'a>>,
}

impl<'a> Waiting<'a> {
    /// Keeps a find for later if it has packages that yield; false when it has none.
    pub(super) fn keep(
        &mut self,
        file: NodeId,
        facts: &'a Facts,
        row: usize,
        found: &'a Found,
    ) -> bool {
        let mut yielding = found.packages.iter().filter(|package| package.yields);
        let Some(first) = yielding.next() else {
            return false;
        };
        self.later.push(Later {
            file,
            facts,
            row,
            found,
            standing: Standing::of(row, first.kind),
        });
        true
    }

    /// The finds in groups of equal standing, the highest first.
    pub(super) fn groups(mut self) -> Vec<Vec<Later<'a>>> {
        // The sort is stable: files stay in the order of the walk.
        self.later
            .sort_by_key(|later| std::cmp::Reverse(later.standing));
        let mut groups: Vec<Vec<Later<'a>>> = Vec::new();
        for later in self.later {
            match groups.last_mut() {
                Some(group) if group[0].standing == later.standing => group.push(later),
                _ => groups.push(vec![later]),
            }
        }
        groups
    }
}

impl Later<'_> {
    /// Whether a package of this find is only a part of what another claims.
    pub(super) fn yields(
        &self,
        candidate: &Candidate,
        tree: &FileTree,
        claims: &Claims<'_>,
    ) -> bool {
        if !candidate.yields {
            return false;
        }
        let of_higher = claims.owner(self.file);
        if of_higher.is_some_and(|owner| self.standing.yields_to(owner.standing)) {
            return true;
        }
        if self.standing != Standing::Module {
            return false;
        }
        let prefix = candidate.prefix.as_deref();
        let Some(prefix) = prefix.and_then(|prefix| tree.resolve(prefix)) else {
            return true;
        };
        let mut below = tree.walk_unless(prefix, |_| false).take(MOST_FILES);
        below.any(|id| claims.owner(id).is_some())
    }
}

/// Libraries whose versions are known, by their directories and names.
///
/// A library that is built as several files tells its version in one of them.
#[derive(Default)]
pub(super) struct Siblings<'a>(HashMap<(NodeId, &'a str), &'a Candidate>);

impl<'a> Siblings<'a> {
    /// Those of a group of finds.
    pub(super) fn of(tree: &FileTree, group: &[Later<'a>]) -> Self {
        let mut known = HashMap::new();
        for later in group {
            for candidate in later.found.packages.iter().filter(|one| is_library(one)) {
                if !candidate.version.is_empty() {
                    let near = tree.node(later.file).parent;
                    known.entry((near, &*candidate.name)).or_insert(candidate);
                    // Headers lie in a directory beside that of the library.
                    if candidate.tells {
                        let around = (tree.node(near).parent, &*candidate.name);
                        known.entry(around).or_insert(candidate);
                    }
                }
            }
        }
        Self(known)
    }

    /// The library of which a file without a version is a part, or the one that it is.
    pub(super) fn whole(
        &self,
        tree: &FileTree,
        file: NodeId,
        candidate: &'a Candidate,
    ) -> &'a Candidate {
        if !is_library(candidate) || !candidate.version.is_empty() {
            return candidate;
        }
        // Plugins lie in a directory below that of their library.
        let near = tree.node(file).parent;
        let places = [near, tree.node(near).parent];
        let mut known = places.iter().filter_map(|place| {
            let key = (*place, &*candidate.name);
            self.0.get(&key).copied()
        });
        known.next().unwrap_or(candidate)
    }
}

fn is_library(candidate: &Candidate) -> bool {
    candidate.yields && candidate.kind == "generic" && candidate.prefix.is_none()
}
