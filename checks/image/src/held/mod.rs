//! What the layers of an image hold that decides whether it may leave the site: what gives
//! access, what gives rights, what vendors restrict, and what a later layer removed.
//!
//! Every layer counts, also what a later one deletes or replaces, since all of them are passed
//! on. So this is gathered from the layers before they are merged, and compared with the merged
//! tree afterwards.

mod privileged;
mod removed;
mod restricted;
mod sensitive;

use std::collections::HashMap;
use std::sync::Arc;

use hpcctl_license_db::redistribution::Finder;
use hpcctl_model::scan::{Layer, Package, Privileged, Removed, Restricted, Sensitive};

pub(crate) use self::sensitive::of_index;
use crate::config::About;
use crate::fault::Faults;
use crate::tarball::Kind;
use crate::tree::{Entry, FileTree, Listing, Mark, NodeId};

/// What was gathered from the layers.
#[derive(Debug, Default)]
pub(crate) struct Held {
    sensitive: Vec<Item<crate::sensitive::Sighting>>,
    privileged: Vec<Item<privileged::Grant>>,
    restricted: Vec<Item<restricted::Named>>,
    lower: removed::Lower,
    finder: Finder,
}

/// Something that a file of a layer is or holds.
#[derive(Debug)]
struct Item<T> {
    /// The layer, from 0.
    layer: usize,
    /// The path, without a slash in front.
    path: String,
    what: T,
}

impl Held {
    /// Takes note of the files of all layers: some show whose image the base is.
    pub(crate) fn see(&mut self, listing: &Listing) {
        for entry in listing.entries() {
            self.finder.see(entry.path);
        }
    }

    /// Gathers what a layer holds; all of them are to be seen before.
    pub(crate) fn gather(
        &mut self,
        layer: usize,
        listing: &Listing,
        about: &About,
        faults: &mut Faults,
    ) {
        self.lower.see(layer, listing);
        if self.lower.is_full {
            faults.add(
                "files",
                "it holds more packages, licences or programs than are told",
            );
        }
        let mut marks = listing.marks.iter().collect::<Vec<_>>();
        marks.sort_by_key(|(entry, _)| *entry);
        let mut marks = marks.into_iter().peekable();
        let directories = privileged::path_of(&about.env);
        for (index, entry) in listing.entries().enumerate() {
            let mut of_entry = Vec::new();
            while let Some((_, mark)) = marks.next_if(|(at, _)| *at as usize == index) {
                of_entry.push(mark);
            }
            self.entry(layer, &entry, &of_entry, &directories);
        }
        if listing.marks_are_full() {
            let why = "it holds more keys and privileged files than are told";
            faults.add("files", why);
        }
    }

    fn entry(&mut self, layer: usize, entry: &Entry<'_>, marks: &[&Mark], directories: &[String]) {
        let path = || entry.path.to_owned();
        let seen = marks.iter().filter_map(|mark| match mark {
            Mark::Sensitive(sighting) => Some(sighting.clone()),
            _ => None,
        });
        self.sensitive.extend(seen.map(|what| Item {
            layer,
            path: path(),
            what,
        }));
        for what in privileged::grants(entry, marks, directories) {
            let path = path();
            self.privileged.push(Item { layer, path, what });
        }
        if entry.kind == Kind::File && entry.size > 0 {
            for what in restricted::named(&mut self.finder, entry, marks) {
                let path = path();
                self.restricted.push(Item { layer, path, what });
            }
        }
    }
}

/// What is known once the layers are merged.
pub(crate) struct Merged<'a> {
    pub(crate) tree: &'a FileTree,
    pub(crate) layers: &'a [Layer],
    /// The purl of the package that a file belongs to.
    pub(crate) purls: &'a HashMap<NodeId, Arc<str>>,
    /// What the configuration says.
    pub(crate) about: &'a About,
}

impl Merged<'_> {
    /// The file that is still there; none where a later layer deletes or replaces it.
    fn visible<T>(&self, item: &Item<T>) -> Option<NodeId> {
        let id = self.tree.resolve_link(&item.path)?;
        (self.tree.node(id).layer as usize == item.layer).then_some(id)
    }

    /// The digest of a layer.
    fn layer(&self, place: usize) -> Option<String> {
        self.layers.get(place)?.digest.clone()
    }

    /// The purl of the package that a file belongs to.
    fn purl(&self, id: NodeId) -> Option<&str> {
        self.purls.get(&id).map(|purl| &**purl)
    }
}

/// What the report says of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) sensitive: Vec<Sensitive>,
    pub(crate) privileged: Vec<Privileged>,
    pub(crate) restricted: Vec<Restricted>,
    pub(crate) removed: Vec<Removed>,
}

impl Held {
    /// Settles what of it is still there, and whose it is.
    pub(crate) fn report(self, merged: &Merged<'_>, packages: &[Package]) -> Report {
        let mut report = Report {
            removed: self.lower.report(merged, packages),
            sensitive: sensitive::report(self.sensitive, merged),
            privileged: privileged::report(self.privileged, merged),
            restricted: restricted::report(self.restricted, self.finder, merged),
        };
        report.sensitive.sort();
        report.sensitive.dedup();
        report.privileged.sort();
        report.privileged.dedup();
        report.restricted.sort();
        report.removed.sort();
        report
    }
}
