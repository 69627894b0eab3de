//! Which files belong to which package.
//!
//! Lists of files name them one by one, or whole directories. Several packages may claim a
//! file: it counts for each of them, and belongs to the one of the highest standing. A list of
//! what is no package in the image claims nothing: its files are nobody's.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::standing::Standing;
use crate::catalog::Owned;
use crate::tarball::Kind;
use crate::tree::{FileTree, NodeId};

/// The place of a package in the list that is being gathered.
pub(super) type Place = usize;

/// The claims of all packages.
pub(super) struct Claims<'a> {
    tree: &'a FileTree,
    /// Whom a file belongs to.
    owners: HashMap<NodeId, Owner>,
    /// The claims of packages on files that belong to another, or did not always belong to them.
    beside: HashSet<(Place, NodeId)>,
    /// How many files each package claims.
    counts: HashMap<Place, u64>,
    /// Which ones, where they are listed.
    listed: Option<Vec<(Place, NodeId)>>,
    below: Vec<Below<'a>>,
}

/// A package that owns a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    /// Which one.
    pub(super) place: Place,
    /// Whose word it is.
    pub(super) standing: Standing,
}

/// A claim on all that is below a directory.
struct Below<'a> {
    path: &'a str,
    row: usize,
    owner: Owner,
}

impl<'a> Claims<'a> {
    /// Starts with no claim; whether the files of each package are to be listed.
    pub(super) fn new(tree: &'a FileTree, lists: bool) -> Self {
        Self {
            tree,
            owners: HashMap::new(),
            beside: HashSet::new(),
            counts: HashMap::new(),
            listed: lists.then(Vec::new),
            below: Vec::new(),
        }
    }

    /// Notes what one list claims for `owner`; `row` is the cataloger that read it.
    pub(super) fn add(&mut self, row: usize, owner: Owner, list: &'a Owned) {
        let mut last: Option<(&str, Option<NodeId>)> = None;
        for path in list.paths.lines() {
            if let Some(path) = path.strip_suffix('/') {
                self.below.push(Below { path, row, owner });
                continue;
            }
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parent = match last {
                Some((known, parent)) if known == directory => parent,
                _ => self.tree.resolve(directory),
            };
            last = Some((directory, parent));
            if let Some(id) = parent.and_then(|parent| self.tree.child_of(parent, name)) {
                self.claim(id, owner);
            }
        }
    }

    /// Settles the claims on directories: the deepest one of each cataloger wins.
    pub(super) fn settle(&mut self) {
        let mut below = std::mem::take(&mut self.below);
        below.sort_by(|a, b| (b.path.len(), a.path, a.row).cmp(&(a.path.len(), b.path, b.row)));
        let mut taken: HashSet<(usize, NodeId)> = HashSet::new();
        for Below { path, row, owner } in below {
            let Some(top) = self.tree.resolve(path) else {
                continue;
            };
            for id in self.tree.walk_unless(top, |id| !taken.insert((row, id))) {
                self.claim(id, owner);
            }
        }
    }

    fn claim(&mut self, id: NodeId, owner: Owner) {
        if self.tree.node(id).kind == Kind::Directory {
            return;
        }
        if !self.is_new(id, owner) {
            // Its lists name the file twice.
            return;
        }
        *self.counts.entry(owner.place).or_default() += 1;
        if let Some(listed) = &mut self.listed {
            listed.push((owner.place, id));
        }
    }

    /// Settles whom a file belongs to; whether this package did not claim it before.
    fn is_new(&mut self, id: NodeId, owner: Owner) -> bool {
        match self.owners.entry(id) {
            Entry::Vacant(nobody) => {
                nobody.insert(owner);
                true
            }
            Entry::Occupied(known) if known.get().place == owner.place => false,
            Entry::Occupied(mut known) => {
                let is_new = self.beside.insert((owner.place, id));
                if owner.standing > known.get().standing {
                    self.beside.insert((known.get().place, id));
                    known.insert(owner);
                }
                is_new
            }
        }
    }

    /// How many files a package claims.
    pub(super) fn count(&self, place: Place) -> u64 {
        self.counts.get(&place).copied().unwrap_or(0)
    }

    /// The paths of the files that each package claims, sorted, where they are listed.
    pub(super) fn take_listed(&mut self) -> HashMap<Place, Vec<String>> {
        let mut paths: HashMap<Place, Vec<String>> = HashMap::new();
        for (place, id) in self.listed.take().into_iter().flatten() {
            paths.entry(place).or_default().push(self.tree.path(id));
        }
        for paths in paths.values_mut() {
            paths.sort();
        }
        paths
    }

    /// The package that a file belongs to.
    pub(super) fn owner(&self, id: NodeId) -> Option<Owner> {
        self.owners.get(&id).copied()
    }

    /// The files that belong to a package, with its place.
    pub(super) fn owners(&self) -> impl Iterator<Item = (NodeId, Place)> {
        self.owners.iter().map(|(id, owner)| (*id, owner.place))
    }

    /// All files that are claimed.
    pub(super) fn into_files(self) -> impl Iterator<Item = NodeId> {
        self.owners.into_keys()
    }
}
