//! Lays one layer over the tree.

use std::mem;
use std::sync::Arc;

use hpcctl_model::scan::ContentKind;

use super::names::Names;
use super::{Entry, Facts, FileTree, Listing, Node, NodeId, ROOT};
use crate::Limits;
use crate::fault::Faults;
use crate::tarball::Kind;

/// What hides a file of a lower layer.
const WHITEOUT: &str = ".wh.";

/// What hides all that lower layers have in a directory.
const OPAQUE: &str = ".wh..wh..opq";

/// The state of laying one layer.
struct Laying<'a> {
    tree: &'a mut FileTree,
    layer: u32,
    limits: &'a Limits,
    /// The directory of the last entry, since neighbours mostly share it.
    last: Option<(String, NodeId)>,
}

/// Directories that are only named in the paths of others, beside one for each entry: a path of
/// many names costs little.
const IMPLIED: usize = 100_000;

/// The tree has as many nodes as the limit, or as many directories that only paths name.
enum Full {
    Nodes,
    Implied,
}

impl FileTree {
    /// Lays a layer over the tree; `whiteouts` is false for a directory, where such names are files.
    pub(crate) fn apply(
        &mut self,
        layer: u32,
        mut listing: Listing,
        whiteouts: bool,
        limits: &Limits,
        faults: &mut Faults,
    ) {
        self.texts.append(&mut listing.texts);
        let mut facts = mem::take(&mut listing.facts).into_iter().peekable();
        let mut laying = Laying {
            tree: self,
            layer,
            limits,
            last: None,
        };
        if whiteouts {
            for entry in listing.entries().filter(|entry| is_whiteout(entry.path)) {
                laying.hide(entry.path);
            }
        }
        for (index, entry) in listing.entries().enumerate() {
            let facts = facts
                .next_if(|(at, _)| *at as usize == index)
                .map(|(_, facts)| facts);
            if whiteouts && is_whiteout(entry.path) {
                continue;
            }
            match laying.lay(&entry, facts) {
                Ok(true) => {}
                Ok(false) => {
                    let why = format!("it is a hard link to {:?}, which is not a file", entry.link);
                    faults.add(format!("/{}", entry.path), why);
                }
                Err(full) => {
                    let why = match full {
                        Full::Nodes => {
                            format!("the image has more than {} files", limits.tree_nodes)
                        }
                        Full::Implied => "more directories than files are only named in paths; \
                                          the files that follow were left out"
                            .to_owned(),
                    };
                    faults.add("file tree", why);
                    return;
                }
            }
        }
    }
}

fn is_whiteout(path: &str) -> bool {
    path.starts_with(WHITEOUT) || path.contains("/.wh.")
}

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

