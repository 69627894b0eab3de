//! The entry point: from a reference to the report's `result`.
//!
//! Layers are read in parallel and laid over one another in order, so that the result does
//! not depend on which of them was read first.

mod layers;
mod resolve;

use std::collections::{BTreeMap, HashSet};
use std::mem;

use hpcctl_license_db::policy::Subject;
use hpcctl_model::scan::{File, Image, Layer, Package, Scan};
use hpcctl_model::{Unknown, hex};

use self::layers::Layers;
pub use self::resolve::{Resolved, is_intact, resolve, whole_digest};
use crate::cache::Cache;
use crate::catalog::{is_license_file, only_names};
use crate::config::About;
use crate::conflicts::conflicts;
use crate::fault::Faults;
use crate::format::{self, Session};
use crate::held::{self, Held};
use crate::layer::Plan;
use crate::owners::Owners;
use crate::packages::{self, Packages};
use crate::sensitive::masked;
use crate::tree::{FileTree, NodeId};
use crate::verdict::verdict;
use crate::{Error, Options, Progress, Reference, sbom, totals, unowned};

/// The most bytes of the texts of licences that are told.
const MOST_TEXT: usize = 4 * 1024 * 1024;

/// What a scan found, and what it could not find out.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// The report's result; `complete` is false when `unknowns` is not empty.
    pub scan: Scan,
    /// Who owns the files, which a report does not tell.
    pub owners: Owners,
    /// What could not be read, and why.
    pub unknowns: Vec<Unknown>,
    /// What was decided on the way to the image, a sentence each.
    pub notes: Vec<String>,
    /// The globs of [`Options::exclude_paths`] that no path of the image was met for.
    pub unmet: Vec<String>,
}

/// Scans an image, or reads the bill of materials that some tool made of one.
///
/// # Errors
///
/// When there is no image to scan, or the options name what there is not; what is wrong inside
/// an image is in [`Scanned::unknowns`].
pub fn scan(
    reference: &Reference,
    options: &Options,
    progress: &(dyn Progress + Sync),
) -> Result<Scanned, Error> {
    if let Some(path) = sbom::named(reference.source()) {
        return sbom::scan(path, &options.limits);
    }
    let plan = Plan::new(options)?;
    let (cache, no_cache) = cache(options);
    let session = Session {
        plan: &plan,
        progress,
    };
    let (mut opened, source, format) = format::open(reference.source(), &session)?;
    let mut unknowns = mem::take(&mut opened.faults).into_unknowns("image");
    let layers = Layers::read(&opened, &plan, cache.as_ref(), progress);
    let digest = layers.digest();
    let merged = layers.merge(&plan, &mut unknowns);
    let image = Image {
        reference: Reference::from(source).to_string(),
        digest,
        format: format.to_owned(),
        platform: opened.platform.map(|platform| platform.to_string()),
        other_platforms: opened.other_platforms,
        supplier: None,
        layers: merged.layers,
        holds: opened.holds,
        labels: labels(&opened.config.labels),
        created: opened.config.created.clone(),
        user: opened.config.user.clone(),
    };
    let held = (merged.held, &opened.config);
    let mut notes = opened.notes;
    notes.extend(no_cache);
    if merged.passed > 0 {
        notes.push(format!(
            "files that could not be read, of kinds that no package or licence is known by: {}",
            merged.passed
        ));
    }
    Ok(Scanned {
        owners: merged.owners,
        notes,
        // What lies in the cache was not met again.
        unmet: match cache {
            Some(_) => Vec::new(),
            None => plan.selection.unmet(),
        },
        ..report(image, &merged.tree, held, &plan, unknowns)
    })
}

/// The cache that is asked for, or why there is none: without it, it only takes longer.
fn cache(options: &Options) -> (Option<Cache>, Option<String>) {
    let cache = options.cache.as_ref();
    let cache = cache.map(|directory| Cache::open(directory, options));
    match cache.transpose() {
        Ok(cache) => (cache, None),
        Err(error) => (None, Some(format!("goes on without the cache: {error}"))),
    }
}

/// An image of which only the tree is wanted.
pub(crate) struct Treed {
    /// The reference, with its transport.
    pub(crate) reference: String,
    pub(crate) digest: Option<String>,
    pub(crate) about: About,
}

/// Reads an image to its merged tree, with what could not be read.
pub(crate) fn tree(
    reference: &Reference,
    plan: &Plan,
    progress: &(dyn Progress + Sync),
) -> Result<(Treed, FileTree, Vec<Unknown>), Error> {
    let session = Session { plan, progress };
    let (mut opened, source, _) = format::open(reference.source(), &session)?;
    let mut unknowns = mem::take(&mut opened.faults).into_unknowns("image");
    let layers = Layers::read(&opened, plan, None, progress);
    let digest = layers.digest();
    let merged = layers.merge(plan, &mut unknowns);
    let treed = Treed {
        reference: Reference::from(source).to_string(),
        digest,
        about: opened.config,
    };
    Ok((treed, merged.tree, unknowns))
}

