//! From what the catalogers found in single files to the packages of the image.
//!
//! Here a package meets what it has elsewhere in the merged tree: the layer in which it first
//! appeared, its licence files, its other files, the packages it needs, the distribution.

mod absent;
mod claims;
mod declared;
mod earlier;
mod evidence;
mod licenses;
mod needs;
mod purl;
mod roots;
mod standing;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use hpcctl_model::scan::{Layer, Location, Package};

use self::absent::absent;
use self::claims::{Claims, Owner, Place};
use self::declared::DeclaredElsewhere;
use self::earlier::Earlier;
use self::evidence::{Siblings, Waiting};
use self::needs::Names;
use self::purl::purl;
use self::standing::Standing;
use crate::catalog::{CATALOGERS, Candidate, Distro, Needs, Owned, Stored, nix_packages};
use crate::fault::Faults;
use crate::layer::Plan;
use crate::tree::{FileTree, NodeId, ROOT};

/// The packages of an image, and the files that belong to them.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The packages, sorted by type, name, version.
    pub(crate) packages: Vec<Package>,
    /// The files that belong to a package.
    pub(crate) owned: HashSet<NodeId>,
    /// The purl of the package that a file belongs to.
    pub(crate) purls: HashMap<NodeId, Arc<str>>,
}

/// Gathers the packages of a merged tree, of each root file system in it by itself.
pub(crate) fn gather(
    tree: &FileTree,
    files: &[NodeId],
    layers: &[Layer],
    plan: &Plan,
    faults: &mut Faults,
) -> Packages {
    let mut all = Packages {
        packages: Vec::new(),
        owned: HashSet::new(),
        purls: HashMap::new(),
    };
    for (root, files) in roots::divide(tree, files) {
        let most = plan.limits.packages.saturating_sub(all.packages.len());
        let of_root = tree.within(root, || {
            let of_root = gather_root(tree, &files, layers, plan, most, faults);
            let distro = distro(tree);
            let absent = distro.and_then(|distro| absent(&distro, &of_root.packages, plan));
            if let Some(why) = absent {
                let root = tree.path(root);
                let root = if root.is_empty() { "/" } else { &root };
                faults.add(format!("the package database of {root}"), why);
            }
            of_root
        });
        if root == ROOT {
            all = of_root;
        } else {
            all.join(of_root);
        }
    }
    all
}

/// Gathers the packages of one root file system.
fn gather_root(
    tree: &FileTree,
    files: &[NodeId],
    layers: &[Layer],
    plan: &Plan,
    most: usize,
    faults: &mut Faults,
) -> Packages {
    let nix = CATALOGERS.iter().position(|row| row.id == "nix");
    let nix = nix.filter(|row| plan.selection.runs(*row));
    let mut stored = nix_packages(tree);
    stored.retain(|one| nix.is_some_and(|row| plan.selection.takes_type(row, one.candidate.kind)));
    let mut gathering = Gathering {
        tree,
        layers,
        distro: distro(tree),
        drafts: Vec::new(),
        places: HashMap::new(),
        purls: HashMap::new(),
        names: Names::default(),
        texts: HashSet::new(),
        elsewhere: DeclaredElsewhere::of(tree, files),
        most,
    };
    let mut lists = Vec::new();
    let mut waiting = Waiting::default();
    let mut needs = Vec::new();
    // What lock files name comes last: it may be what is installed.
    let passes = [false, true].into_iter();
    let passes = passes.flat_map(|named| files.iter().map(move |id| (named, id)));
    'files: for (named, id) in passes {
        let Some(facts) = tree.facts(*id) else {
            continue;
        };
        let of_pass = |row: usize| CATALOGERS[row].only_names() == named;
        for (row, found) in facts.found.iter().filter(|(row, _)| of_pass(*row)) {
            if waiting.keep(*id, facts, *row, found) {
                continue;
            }
            lists.extend(found.owned.iter().map(|list| (*row, list)));
            needs.extend(found.needs.iter().map(|needs| (*row, needs)));
            let earlier = Earlier::of(tree, facts, *row);
            for candidate in &found.packages {
                if gathering.is_full(faults) {
                    break 'files;
                }
                gathering.add(*id, *row, candidate, earlier.first(candidate, facts.layer));
            }
        }
    }
    let of_row = nix
        .into_iter()
        .flat_map(|row| stored.iter().map(move |one| (row, one)));
    for (row, stored) in of_row {
        if gathering.is_full(faults) {
            break;
        }
        gathering.add_stored(row, stored);
        lists.extend(stored.owned.iter().map(|list| (row, list)));
    }
    for (row, needs) in needs {
        gathering.need(row, needs);
    }
    let mut claims = Claims::new(tree, plan.lists_files);
    gathering.claim(lists, &mut claims);
    gathering.add_evidence(waiting, &mut claims, faults);
    gathering.finish(claims)
}

