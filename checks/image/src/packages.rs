//! From what the catalogers found in single files to the packages of the image.
//!
//! Here a package meets what it has elsewhere in the merged tree: the layer in which it first
//! appeared, its licence files, the distribution.

use std::collections::{BTreeSet, HashMap, HashSet};

use hpcctl_model::scan::{Layer, Licenses, Location, Package};
use packageurl::PackageUrl;

use crate::catalog::{CATALOGERS, Candidate, Distro, TextsIn, is_license_file};
use crate::fault::Faults;
use crate::license::all_of;
use crate::tree::{Facts, FileTree, NodeId};
use crate::{Limits, catalog};

/// Entries of directories that are looked at for the licence files of one package.
const MOST_TEXTS: usize = 1000;

/// The packages of an image, and the files that belong to them.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The packages, sorted by type, name, version.
    pub(crate) packages: Vec<Package>,
    /// The files that belong to a package.
    pub(crate) owned: HashSet<NodeId>,
}

/// Gathers the packages of a merged tree.
pub(crate) fn gather(
    tree: &FileTree,
    files: &[NodeId],
    layers: &[Layer],
    limits: &Limits,
    faults: &mut Faults,
) -> Packages {
    let mut gathering = Gathering {
        tree,
        layers,
        distro: distro(tree),
        packages: Vec::new(),
        places: HashMap::new(),
        owned: HashSet::new(),
    };
    for id in files {
        let Some(facts) = tree.facts(*id) else {
            continue;
        };
        for (row, found) in &facts.found {
            gathering.own(&found.owned);
            let earlier = Earlier::of(tree, facts, *row);
            for candidate in &found.packages {
                if gathering.packages.len() >= limits.packages {
                    faults.add(
                        "packages",
                        format!("more than {} packages", limits.packages),
                    );
                    return gathering.finish();
                }
                gathering.add(*id, *row, candidate, earlier.first(candidate, facts.layer));
            }
        }
    }
    gathering.finish()
}

/// The distribution, by the first of the two places that os-release(5) names.
fn distro(tree: &FileTree) -> Option<Distro> {
    ["etc/os-release", "usr/lib/os-release"]
        .iter()
        .find_map(|path| {
            let facts = tree.facts(tree.resolve(path)?)?;
            facts
                .found
                .iter()
                .find_map(|(_, found)| found.distro.clone())
        })
}

/// Which packages earlier versions of a database held, the latest first.
struct Earlier<'a>(Vec<(u32, HashSet<Identity<'a>>)>);

type Identity<'a> = (&'a str, &'a str, Option<&'a str>);

fn identity(candidate: &Candidate) -> Identity<'_> {
    (
        &candidate.name,
        &candidate.version,
        candidate.arch.as_deref(),
    )
}

impl<'a> Earlier<'a> {
    fn of(tree: &'a FileTree, facts: &'a Facts, row: usize) -> Self {
        let mut versions = Vec::new();
        let mut at = tree.previous(facts);
        while let Some(facts) = at {
            let found = facts.found.iter().filter(|(other, _)| *other == row);
            let packages = found
                .flat_map(|(_, found)| &found.packages)
                .map(identity)
                .collect();
            versions.push((facts.layer, packages));
            at = tree.previous(facts);
        }
        Self(versions)
    }

    /// The first layer from which on the package was there, up to `last`.
    fn first(&self, candidate: &Candidate, last: u32) -> u32 {
        let identity = identity(candidate);
        let held = self
            .0
            .iter()
            .take_while(|(_, packages)| packages.contains(&identity));
        held.last().map_or(last, |(layer, _)| *layer)
    }
}

/// What makes two finds the same package.
#[derive(PartialEq, Eq, Hash)]
struct Same {
    purl: String,
    licenses: (Option<String>, Option<String>),
}

struct Gathering<'a> {
    tree: &'a FileTree,
    layers: &'a [Layer],
    distro: Option<Distro>,
    packages: Vec<Package>,
    places: HashMap<Same, usize>,
    owned: HashSet<NodeId>,
}