impl Laying<'_> {
    /// Removes what a whiteout hides.
    fn hide(&mut self, path: &str) {
        let (directory, name) = split(path);
        let Some(directory) = self.tree.resolve(directory) else {
            return;
        };
        if name == OPAQUE {
            let children = mem::take(&mut self.tree.nodes[directory as usize].children);
            children.ids().for_each(|child| self.tree.drop_below(child));
        } else if let Some(name) = name.strip_prefix(WHITEOUT)
            && !name.starts_with(WHITEOUT)
            && let Some(child) = self.tree.nodes[directory as usize].children.remove(name)
        {
            self.tree.drop_below(child);
        }
    }

    /// Puts an entry in its place; false when a hard link leads to no file.
    fn lay(&mut self, entry: &Entry<'_>, facts: Option<Facts>) -> Result<bool, Full> {
        self.tree.laid += 1;
        if self.tree.laid > self.limits.tree_nodes {
            return Err(Full::Nodes);
        }
        if entry.path.is_empty() {
            self.tree.nodes[ROOT as usize].mode = entry.mode;
            return Ok(true);
        }
        let (directory, name) = split(entry.path);
        let parent = self.directory(directory)?;
        let linked = match entry.kind {
            Kind::HardLink => match self.tree.resolve_link(entry.link) {
                Some(id) if self.tree.node(id).kind != Kind::Directory => Some(id),
                _ => return Ok(false),
            },
            _ => None,
        };
        let nodes = self.tree.nodes.len();
        let id = self.child(parent, name)?;
        if linked == Some(id) {
            return Ok(true);
        }
        let was_there = (id as usize) < nodes;
        let directories = entry.kind == Kind::Directory && self.tree.node(id).kind == entry.kind;
        if was_there && !directories {
            self.last = None;
            self.tree.drop_below(id);
        }
        let facts = match linked {
            Some(linked) => self.share(id, linked),
            None => {
                let node = &mut self.tree.nodes[id as usize];
                (node.kind, node.mode, node.size) = (entry.kind, entry.mode, entry.size);
                node.content = entry.content;
                node.link = (entry.kind == Kind::Symlink).then(|| entry.link.into());
                facts.and_then(|facts| self.remember(id, facts))
            }
        };
        let node = &mut self.tree.nodes[id as usize];
        (node.layer, node.facts) = (self.layer, facts);
        Ok(true)
    }

    /// Makes a node another name of the file `linked`; returns the facts they share.
    fn share(&mut self, id: NodeId, linked: NodeId) -> Option<u32> {
        let from = self.tree.node(linked);
        let (kind, mode, size, facts) = (from.kind, from.mode, from.size, from.facts);
        let (link, content) = (from.link.clone(), from.content);
        let node = &mut self.tree.nodes[id as usize];
        (node.kind, node.mode, node.size, node.link) = (kind, mode, size, link);
        node.content = content;
        facts
    }

    /// Keeps the facts of a file, chained to those of the version in a lower layer.
    fn remember(&mut self, id: NodeId, mut facts: Facts) -> Option<u32> {
        let before = self.tree.node(id).facts;
        facts.layer = self.layer;
        facts.previous = match self.tree.facts(id) {
            // A second entry in the same layer stands in for the first.
            Some(old) if old.layer == self.layer => old.previous,
            Some(_) => before,
            None => None,
        };
        // Which files the lower version named no longer matters, and takes room.
        if let Some(old) = before.and_then(|at| self.tree.facts.get_mut(at as usize)) {
            old.found
                .iter_mut()
                .for_each(|(_, found)| found.owned = Vec::new());
        }
        let index = u32::try_from(self.tree.facts.len()).ok()?;
        self.tree.facts.push(facts);
        Some(index)
    }

    /// The directory of a path; what is missing is made, what is no directory is replaced.
    fn directory(&mut self, path: &str) -> Result<NodeId, Full> {
        if let Some((last, id)) = &self.last
            && last == path
        {
            return Ok(*id);
        }
        let mut at = ROOT;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let nodes = self.tree.nodes.len();
            let child = self.child(at, name)?;
            self.tree.implied += self.tree.nodes.len() - nodes;
            if self.tree.implied > IMPLIED + self.tree.laid {
                return Err(Full::Implied);
            }
            at = match self.tree.node(child).kind {
                Kind::Directory => child,
                Kind::Symlink => match self.tree.resolve_from(at, name, true) {
                    Some(id) if self.tree.node(id).kind == Kind::Directory => id,
                    _ => self.make_directory(child),
                },
                _ => self.make_directory(child),
            };
        }
        self.last = Some((path.to_owned(), at));
        Ok(at)
    }

    fn make_directory(&mut self, id: NodeId) -> NodeId {
        let node = &mut self.tree.nodes[id as usize];
        (node.kind, node.mode, node.size) = (Kind::Directory, 0o755, 0);
        (node.link, node.facts, node.layer) = (None, None, self.layer);
        id
    }

    /// The entry of a directory, made as an empty directory where it is missing.
    fn child(&mut self, parent: NodeId, name: &str) -> Result<NodeId, Full> {
        if let Some(id) = self.tree.node(parent).children.get(name) {
            return Ok(id);
        }
        let id = u32::try_from(self.tree.nodes.len()).map_err(|_| Full::Nodes)?;
        if self.tree.nodes.len() >= self.limits.tree_nodes {
            return Err(Full::Nodes);
        }
        let name: Arc<str> = Arc::from(name);
        self.tree.nodes.push(Node {
            parent,
            name: Arc::clone(&name),
            kind: Kind::Directory,
            mode: 0o755,
            layer: self.layer,
            size: 0,
            content: ContentKind::Empty,
            link: None,
            facts: None,
            children: Names::default(),
        });
        self.tree.nodes[parent as usize].children.insert(name, id);
        Ok(id)
    }
}