/// Where the distribution is named: the two places of os-release(5), then what older releases
/// have; that of a distribution itself comes before `lsb-release`, which names what it is like.
const RELEASES: [&str; 10] = [
    "etc/os-release",
    "usr/lib/os-release",
    "etc/centos-release",
    "etc/oracle-release",
    "etc/fedora-release",
    "etc/redhat-release",
    "etc/system-release",
    "etc/SuSE-release",
    "etc/alpine-release",
    "etc/lsb-release",
];

/// The distribution, by the first place that names it.
fn distro(tree: &FileTree) -> Option<Distro> {
    RELEASES.iter().find_map(|path| {
        let facts = tree.facts(tree.resolve(path)?)?;
        let mut found = facts.found.iter();
        found.find_map(|(_, found)| found.distro.clone())
    })
}

/// What makes two finds the same package.
#[derive(PartialEq, Eq, Hash)]
struct Same {
    purl: String,
    licenses: (Option<String>, Option<String>),
}

/// A package that is not finished yet.
struct Draft<'a> {
    package: Package,
    /// The cataloger, by its place in the table.
    row: usize,
    kind: &'static str,
    /// The files in which it was found.
    evidence: Vec<NodeId>,
    depends: Vec<&'a str>,
}

struct Gathering<'a> {
    tree: &'a FileTree,
    layers: &'a [Layer],
    distro: Option<Distro>,
    drafts: Vec<Draft<'a>>,
    places: HashMap<Same, Place>,
    /// The first package of each purl.
    purls: HashMap<String, Place>,
    names: Names<'a>,
    /// The files that bear the licences of packages.
    texts: HashSet<NodeId>,
    elsewhere: DeclaredElsewhere<'a>,
    /// The most packages.
    most: usize,
}

impl<'a> Gathering<'a> {
    /// Whether there are as many packages as are taken.
    fn is_full(&self, faults: &mut Faults) -> bool {
        let is_full = self.drafts.len() >= self.most;
        if is_full {
            faults.add("packages", format!("more than {} packages", self.most));
        }
        is_full
    }

    /// Adds what is a package only where no other owns the files that speak of it.
    fn add_evidence(&mut self, waiting: Waiting<'a>, claims: &mut Claims<'a>, faults: &mut Faults) {
        let tree = self.tree;
        for group in waiting.groups() {
            let siblings = Siblings::of(tree, &group);
            let mut lists = Vec::new();
            for later in &group {
                let (file, row) = (later.file, later.row);
                let own = later.found.packages.iter();
                let own: Vec<&Candidate> = own
                    .filter(|one| !one.tells && !later.yields(one, tree, claims))
                    .collect();
                if own.iter().any(|one| one.yields) {
                    lists.extend(later.found.owned.iter().map(|list| (row, list)));
                }
                let earlier = Earlier::of(tree, later.facts, row);
                for candidate in own {
                    if self.is_full(faults) {
                        return;
                    }
                    let layer = earlier.first(candidate, later.facts.layer);
                    let whole = siblings.whole(tree, file, candidate);
                    let version = self.told_version(file, whole, claims);
                    let place = self.add_version(file, row, whole, version, layer);
                    self.name(row, candidate, place);
                }
            }
            self.claim(lists, claims);
        }
    }

