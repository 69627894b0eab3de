//! The files that no package owns: what came into an image beside its package managers.

use std::collections::HashSet;

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
    let files = tree.walk().filter(is_loose).map(|id| {
        let node = tree.node(id);
        let layer = layers.get(node.layer as usize);
        UnownedFile {
            path: tree.path(id),
            layer: layer.and_then(|layer| layer.digest.clone()),
            size: node.size,
            kind: node.content,
        }
    });
    let mut files: Vec<UnownedFile> = files.collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}
