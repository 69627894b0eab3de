//! The merged file tree of an image.
//!
//! Layers are applied lowest first, as the image specification of OCI says ("Applying
//! Changesets"): whiteouts hide what lower layers brought, never what their own layer brings.
//! Symbolic links are followed inside the tree only, and a bounded number of times.

mod apply;
mod listing;
mod names;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use hpcctl_model::scan::ContentKind;

pub(crate) use listing::{Entry, Facts, FileLicense, Linked, Listing, Mark, Member, Sha};

use self::names::Names;
use crate::tarball::Kind;

/// The index of a node.
pub(crate) type NodeId = u32;

/// The root directory.
pub(crate) const ROOT: NodeId = 0;

/// Symbolic links that one path may lead through, as in path_resolution(7).
const LINKS: usize = 40;

/// Steps that all look-ups of one tree may take together.
const STEPS: u64 = 100_000_000;

/// A file, directory or link of the merged tree.
#[derive(Debug)]
pub(crate) struct Node {
    /// The directory that it is in.
    pub(crate) parent: NodeId,
    /// Its name there.
    pub(crate) name: Arc<str>,
    /// What kind of file it is; never a hard link, which is the file itself.
    pub(crate) kind: Kind,
    /// The permission bits.
    pub(crate) mode: u16,
    /// The layer that brought it, from 0.
    pub(crate) layer: u32,
    /// The size in bytes.
    pub(crate) size: u64,
    /// What its content looks like.
    pub(crate) content: ContentKind,
    /// Where a symbolic link leads.
    link: Option<Box<str>>,
    /// What was found in the file, as an index into the tree's facts.
    facts: Option<u32>,
    children: Names,
}

/// The merged tree.
#[derive(Debug)]
pub(crate) struct FileTree {
    nodes: Vec<Node>,
    facts: Vec<Facts>,
    /// The texts of licence files that the layers keep, by their digests.
    texts: BTreeMap<Sha, Arc<str>>,
    steps: Cell<u64>,
    /// The directory that paths are looked up from.
    root: Cell<NodeId>,
    /// Its path, with a slash at its end; empty for the root of the image.
    root_path: RefCell<String>,
    /// Entries that were laid, and nodes that no entry of their own made.
    laid: usize,
    implied: usize,
}

impl FileTree {
    /// A tree that holds an empty root.
    pub(crate) fn new() -> Self {
        let root = Node {
            parent: ROOT,
            name: Arc::from(""),
            kind: Kind::Directory,
            mode: 0o755,
            layer: 0,
            size: 0,
            content: ContentKind::Empty,
            link: None,
            facts: None,
            children: Names::default(),
        };
        Self {
            nodes: vec![root],
            facts: Vec::new(),
            texts: BTreeMap::new(),
            steps: Cell::new(0),
            root: Cell::new(ROOT),
            root_path: RefCell::default(),
            laid: 0,
            implied: 0,
        }
    }

    /// The node.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    /// Where a symbolic link leads.
    pub(crate) fn link(&self, id: NodeId) -> Option<&str> {
        self.node(id).link.as_deref()
    }

    /// What was found in the file.
    pub(crate) fn facts(&self, id: NodeId) -> Option<&Facts> {
        let index = self.node(id).facts?;
        self.facts.get(index as usize)
    }

    /// The text of the licence files with this digest, where a layer kept it.
    pub(crate) fn text(&self, digest: &Sha) -> Option<&str> {
        self.texts.get(digest).map(|text| &**text)
    }

    /// What was found in the version of the file that these facts replaced.
    pub(crate) fn previous(&self, facts: &Facts) -> Option<&Facts> {
        self.facts.get(facts.previous? as usize)
    }

