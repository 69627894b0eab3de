//! Root file systems inside the image's own: machines below `/var/lib/machines`, the storage of a
//! container runtime, a chroot that something was built in.
//!
//! A package database makes the directory that it is relative to such a root, where that has the
//! look of one. Its packages, and those of languages below it, are gathered by themselves: names,
//! links and licence files are looked up inside it, and its own distribution names it.

use std::collections::{BTreeMap, HashSet};

use hpcctl_model::scan::Package;

use super::Packages;
use crate::catalog::{is_database, root_of};
use crate::tree::{FileTree, NodeId, ROOT};

/// Directories that a root file system has.
const HAS: [&str; 2] = ["etc", "usr"];

/// Roots that are told apart.
const MOST: usize = 1000;

/// Divides files by the root that they belong to, the innermost one; that of the image is first.
/// A database that lies elsewhere, such as one for tests, is no system's and is left out.
pub(super) fn divide(tree: &FileTree, files: &[NodeId]) -> BTreeMap<NodeId, Vec<NodeId>> {
    let mut roots = BTreeMap::from([(ROOT, Vec::new())]);
    let mut left_out = HashSet::new();
    for id in files {
        let Some(root) = named(tree, *id) else {
            continue;
        };
        let is_root = |id: &NodeId| HAS.iter().all(|name| tree.child_of(*id, name).is_some());
        match root {
            Some(ROOT) => {}
            Some(root) if is_root(&root) && roots.len() < MOST => {
                roots.entry(root).or_default();
            }
            _ => {
                left_out.insert(*id);
            }
        }
    }
    for id in files.iter().filter(|id| !left_out.contains(*id)) {
        let mut at = *id;
        while roots.len() > 1 && at != ROOT && !roots.contains_key(&at) {
            at = tree.node(at).parent;
        }
        let root = if roots.contains_key(&at) { at } else { ROOT };
        roots.entry(root).or_default().push(*id);
    }
    roots
}

/// The root that a file names if it is of a package database; no directory where that is gone.
fn named(tree: &FileTree, id: NodeId) -> Option<Option<NodeId>> {
    let facts = tree.facts(id)?;
    let mut rows = facts.found.iter().map(|(row, _)| *row);
    let row = rows.find(|row| is_database(*row))?;
    let path = tree.path(id);
    let root = root_of(row, path.get(1..)?)?;
    Some(tree.resolve(root))
}

impl Packages {
    /// Adds those of another root; what is the same there is one package at two places.
    pub(super) fn join(&mut self, other: Self) {
        self.owned.extend(other.owned);
        self.purls.extend(other.purls);
        for package in other.packages {
            let is_same = |known: &&mut Package| {
                known.purl == package.purl && known.licenses == package.licenses
            };
            match self.packages.iter_mut().find(is_same) {
                Some(known) => {
                    known.locations.extend(package.locations);
                    known.locations.sort();
                    known.license_files.extend(package.license_files);
                    known.license_files.sort();
                    known.readmes.extend(package.readmes);
                    known.readmes.sort();
                    known.readmes.dedup();
                    known.files += package.files;
                    known.owned_files.extend(package.owned_files);
                    known.owned_files.sort();
                    known.owned_files.dedup();
                    // What one of them needs, or whose part it is, holds for that one only.
                    known.owned_by = known.owned_by.take().filter(|_| package.owned_by.is_some());
                    known.depends.extend(package.depends);
                    known.depends.sort();
                    known.depends.dedup();
                }
                None => self.packages.push(package),
            }
        }
        super::sort(&mut self.packages);
    }
}
