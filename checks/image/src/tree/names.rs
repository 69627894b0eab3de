//! The entries of a directory of the tree, by their names.
//!
//! Most nodes are files, which have none and take no more room for it than a pointer.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::NodeId;

/// The entries of one directory.
#[derive(Debug, Default)]
#[expect(
    clippy::box_collection,
    reason = "an empty map has three times the size of a pointer"
)]
pub(super) struct Names(Option<Box<BTreeMap<Arc<str>, NodeId>>>);

impl Names {
    /// The entry of this name.
    pub(super) fn get(&self, name: &str) -> Option<NodeId> {
        self.0.as_ref()?.get(name).copied()
    }

    /// Adds an entry.
    pub(super) fn insert(&mut self, name: Arc<str>, id: NodeId) {
        self.0.get_or_insert_default().insert(name, id);
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, name: &str) -> Option<NodeId> {
        self.0.as_mut()?.remove(name)
    }

    /// All entries, by name.
    pub(super) fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> {
        self.0.iter().flat_map(|names| names.values().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_by_name_and_go() {
        let mut names = Names::default();
        assert_eq!((names.get("a"), names.remove("a")), (None, None));
        assert_eq!(names.ids().count(), 0);
        for (id, name) in [(1, "b"), (2, "a"), (3, "c")] {
            names.insert(Arc::from(name), id);
        }
        assert_eq!(names.ids().collect::<Vec<_>>(), [2, 1, 3]);
        assert_eq!(names.ids().rev().collect::<Vec<_>>(), [3, 1, 2]);
        assert_eq!((names.remove("b"), names.get("b")), (Some(1), None));
        assert_eq!(names.get("c"), Some(3));
    }
}
