//! The files of an image as the loader sees them: links, libraries, its settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use hpcctl_model::Unknown;

use crate::layer::Plan;
use crate::linkage::Linkage;
use crate::tarball::Kind;
use crate::tree::{FileTree, Linked, NodeId};
use crate::{DiffIds, Error, LicenseFiles, Options, Progress, Purpose, Reference, scan};

/// An image as the loader sees it.
#[derive(Debug)]
pub struct LinkedImage {
    /// The reference, with its transport.
    pub reference: String,
    /// The digest of the image, where it has one.
    pub digest: Option<String>,
    /// What it sets in the environment of its processes.
    pub env: BTreeMap<String, String>,
    /// What is started.
    pub command: Vec<String>,
    /// What could not be read, and why.
    pub unknowns: Vec<Unknown>,
    tree: FileTree,
}

/// A file of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(NodeId);

/// Reads an image for the loader's sake: nothing but ELF headers and settings.
///
/// # Errors
///
/// When there is no image, or it cannot be read at all.
pub fn linked(
    reference: &Reference,
    options: &Options,
    progress: &(dyn Progress + Sync),
) -> Result<LinkedImage, Error> {
    let options = Options {
        licenses: LicenseFiles::Declared,
        diff_ids: DiffIds::Promised,
        purpose: Purpose::Inventory,
        cache: None,
        ..options.clone()
    };
    let plan = Plan::for_linkage(&options)?;
    let (read, tree, unknowns) = scan::tree(reference, &plan, progress)?;
    let env = read
        .about
        .env
        .iter()
        .filter_map(|pair| pair.split_once('='));
    Ok(LinkedImage {
        reference: read.reference,
        digest: read.digest,
        env: env
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        command: read.about.command,
        unknowns,
        tree,
    })
}

/// Directories that are there for what is mounted for a while, or are empty as a rule: hier(7).
const EMPTY: &[&str] = &["/mnt", "/media", "/srv", "/boot", "/usr/local/games"];

/// Where what a package has put may be made anew at any time.
const CACHES: &str = "/var/cache/";

impl LinkedImage {
    /// Finds a path, following links inside the image.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.tree.resolve(path).map(FileId)
    }

    /// The path of a file, without links, with a slash in front.
    pub fn path(&self, file: FileId) -> String {
        self.tree.path(file.0)
    }

    /// What an ELF file says; none for any other file.
    pub fn linkage(&self, file: FileId) -> Option<&Arc<Linkage>> {
        match self.linked(file)? {
            Linked::Elf(linkage) => Some(linkage),
            Linked::Setting(_) => None,
        }
    }

    /// The content of a setting of the loader, following links.
    pub fn setting(&self, path: &str) -> Option<&[u8]> {
        match self.linked(self.find(path)?)? {
            Linked::Setting(bytes) => Some(bytes),
            Linked::Elf(_) => None,
        }
    }

    /// The names in a directory.
    pub fn list(&self, path: &str) -> Vec<String> {
        let ids = self.find(path).map(|dir| self.tree.children(dir.0));
        let names = ids.into_iter().flatten();
        names
            .map(|id| self.tree.node(id).name.to_string())
            .collect()
    }

    /// Every ELF file, in the order of a walk by name.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &Arc<Linkage>)> {
        let files = self.tree.files_with_facts().into_iter().map(FileId);
        files.filter_map(|file| Some((file, self.linkage(file)?)))
    }

    /// Whether a file may be run as a program.
    pub fn is_executable(&self, file: FileId) -> bool {
        self.tree.node(file.0).mode & 0o111 != 0
    }

    /// A directory that is empty, and that nothing misses where something is bound over it.
    pub fn empty_directory(&self) -> Option<String> {
        let mut usual = EMPTY.iter().filter_map(|path| self.tree.resolve(path));
        let is_empty = |id: &NodeId| {
            let is_directory = self.tree.node(*id).kind == Kind::Directory;
            is_directory && self.tree.children(*id).next().is_none()
        };
        let of_none = || {
            let mut all = self.tree.walk();
            all.find(|id| is_empty(id) && self.tree.path(*id).starts_with(CACHES))
        };
        let found = usual.find(is_empty).or_else(of_none);
        found.map(|id| self.tree.path(id))
    }

    /// Whether a file runs as its owner or its group when it is started.
    pub fn is_set_id(&self, file: FileId) -> bool {
        self.tree.node(file.0).mode & 0o6000 != 0
    }

    fn linked(&self, file: FileId) -> Option<&Linked> {
        self.tree.facts(file.0)?.linked.as_deref()
    }
}