fn report(
    image: Image,
    tree: &FileTree,
    (held, about): (Held, &About),
    plan: &Plan,
    mut unknowns: Vec<Unknown>,
) -> Scanned {
    let with_facts = tree.files_with_facts();
    let mut faults = Faults::default();
    let Packages {
        mut packages,
        owned,
        purls,
    } = packages::gather(tree, &with_facts, &image.layers, plan, &mut faults);
    for package in &mut packages {
        // What only a lock file names need not be in the image.
        package.judged = !is_covered(package) && !only_names(&package.found_by);
    }
    if tree.exhausted() {
        faults.add("file tree", "its links lead through too many names");
    }
    unknowns.extend(faults.into_unknowns("packages"));
    let unowned = unowned::unowned(tree, &image.layers, &owned);
    let files = files(tree, &with_facts, &image.layers, &owned);
    let texts = texts(tree, &with_facts);
    let complete = unknowns.is_empty();
    let left_out = plan.selection.left_out().clone();
    // What was not looked at may refuse, for whatever reason it was not.
    let whole = complete && left_out.is_empty();
    let merged = held::Merged {
        tree,
        layers: &image.layers,
        purls: &purls,
        about,
    };
    let held = held.report(&merged, &packages);
    let subjects = subjects(&packages, &files);
    let verdict = verdict(&subjects, whole, &held);
    let conflicts = conflicts(&packages);
    Scanned {
        scan: Scan {
            image,
            complete,
            left_out,
            packages,
            files,
            unowned,
            sensitive: held.sensitive,
            privileged: held.privileged,
            restricted: held.restricted,
            removed: held.removed,
            conflicts,
            texts,
            totals: totals::of(tree),
            verdict,
        },
        owners: Owners::default(),
        notes: Vec::new(),
        unmet: Vec::new(),
        unknowns,
    }
}

/// The labels without secrets.
fn labels(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let labels = labels.iter();
    labels
        .map(|(key, value)| (key.clone(), masked(value).into_owned()))
        .collect()
}

/// The files that bear a licence, by path, and which of them count for the verdict themselves; and
/// the licence files in which none was recognised, which count for none.
///
/// A file that belongs to a package is covered by the package. A file that only names a
/// licence, such as a script that mentions one, says nothing about its own terms, unless it is
/// named as a licence file.
fn files(tree: &FileTree, ids: &[NodeId], layers: &[Layer], owned: &HashSet<NodeId>) -> Vec<File> {
    let mut files = Vec::new();
    for id in ids {
        let Some(facts) = tree.facts(*id) else {
            continue;
        };
        let path = tree.path(*id);
        let layer = layers.get(tree.node(*id).layer as usize);
        let layer = layer.and_then(|layer| layer.digest.clone());
        let Some(license) = facts.license.as_ref() else {
            files.extend(facts.unrecognised.map(|digest| File {
                path,
                layer,
                licenses: None,
                judged: false,
                sha256: Some(hex(&digest)),
                copyrights: Vec::new(),
                texts: Vec::new(),
            }));
            continue;
        };
        let judged = !owned.contains(id) && (license.grants || is_license_file(&path));
        let sha256 = license.sha256.filter(|_| is_license_file(&path));
        let sha256 = sha256.map(|digest| hex(&digest));
        files.push(File {
            path,
            layer,
            licenses: Some(license.expression.to_string()),
            judged,
            sha256,
            copyrights: license.copyrights.to_vec(),
            texts: license.texts.to_vec(),
        });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// The texts of licence files that no list has, and of NOTICE files, by the digests of the files.
fn texts(tree: &FileTree, ids: &[NodeId]) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    let mut left = MOST_TEXT;
    for facts in ids.iter().filter_map(|id| tree.facts(*id)) {
        let of_license = facts.license.as_ref().and_then(|license| license.sha256);
        let digest = of_license.or(facts.unrecognised);
        if let Some(digest) = digest
            && let Some(text) = tree.text(&digest)
            && let Some(rest) = left.checked_sub(text.len())
            && texts.insert(hex(&digest), text.to_owned()).is_none()
        {
            left = rest;
        }
    }
    texts
}

/// Whether the terms of what brought a package are its own, too.
///
/// A library that others only bundle, and whose licence is known, has terms of its own.
pub(crate) fn is_covered(package: &Package) -> bool {
    // An archive of Java without a group is generic, too, but like those that have one.
    let is_library = package.kind == "generic" && package.found_by != "java";
    let is_bundled = is_library && package.licenses.concluded.is_some();
    package.owned_by.is_some() && !is_bundled
}

fn subjects<'a>(packages: &'a [Package], files: &'a [File]) -> Vec<Subject<'a>> {
    let packages = packages.iter().filter(|package| package.judged);
    let packages = packages.map(|package| Subject {
        name: &package.purl,
        license: package.licenses.concluded.as_deref(),
    });
    let files = files.iter().filter(|file| file.judged);
    let files = files.map(|file| Subject {
        name: &file.path,
        license: file.licenses.as_deref(),
    });
    packages.chain(files).collect()
}
