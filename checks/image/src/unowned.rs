//! The files that no package owns: what came into an image beside its package managers.

use std::collections::HashSet;
use std::sync::Arc;

use hpcctl_model::scan::{Layer, UnownedFile};

use crate::tarball::Kind;
use crate::tree::{FileTree, NodeId};

/// The regular files that belong to no package and that no cataloger knew, sorted by path.
pub(crate) fn unowned(
    tree: &FileTree,
    layers: &[Layer],
    owned: &HashSet<NodeId>,
) -> Vec<UnownedFile> {
    let is_loose = |id: &NodeId| {
        let known = tree.facts(*id).is_some_and(|facts| !facts.found.is_empty());
        tree.node(*id).kind == Kind::File && !known && !owned.contains(id)
    };
    // There may be millions of them, of a few layers.
    let digests = layers.iter().map(|layer| layer.digest.as_deref());
    let digests: Vec<Option<Arc<str>>> = digests.map(|digest| digest.map(Arc::from)).collect();
    let files = tree.walk().filter(is_loose).map(|id| {
        let node = tree.node(id);
        UnownedFile {
            path: tree.path(id),
            layer: digests.get(node.layer as usize).cloned().flatten(),
            size: node.size,
            kind: node.content,
        }
    });
    let mut files: Vec<UnownedFile> = files.collect();
    // Each path is there once, so that no order has to be kept, for which there would be no room.
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    files
}