impl FileTree {
    /// Empties a node and all below it, once: what is dropped is not met again.
    fn drop_below(&mut self, id: NodeId) {
        let mut stack = vec![id];
        while let Some(id) = stack.pop() {
            let children = mem::take(&mut self.nodes[id as usize].children);
            stack.extend(children.ids());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tarball::{Grants, Head};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Debug, Clone)]
    enum Op {
        File(String),
        Directory(String),
        Whiteout(String),
        Opaque(String),
    }

    /// A tree in its simplest form: each path, with the layer of a file or none of a directory.
    type Model = BTreeMap<String, Option<u32>>;

    fn below<'a>(model: &'a Model, path: &str) -> impl Iterator<Item = String> + use<'a> {
        let prefix = format!("{path}/");
        model
            .keys()
            .filter(move |other| other.starts_with(&prefix))
            .cloned()
    }

    fn remove_below(model: &mut Model, path: &str) {
        let gone: Vec<String> = below(model, path).collect();
        model.retain(|path, _| !gone.contains(path));
    }

    fn lay(model: &mut Model, ops: &[Op], layer: u32) {
        for op in ops {
            match op {
                Op::Whiteout(path) => {
                    model.remove(path);
                    remove_below(model, path);
                }
                Op::Opaque(path) => remove_below(model, path),
                Op::File(_) | Op::Directory(_) => {}
            }
        }
        for op in ops {
            let (path, entry) = match op {
                Op::File(path) => (path, Some(layer)),
                Op::Directory(path) => (path, None),
                Op::Whiteout(_) | Op::Opaque(_) => continue,
            };
            for (end, _) in path.match_indices('/') {
                model.insert(path[..end].to_owned(), None);
            }
            if entry.is_some() {
                remove_below(model, path);
            }
            model.insert(path.clone(), entry);
        }
    }

    fn listing(ops: &[Op]) -> Listing {
        let mut listing = Listing::default();
        for op in ops {
            let (path, kind) = match op {
                Op::File(path) => (path.clone(), Kind::File),
                Op::Directory(path) => (path.clone(), Kind::Directory),
                Op::Opaque(path) => (format!("{path}/{OPAQUE}"), Kind::File),
                Op::Whiteout(path) => match path.rsplit_once('/') {
                    Some((directory, name)) => {
                        (format!("{directory}/{WHITEOUT}{name}"), Kind::File)
                    }
                    None => (format!("{WHITEOUT}{path}"), Kind::File),
                },
            };
            let head = Head {
                kind,
                size: 0,
                mode: 0o644,
                owner: None,
                grants: Grants::default(),
                sparse: false,
                fault: None,
            };
            assert!(listing.push(&path, "", &head));
        }
        listing
    }

    fn flat(tree: &FileTree) -> Model {
        let mut model = Model::new();
        let mut stack: Vec<NodeId> = tree.children(ROOT).collect();
        while let Some(id) = stack.pop() {
            let node = tree.node(id);
            let layer = (node.kind == Kind::File).then_some(node.layer);
            model.insert(tree.path(id)[1..].to_owned(), layer);
            stack.extend(tree.children(id));
        }
        model
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let path = "[ab](/[ab]){0,2}";
        let op = prop_oneof![
            path.prop_map(Op::File),
            path.prop_map(Op::Directory),
            path.prop_map(Op::Whiteout),
            path.prop_map(Op::Opaque),
        ];
        proptest::collection::vec(op, 0..6)
    }

    proptest! {
        #[test]
        fn layers_lie_over_one_another_as_in_the_model(layers in proptest::collection::vec(ops(), 0..5)) {
            let (mut tree, mut model) = (FileTree::new(), Model::new());
            for (place, ops) in (0..).zip(&layers) {
                let mut faults = Faults::default();
                tree.apply(place, listing(ops), true, &Limits::default(), &mut faults);
                lay(&mut model, ops, place);
            }
            prop_assert_eq!(flat(&tree), model);
        }
    }
}
