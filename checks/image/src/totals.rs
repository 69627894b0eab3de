//! How much an image is, when its layers are merged.

use hpcctl_model::scan::Totals;

use crate::tarball::Kind;
use crate::tree::FileTree;

/// Counts what is in the tree.
pub(crate) fn of(tree: &FileTree) -> Totals {
    let mut totals = Totals::default();
    for id in tree.walk() {
        let node = tree.node(id);
        totals.names += 1;
        if node.kind == Kind::File {
            totals.files += 1;
            totals.bytes = totals.bytes.saturating_add(node.size);
        }
    }
    totals
}