impl Gathering<'_> {
    fn add(&mut self, file: NodeId, row: usize, candidate: &Candidate, layer: u32) {
        let licenses = self.licenses(candidate);
        let purl = purl(candidate, self.distro.as_ref());
        let digest = self
            .layers
            .get(layer as usize)
            .and_then(|layer| layer.digest.clone());
        let location = Location {
            path: self.tree.path(file),
            layer: digest,
        };
        let same = (licenses.declared.clone(), licenses.detected.clone());
        let same = Same {
            purl: purl.clone(),
            licenses: same,
        };
        if let Some(place) = self.places.get(&same) {
            self.packages[*place].locations.push(location);
            return;
        }
        self.places.insert(same, self.packages.len());
        self.packages.push(Package {
            name: candidate.name.clone(),
            version: candidate.version.clone(),
            kind: candidate.kind.to_owned(),
            purl,
            licenses,
            locations: vec![location],
            found_by: CATALOGERS[row].id.to_owned(),
            supplier: candidate.supplier.clone(),
            source: candidate.source.clone(),
        });
    }

    fn licenses(&mut self, candidate: &Candidate) -> Licenses {
        let declared_in = candidate
            .declared_in
            .as_ref()
            .and_then(|path| self.tree.resolve(path));
        let of = |id: NodeId| {
            let license = self.tree.facts(id)?.license.as_ref()?;
            Some(&*license.expression)
        };
        let declared = candidate.declared.clone();
        let declared = declared.or_else(|| declared_in.and_then(of).map(str::to_owned));
        let texts = self.texts(candidate);
        let others = texts.iter().filter(|id| Some(**id) != declared_in);
        let expressions: BTreeSet<&str> = others.filter_map(|id| of(*id)).collect();
        let detected = all_of(expressions);
        self.owned.extend(texts.into_iter().chain(declared_in));
        let concluded = declared.clone().or_else(|| detected.clone());
        Licenses {
            declared,
            detected,
            concluded,
        }
    }

    /// The licence files of a package.
    fn texts(&self, candidate: &Candidate) -> Vec<NodeId> {
        let mut texts = Vec::new();
        let mut left = MOST_TEXTS;
        for place in &candidate.texts_in {
            let (TextsIn::All(path) | TextsIn::Named(path)) = place;
            let mut stack: Vec<NodeId> = self.tree.resolve(path).into_iter().collect();
            while let Some(id) = stack.pop() {
                for child in self.tree.children(id).take(left) {
                    left -= 1;
                    // A link may stand for a text that several packages share; a linked
                    // directory is not entered, since it may lead in a circle.
                    let target = self.tree.follow(child);
                    match place {
                        TextsIn::All(_) if target == child => stack.push(child),
                        TextsIn::All(_) => {}
                        TextsIn::Named(_) if is_license_file(&self.tree.node(child).name) => {}
                        TextsIn::Named(_) => continue,
                    }
                    texts.push(target);
                }
            }
        }
        texts
    }

    /// Marks the files that a list names, one path a line.
    fn own(&mut self, paths: &str) {
        let mut last: Option<(&str, Option<NodeId>)> = None;
        for path in paths.lines() {
            let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
            let parent = match last {
                Some((known, parent)) if known == directory => parent,
                _ => self.tree.resolve(directory),
            };
            last = Some((directory, parent));
            self.owned
                .extend(parent.and_then(|parent| self.tree.child_of(parent, name)));
        }
    }

    fn finish(self) -> Packages {
        let mut packages = self.packages;
        for package in &mut packages {
            package.locations.sort();
            package.locations.dedup();
        }
        packages.sort_by(|a, b| {
            let key = |p: &Package| {
                (
                    p.kind.clone(),
                    p.name.clone(),
                    p.version.clone(),
                    p.purl.clone(),
                )
            };
            key(a)
                .cmp(&key(b))
                .then_with(|| a.locations.cmp(&b.locations))
        });
        Packages {
            packages,
            owned: self.owned,
        }
    }
}

/// The package URL (ECMA-427).
fn purl(candidate: &Candidate, distro: Option<&Distro>) -> String {
    let name = candidate.purl_name.as_ref().unwrap_or(&candidate.name);
    let Ok(mut purl) = PackageUrl::new(candidate.kind, &**name) else {
        return String::new();
    };
    let version = candidate
        .purl_version
        .as_ref()
        .unwrap_or(&candidate.version);
    // The types that come here allow every one of these parts, so none of them fails.
    let _ = purl.with_version(&**version);
    let of_distro = catalog::is_of_distro(candidate.kind);
    if let Some(distro) = distro.filter(|_| of_distro) {
        let _ = purl.with_namespace(distro.vendor());
        let name = match &distro.version {
            Some(version) => format!("{}-{version}", distro.id),
            None => distro.id.clone(),
        };
        let _ = purl.add_qualifier("distro", name);
    }
    for (key, value) in [("arch", &candidate.arch), ("epoch", &candidate.epoch)] {
        if let Some(value) = value {
            let _ = purl.add_qualifier(key, &**value);
        }
    }
    purl.to_string()
}
