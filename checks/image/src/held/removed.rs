//! What a later layer removed and whose terms count all the same, since it ships in its layer: the
//! packages, the files that bear a licence, and the programs, the libraries and the large files of
//! data that no package owned.
//!
//! What is there again, by another version or at the same path, is judged as it is there; data only
//! where there is no less of it, of whatever content.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use hpcctl_model::scan::{ContentKind, Package, Removed, RemovedKind};

use super::Merged;
use crate::catalog::{CATALOGERS, Candidate, TextsIn, is_database, is_license_file};
use crate::tarball::Kind;
use crate::tree::{Entry, Facts, Listing};

/// The most of a kind that are kept; no image has as many.
const MOST: usize = 100_000;

/// The least bytes of a file of data that is kept; images have too many smaller ones.
const LARGE: u64 = 1024 * 1024;

/// A package by its purl type and its name.
type Named = (&'static str, String);

/// What lower layers held, as it is gathered.
#[derive(Debug, Default)]
pub(super) struct Lower {
    hasher: RandomState,
    packages: BTreeMap<Named, Seen>,
    /// The licences of files, by path, each with the layer that had it last.
    licenses: BTreeMap<String, License>,
    binaries: BTreeMap<String, (usize, ContentKind)>,
    /// Large files of data, by path, each with the layer that had the largest and its size.
    data: BTreeMap<String, (usize, u64)>,
    /// The hashes of the paths that packages own.
    owned: HashSet<u64>,
    /// The directories that packages own as a whole, each with a slash at its end.
    trees: Vec<String>,
    /// Whether there was more than is kept.
    pub(super) is_full: bool,
}

/// A package of a layer.
#[derive(Debug)]
struct Seen {
    layer: usize,
    /// The file that tells of it.
    path: String,
    /// Whether that is a database of many.
    is_database: bool,
    version: String,
    license: Option<String>,
    declared_in: Option<String>,
    texts_in: Vec<TextsIn>,
}

#[derive(Debug)]
struct License {
    layer: usize,
    expression: Arc<str>,
    grants: bool,
}

impl Lower {
    /// Takes note of what a layer holds.
    pub(super) fn see(&mut self, layer: usize, listing: &Listing) {
        for (index, facts) in &listing.facts {
            if let Some(entry) = listing.entry(*index) {
                self.facts(layer, &entry, facts);
            }
        }
        let is_binary = |entry: &Entry<'_>| {
            matches!(entry.content, ContentKind::Program | ContentKind::Library)
        };
        let files = listing.entries().filter(|entry| entry.kind == Kind::File);
        for entry in files.filter(is_binary) {
            if self.has_room(self.binaries.len()) {
                let path = entry.path.to_owned();
                self.binaries.insert(path, (layer, entry.content));
            }
        }
        self.see_data(layer, listing);
    }

    /// Takes note of the large files of data that a layer holds and of which no cataloger knows.
    fn see_data(&mut self, layer: usize, listing: &Listing) {
        let known = listing.facts.iter();
        let known = known.filter(|(_, facts)| !facts.found.is_empty());
        let known: HashSet<u32> = known.map(|(index, _)| *index).collect();
        for (index, entry) in (0_u32..).zip(listing.entries()) {
            let is_large =
                entry.kind == Kind::File && entry.content.is_data() && entry.size >= LARGE;
            if is_large && !known.contains(&index) && self.has_room(self.data.len()) {
                let largest = self.data.entry(entry.path.to_owned()).or_default();
                if largest.1 < entry.size {
                    *largest = (layer, entry.size);
                }
            }
        }
    }

    fn has_room(&mut self, len: usize) -> bool {
        self.is_full |= len >= MOST;
        len < MOST
    }

    fn facts(&mut self, layer: usize, entry: &Entry<'_>, facts: &Facts) {
        for (row, found) in &facts.found {
            for candidate in found.packages.iter().filter(|one| !one.tells) {
                if !CATALOGERS[*row].only_names() && self.has_room(self.packages.len()) {
                    self.package(layer, entry.path, is_database(*row), candidate);
                }
            }
            // A library that is known by itself has no other owner.
            let lists = found.owned.iter().filter(|list| list.of != list.paths);
            for path in lists.flat_map(|list| list.paths.lines()) {
                let path = path.trim_start_matches('/');
                match path.ends_with('/') {
                    true if self.trees.len() < MOST => self.trees.push(path.to_owned()),
                    true => self.is_full = true,
                    false => {
                        self.owned.insert(hash(&self.hasher, path));
                    }
                }
            }
            if let Some(declared) = &found.license {
                self.license(layer, entry.path, &Arc::from(declared.as_str()), true);
            }
        }
        if let Some(license) = &facts.license {
            self.license(layer, entry.path, &license.expression, license.grants);
        }
    }

    fn package(&mut self, layer: usize, path: &str, is_database: bool, candidate: &Candidate) {
        let seen = Seen {
            layer,
            path: path.to_owned(),
            is_database,
            version: candidate.version.clone(),
            license: candidate.declared.clone().or(candidate.detected.clone()),
            declared_in: candidate.declared_in.clone(),
            texts_in: candidate.texts_in.clone(),
        };
        self.packages
            .insert((candidate.kind, candidate.name.clone()), seen);
    }

    fn license(&mut self, layer: usize, path: &str, expression: &Arc<str>, grants: bool) {
        if self.has_room(self.licenses.len()) {
            let license = License {
                layer,
                expression: Arc::clone(expression),
                grants,
            };
            self.licenses.insert(path.to_owned(), license);
        }
    }

    /// What the report says of it.
    pub(super) fn report(&self, merged: &Merged<'_>, packages: &[Package]) -> Vec<Removed> {
        let told = |path: &str, layer, kind, package, licenses| Removed {
            path: format!("/{path}"),
            layer: merged.layer(layer),
            kind,
            package,
            licenses,
            bytes: None,
        };
        let there: HashSet<(&str, &str)> = packages
            .iter()
            .map(|package| (&*package.kind, &*package.name))
            .collect();
        let gone = self.packages.iter();
        let is_gone = |path: &str| merged.tree.resolve_link(path).is_none();
        let gone = gone.filter(|((kind, name), seen)| {
            // What a file says of itself counts for what it is part of, where that is known.
            let counts = seen.is_database || (is_gone(&seen.path) && !self.is_owned(&seen.path));
            counts && !there.contains(&(*kind, &**name))
        });
        let of_packages = gone.map(|((kind, name), seen)| {
            let package = match &*seen.version {
                "" => format!("{name} ({kind})"),
                version => format!("{name} {version} ({kind})"),
            };
            let license = self.license_of(seen);
            told(
                &seen.path,
                seen.layer,
                RemovedKind::Package,
                Some(package),
                license,
            )
        });
        let files = self.licenses.iter().filter(|(path, license)| {
            (license.grants || is_license_file(path)) && is_gone(path) && !self.is_owned(path)
        });
        let of_files = files.map(|(path, license)| {
            let expression = Some(license.expression.to_string());
            told(path, license.layer, RemovedKind::Licensed, None, expression)
        });
        let binaries = self.binaries.iter();
        let binaries = binaries.filter(|(path, _)| is_gone(path) && !self.is_owned(path));
        let of_binaries = binaries.map(|(path, (layer, kind))| {
            let kind = match kind {
                ContentKind::Library => RemovedKind::Library,
                _ => RemovedKind::Program,
            };
            told(path, *layer, kind, None, None)
        });
        let of_data = self.less_data(merged).map(|(path, layer, size)| Removed {
            bytes: Some(size),
            ..told(path, layer, RemovedKind::Data, None, None)
        });
        let of_files = of_files.chain(of_binaries).chain(of_data);
        of_packages.chain(of_files).collect()
    }

    /// The data of which less is there, each with its layer and its size.
    fn less_data(&self, merged: &Merged<'_>) -> impl Iterator<Item = (&str, usize, u64)> {
        let is_less = |path: &str, size: u64| {
            let there = merged.tree.resolve_link(path);
            let there = there.map(|id| merged.tree.node(id));
            there.is_none_or(|node| {
                node.kind != Kind::File || !node.content.is_data() || node.size < size
            })
        };
        let data = self.data.iter();
        let data = data.map(|(path, (layer, size))| (&**path, *layer, *size));
        data.filter(move |(path, _, size)| is_less(path, *size) && !self.is_owned(path))
    }

    /// The licence of a package that is gone: what it declares, or what its texts say.
    fn license_of(&self, seen: &Seen) -> Option<String> {
        let declared = seen.license.clone();
        let of = |path: &String| Some(self.licenses.get(path)?.expression.to_string());
        let in_file = || seen.declared_in.as_ref().and_then(of);
        let in_directory = || {
            seen.texts_in.iter().find_map(|texts| {
                let (TextsIn::All(directory) | TextsIn::Named(directory)) = texts;
                let below = format!("{directory}/");
                let mut files = self.licenses.range(below.clone()..);
                let (path, license) = files.next().filter(|(path, _)| path.starts_with(&below))?;
                is_license_file(path).then(|| license.expression.to_string())
            })
        };
        declared.or_else(in_file).or_else(in_directory)
    }

    fn is_owned(&self, path: &str) -> bool {
        // Lists of packages may have it as it was before /bin became a link to /usr/bin.
        let names = [Some(path), path.strip_prefix("usr/")];
        let mut hashes = names.into_iter().flatten();
        hashes.any(|path| self.owned.contains(&hash(&self.hasher, path)))
            || self.trees.iter().any(|tree| path.starts_with(tree))
    }
}

fn hash(hasher: &RandomState, path: &str) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(path.as_bytes());
    hasher.finish()
}
