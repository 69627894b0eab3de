//! Licences that other files than a package's own metadata declare for it: recipes that a
//! package manager keeps in the directory of what it installed.

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{Candidate, Declared, Versions};
use crate::license::all_of;
use crate::tree::{FileTree, NodeId};

/// What was declared, by the directory that it is about.
#[derive(Debug, Default)]
pub(super) struct DeclaredElsewhere<'a>(HashMap<&'a str, Vec<&'a Declared>>);

impl<'a> DeclaredElsewhere<'a> {
    /// All that the files of an image declare.
    pub(super) fn of(tree: &'a FileTree, files: &[NodeId]) -> Self {
        let mut all: HashMap<&str, Vec<&Declared>> = HashMap::new();
        let facts = files.iter().filter_map(|id| tree.facts(*id));
        for (_, found) in facts.flat_map(|facts| &facts.found) {
            for declared in &found.declared {
                all.entry(&declared.prefix).or_default().push(declared);
            }
        }
        Self(all)
    }

    /// The licence of a package in its version; all of them where several hold.
    pub(super) fn of_package(&self, candidate: &Candidate) -> Option<String> {
        let declared = self.0.get(&**candidate.prefix.as_ref()?)?;
        let holds = |declared: &&&Declared| match &declared.versions {
            Some(versions) => contains(versions, &candidate.version),
            None => true,
        };
        let is_of = |one: &&&Declared| one.name == candidate.name;
        let holding = declared.iter().filter(is_of).filter(holds);
        let expressions: BTreeSet<&str> = holding.map(|one| &*one.expression).collect();
        all_of(expressions)
    }
}

/// Whether a version is in a range.
fn contains(versions: &Versions, version: &str) -> bool {
    let version = numbers(version);
    let from = versions.from.as_deref().map(numbers);
    let to = versions.to.as_deref().map(numbers);
    let is_late = from.is_none_or(|from| version >= from);
    let is_early = to.is_none_or(|to| version <= to || version.starts_with(&to));
    is_late && is_early
}

/// The parts of a version, numbers by their value; words come before them.
fn numbers(version: &str) -> Vec<Result<u64, &str>> {
    let parts = version.split(['.', '-', '_']);
    parts.map(|part| part.parse().map_err(|_| part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_ends_early_stands_for_all_that_begin_so() {
        let range = |from: &str, to: &str| Versions {
            from: Some(from.to_owned()).filter(|from| !from.is_empty()),
            to: Some(to.to_owned()).filter(|to| !to.is_empty()),
        };
        for (from, to, version, holds) in [
            ("", "1.2", "1.2.9", true),
            ("", "1.2", "1.3", false),
            ("1.2", "", "1.10", true),
            ("1.2", "1.2", "1.2.5", true),
            ("2", "3", "1.9", false),
            ("", "", "develop", true),
        ] {
            assert_eq!(
                contains(&range(from, to), version),
                holds,
                "{from}:{to} {version}"
            );
        }
    }
}