    /// Settles what lists of files claim.
    fn claim(&self, lists: Vec<(usize, &'a Owned)>, claims: &mut Claims<'a>) {
        for (row, list) in lists {
            if let Some(owner) = self.owner(row, &list.of) {
                claims.add(row, owner, list);
            }
        }
        claims.settle();
    }

    /// Where a package was found, and in which layer first.
    fn location(&self, file: NodeId, layer: u32) -> Location {
        let layer = self.layers.get(layer as usize);
        Location {
            path: self.tree.path(file),
            layer: layer.and_then(|layer| layer.digest.clone()),
            created_by: layer.and_then(|layer| layer.created_by.clone()),
        }
    }

    /// Adds a package that is several directories.
    fn add_stored(&mut self, row: usize, stored: &'a Stored) {
        let layer = |id: NodeId| self.tree.node(id).layer;
        let places = stored.places.iter();
        let places: Vec<(Location, &str)> = places
            .map(|(id, key)| (self.location(*id, layer(*id)), &**key))
            .collect();
        let Some((first, _)) = stored.places.first() else {
            return;
        };
        let place = self.add(*first, row, &stored.candidate, layer(*first));
        for (location, key) in places {
            self.names.key(row, key, place);
            self.drafts[place].package.locations.push(location);
        }
    }

    /// Notes what a package needs that another file describes.
    fn need(&mut self, row: usize, needs: &'a Needs) {
        if let Some(place) = self.names.by_key(row, &needs.of) {
            let names = needs.names.iter().map(|name| &**name);
            self.drafts[place].depends.extend(names);
        }
    }

    /// The version of a find: its own, or that of the package that is known to have the same.
    fn told_version(&self, file: NodeId, candidate: &Candidate, claims: &Claims<'_>) -> String {
        let by = || {
            let name = candidate.told_by.as_deref()?;
            let owner = &self.drafts[claims.owner(file)?.place].package;
            let of = owner.name.replace(['_', '.'], "-");
            let rest = of.strip_prefix(name)?;
            let is_it = rest.is_empty() || rest.starts_with("-cu");
            is_it.then(|| owner.version.clone())
        };
        match &*candidate.version {
            "" => by().unwrap_or_default(),
            version => version.to_owned(),
        }
    }

    fn add(&mut self, file: NodeId, row: usize, candidate: &'a Candidate, layer: u32) -> Place {
        let version = candidate.version.clone();
        self.add_version(file, row, candidate, version, layer)
    }

    fn add_version(
        &mut self,
        file: NodeId,
        row: usize,
        candidate: &'a Candidate,
        version: String,
        layer: u32,
    ) -> Place {
        let (licenses, bearing) = self.licenses(candidate);
        let purl = purl(candidate, &version, self.distro.as_ref());
        let location = self.location(file, layer);
        let same = (licenses.declared.clone(), licenses.detected.clone());
        let same = Same {
            purl: purl.clone(),
            licenses: same,
        };
        let is_silent = licenses.concluded.is_none() || CATALOGERS[row].only_names();
        let silent = |place: &Place| self.drafts[*place].package.licenses.concluded.is_none();
        let known = self.purls.get(&purl).copied();
        let known = known.or_else(|| self.installed(row, candidate));
        let place = match known.filter(|place| is_silent || silent(place)) {
            // The same package told of again, by two of which one adds nothing on its licence.
            Some(place) => place,
            None => *self.places.entry(same).or_insert(self.drafts.len()),
        };
        self.purls.entry(purl.clone()).or_insert(place);
        self.name(row, candidate, place);
        if let Some(draft) = self.drafts.get_mut(place) {
            draft.package.locations.push(location);
            // A lock file that names it, too, says nothing about where it is.
            if !CATALOGERS[row].only_names() {
                draft.evidence.push(file);
            }
            if draft.depends.is_empty() {
                draft.depends = candidate.depends.iter().map(|need| &**need).collect();
            }
            draft.package.license_files.extend(bearing.license_files);
            draft.package.readmes.extend(bearing.readmes);
            if draft.package.licenses.concluded.is_none() {
                draft.package.licenses = licenses;
            }
            return place;
        }
        let package = Package {
            name: candidate.name.clone(),
            version,
            kind: candidate.kind.to_owned(),
            purl,
            licenses,
            locations: vec![location],
            license_files: bearing.license_files,
            readmes: bearing.readmes,
            found_by: CATALOGERS[row].id.to_owned(),
            supplier: candidate.supplier.clone(),
            source: candidate.source.clone(),
            files: 0,
            owned_files: Vec::new(),
            owned_by: None,
            depends: Vec::new(),
            judged: true,
        };
        self.drafts.push(Draft {
            package,
            row,
            kind: candidate.kind,
            evidence: vec![file],
            depends: candidate.depends.iter().map(|need| &**need).collect(),
        });
        place
    }

    /// What is installed of a package that a lock file names by no more than name and version.
    fn installed(&self, row: usize, candidate: &Candidate) -> Option<Place> {
        if !CATALOGERS[row].only_names() || !candidate.qualifiers.is_empty() {
            return None;
        }
        let is_it = |place: &Place| {
            let package = &self.drafts[*place].package;
            package.name == candidate.name && package.version == candidate.version
        };
        let named = self.names.named(candidate.kind, &candidate.name);
        named.iter().copied().find(is_it)
    }

    /// Notes the words by which others know a package.
    fn name(&mut self, row: usize, candidate: &'a Candidate, place: Place) {
        let key = candidate.key.as_deref().unwrap_or(&candidate.name);
        self.names.key(row, key, place);
        self.names.name(candidate.kind, &candidate.name, place);
        for name in &candidate.provides {
            self.names.name(candidate.kind, name, place);
        }
    }

    /// The package that a list of files is of: `KEY`, `KEY:ARCH`, or `TYPE|NAME` that it provides.
    fn owner(&self, row: usize, of: &str) -> Option<Owner> {
        let named = |key| self.names.by_key(row, key);
        let provided = |(kind, name)| self.names.named(kind, name).first().copied();
        let place = named(of)
            .or_else(|| of.split_once('|').and_then(provided))
            .or_else(|| named(of.split_once(':')?.0))?;
        Some(Owner {
            place,
            standing: Standing::of(row, self.drafts[place].kind),
        })
    }

    fn finish(self, mut claims: Claims<'_>) -> Packages {
        let mut listed = claims.take_listed();
        let needs: Vec<Vec<String>> = self.drafts.iter().map(|draft| self.needs(draft)).collect();
        let owners: Vec<Option<String>> = self
            .drafts
            .iter()
            .map(|draft| {
                let standing = Standing::of(draft.row, draft.kind);
                let owner = |file: &NodeId| {
                    let owner = claims.owner(*file);
                    owner.filter(|owner| owner.standing > standing)
                };
                // What also lies where nobody owns it is not covered by who owns a copy.
                let owners: Option<Vec<Owner>> = draft.evidence.iter().map(owner).collect();
                let owner = owners?.first()?.place;
                Some(self.drafts[owner].package.purl.clone())
            })
            .collect();
        let purls = self
            .drafts
            .iter()
            .map(|draft| Arc::from(&*draft.package.purl));
        let purls: Vec<Arc<str>> = purls.collect();
        let purls = claims
            .owners()
            .filter_map(|(id, place)| Some((id, purls.get(place)?.clone())));
        let purls = purls.collect();
        let parts = self.drafts.into_iter().zip(needs).zip(owners).enumerate();
        let mut packages: Vec<Package> = parts
            .map(|(place, ((draft, depends), owned_by))| {
                let mut package = draft.package;
                package.locations.sort();
                package.locations.dedup();
                package.license_files.sort();
                package.license_files.dedup();
                package.readmes.sort();
                package.readmes.dedup();
                package.files = claims.count(place);
                package.owned_files = listed.remove(&place).unwrap_or_default();
                package.depends = depends;
                package.owned_by = owned_by;
                package
            })
            .collect();
        sort(&mut packages);
        let mut owned = self.texts;
        owned.extend(claims.into_files());
        Packages {
            packages,
            owned,
            purls,
        }
    }

    /// The package whose key is the directory that a path leads to through links.
    fn linked(&self, row: usize, path: &str) -> Option<Place> {
        let id = path.contains('/').then(|| self.tree.resolve(path))??;
        let real = self.tree.path(id);
        self.names.by_key(row, real.strip_prefix('/')?)
    }

    /// The purls of what a package needs.
    fn needs(&self, draft: &Draft<'_>) -> Vec<String> {
        let path = |place: Place| &*self.drafts[place].package.locations[0].path;
        let from = &*draft.package.locations[0].path;
        let needs = draft.depends.iter().filter_map(|need| {
            let mut words = need.split('|');
            let find = |word| self.names.find(draft.row, draft.kind, word, from, path);
            let place =
                words.find_map(|word| find(word).or_else(|| self.linked(draft.row, word)))?;
            Some(&self.drafts[place].package.purl)
        });
        let needs: BTreeSet<&String> = needs
            .filter(|purl| !purl.is_empty() && **purl != draft.package.purl)
            .collect();
        needs.into_iter().cloned().collect()
    }
}

/// Sorts packages by type, name, version.
fn sort(packages: &mut [Package]) {
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
}