    /// The entries of a directory, by name.
    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        self.node(id).children.ids()
    }

    /// All nodes, in the order of a walk by name.
    pub(crate) fn walk(&self) -> impl Iterator<Item = NodeId> {
        self.walk_unless(ROOT, |_| false)
    }

    /// A node and all nodes below it, in the order of a walk by name, without those for which
    /// `passes_over` holds and what is below them.
    pub(crate) fn walk_unless(
        &self,
        from: NodeId,
        mut passes_over: impl FnMut(NodeId) -> bool,
    ) -> impl Iterator<Item = NodeId> {
        let mut stack = vec![from];
        std::iter::from_fn(move || {
            loop {
                let id = stack.pop()?;
                if !passes_over(id) {
                    stack.extend(self.node(id).children.ids().rev());
                    return Some(id);
                }
            }
        })
    }

    /// All files with facts, in the order of a walk by name.
    pub(crate) fn files_with_facts(&self) -> Vec<NodeId> {
        let nodes = self.walk();
        nodes.filter(|id| self.node(*id).facts.is_some()).collect()
    }

    /// The path from the root, with a slash in front.
    pub(crate) fn path(&self, id: NodeId) -> String {
        let mut nodes = Vec::new();
        let (mut at, mut length) = (id, 0);
        while at != ROOT {
            let node = self.node(at);
            nodes.push(node);
            length += 1 + node.name.len();
            at = node.parent;
        }
        let mut path = String::with_capacity(length);
        for node in nodes.iter().rev() {
            path.push('/');
            path.push_str(&node.name);
        }
        path
    }

    /// Does something while paths are looked up from a directory as their root; those that lead
    /// to it from the root of the image stay what they are.
    pub(crate) fn within<T>(&self, root: NodeId, does: impl FnOnce() -> T) -> T {
        let path = match root {
            ROOT => String::new(),
            _ => self.path(root)[1..].to_owned() + "/",
        };
        let around = (self.root.replace(root), self.root_path.replace(path));
        let done = does();
        self.root.set(around.0);
        self.root_path.replace(around.1);
        done
    }

    /// Finds a path, following symbolic links inside the tree, the last one included.
    pub(crate) fn resolve(&self, path: &str) -> Option<NodeId> {
        self.resolve_from(self.root.get(), self.in_root(path), true)
    }

    /// Finds a path as [`Self::resolve`] does, but does not follow a link at its end.
    pub(crate) fn resolve_link(&self, path: &str) -> Option<NodeId> {
        self.resolve_from(self.root.get(), self.in_root(path), false)
    }

    /// A path as it is below the root that paths are looked up from.
    fn in_root<'p>(&self, path: &'p str) -> &'p str {
        let plain = path.trim_start_matches('/');
        let root = self.root_path.borrow();
        plain.strip_prefix(&**root).unwrap_or(path)
    }

    /// Finds a path from a directory; `..` stays inside the root.
    fn resolve_from(&self, start: NodeId, path: &str, follow: bool) -> Option<NodeId> {
        let root = self.root.get();
        let mut at = start;
        let mut ahead: Vec<&str> = path.rsplit('/').collect();
        let mut links = 0;
        while let Some(name) = ahead.pop() {
            self.step()?;
            match name {
                "" | "." => continue,
                ".." => {
                    if at != root {
                        at = self.node(at).parent;
                    }
                    continue;
                }
                _ => {}
            }
            let child = self.node(at).children.get(name)?;
            let node = self.node(child);
            match &node.link {
                Some(target) if follow || !ahead.is_empty() => {
                    links += 1;
                    if links > LINKS {
                        return None;
                    }
                    if target.starts_with('/') {
                        at = root;
                    }
                    ahead.extend(target.rsplit('/'));
                }
                _ => at = child,
            }
        }
        Some(at)
    }

    /// The entry of a directory, without following it.
    pub(crate) fn child_of(&self, directory: NodeId, name: &str) -> Option<NodeId> {
        self.node(directory).children.get(name)
    }

    /// What a node leads to if it is a link that leads to something, else the node itself.
    pub(crate) fn follow(&self, id: NodeId) -> NodeId {
        let node = self.node(id);
        let target = node
            .link
            .as_ref()
            .and_then(|_| self.resolve_from(node.parent, &node.name, true));
        target.unwrap_or(id)
    }

    /// Counts a step; none once a hostile tree has used them up.
    fn step(&self) -> Option<()> {
        self.steps.set(self.steps.get() + 1);
        (self.steps.get() < STEPS).then_some(())
    }

    /// Whether look-ups were cut short.
    pub(crate) fn exhausted(&self) -> bool {
        self.steps.get() >= STEPS
    }
}
