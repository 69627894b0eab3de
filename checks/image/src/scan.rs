//! The entry point: from a reference to the report's `result`.
//!
//! Layers are read in parallel and laid over one another in order, so that the result does
//! not depend on which of them was read first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use hpcctl_license_db::policy::Subject;
use hpcctl_model::scan::{File, Image, Layer, Package, Scan};
use hpcctl_model::{Unknown, hex};

use crate::blob::file_digest;
use crate::cache::Cache;
use crate::catalog::{is_license_file, only_names};
use crate::config::About;
use crate::conflicts::conflicts;
use crate::fault::Faults;
use crate::format::{self, Opened, Session};
use crate::held::{self, Held};
use crate::layer::{self, LayerRead, LayerSource, Plan, Stored};
use crate::owners::Owners;
use crate::packages::{self, Packages};
use crate::sensitive::masked;
use crate::tree::{FileTree, NodeId};
use crate::verdict::verdict;
use crate::{Error, Limits, Platform, Progress, Reference, hard_links, sbom, totals, unowned};

/// In which files licences are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LicenseFiles {
    /// Every text file.
    #[default]
    Full,
    /// Only files named after a licence, such as `LICENSE`, `COPYING`, `NOTICE` or `copyright`.
    Declared,
}

/// What is made of the digests of the plain layers that the configuration of an image promises.
///
/// The digest of the stored bytes, which the manifest promises, is always taken. It binds the
/// plain bytes, too; whether the configuration tells the truth about them costs a quarter of a
/// scan. A node that has a layer of that name already may run it in place of the stored one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiffIds {
    /// They are compared with the bytes.
    #[default]
    Checked,
    /// They are taken as they are, where the stored bytes have a promised digest, too.
    Promised,
}

/// What a scan is for, which decides what is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Whether the image may leave the site: also what gives access or rights, what vendors
    /// restrict, what a later layer removed, and which licence texts are there whole.
    #[default]
    Verdict,
    /// What is in it: nothing is looked for that no bill of materials tells.
    Inventory,
}

/// How to scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// In which files licences are looked for.
    pub licenses: LicenseFiles,
    /// What is made of the digests of the plain layers.
    pub diff_ids: DiffIds,
    /// What the scan is for.
    pub purpose: Purpose,
    /// The catalogers that run, by their ids or the purl types of what they find; all where none
    /// is named. `os-release` runs
    /// unless it is excluded: others need the distribution.
    pub select: Vec<String>,
    /// The catalogers that do not run.
    pub exclude: Vec<String>,
    /// Globs of paths that are left out, with all that is below them.
    pub exclude_paths: Vec<String>,
    /// How much is read at most.
    pub limits: Limits,
    /// Where what layers held is kept from one scan to the next.
    pub cache: Option<PathBuf>,
    /// The platform, where an image is there for several; this machine's where none is given.
    pub platform: Option<Platform>,
    /// Whether the registry that is named need not prove who it is, nor speak TLS.
    pub insecure: bool,
}

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
    let (opened, source, format) = format::open(reference.source(), &session)?;
    let firsts = firsts(&opened.layers);
    let mut read = read_layers(&opened.layers, &firsts, &plan, cache.as_ref(), progress);
    hard_links::look_again(&opened.layers, &mut read, &plan);
    let digest = digest_of(&opened, &read);
    let mut unknowns = opened.faults.into_unknowns("image");
    let layers = Layers {
        sources: &opened.layers,
        firsts,
        read,
    };
    let merged = merge(
        layers,
        &opened.config,
        opened.whiteouts,
        &plan,
        &mut unknowns,
    );
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

/// The digest of an image; what is one file is known by the digest of that file.
fn digest_of(opened: &Opened, read: &[Option<LayerRead>]) -> Option<String> {
    let of_file = read
        .first()
        .and_then(|read| read.as_ref()?.file_digest.as_ref());
    let digest = opened.digest.as_ref();
    digest.or(of_file.filter(|_| opened.is_one_file)).cloned()
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
    let (opened, source, _) = format::open(reference.source(), &session)?;
    let firsts = firsts(&opened.layers);
    let mut read = read_layers(&opened.layers, &firsts, plan, None, progress);
    hard_links::look_again(&opened.layers, &mut read, plan);
    let digest = digest_of(&opened, &read);
    let mut unknowns = opened.faults.into_unknowns("image");
    let layers = Layers {
        sources: &opened.layers,
        firsts,
        read,
    };
    let about = opened.config;
    let merged = merge(layers, &about, opened.whiteouts, plan, &mut unknowns);
    let treed = Treed {
        reference: Reference::from(source).to_string(),
        digest,
        about,
    };
    Ok((treed, merged.tree, unknowns))
}

/// What a reference stands for, as far as that is told without reading layers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The digest by which the image is known; none where that takes reading it, or it has none.
    pub digest: Option<String>,
    /// The other platforms, or digests, of the index that it was chosen from.
    pub other_platforms: Vec<String>,
}

/// Finds out what a reference stands for, without reading layers.
///
/// # Errors
///
/// Those of [`scan`] that concern the image as a whole.
pub fn resolve(reference: &Reference, options: &Options) -> Result<Resolved, Error> {
    if matches!(reference.source(), crate::Source::Sbom(_)) {
        return Ok(Resolved::default());
    }
    let plan = Plan::new(options)?;
    let session = Session {
        plan: &plan,
        progress: &crate::Silent,
    };
    let (opened, ..) = format::open(reference.source(), &session)?;
    Ok(Resolved {
        digest: opened.digest,
        other_platforms: opened.other_platforms,
    })
}

/// The digest by which an image is known, an image that is one file read whole for it; none where
/// it has none.
///
/// # Errors
///
/// Those of [`scan`] that concern the image as a whole, and when the file cannot be read.
pub fn whole_digest(reference: &Reference) -> Result<Option<String>, Error> {
    let plan = Plan::new(&Options::default())?;
    let session = Session {
        plan: &plan,
        progress: &crate::Silent,
    };
    let (opened, source, _) = format::open(reference.source(), &session)?;
    if opened.digest.is_some() || !opened.is_one_file {
        return Ok(opened.digest);
    }
    let path = source.path();
    let digest = file_digest(path).map_err(|error| Error::unreadable(path, error))?;
    Ok(Some(digest))
}

/// Whether the layers of an image hold the bytes that its documents promise, so that what a scan of
/// the same digest found still stands. False where that cannot be told without reading more, and
/// where an index above the image, which its digest does not cover, holds a secret.
///
/// What a registry gives out is compared with its digest whenever it is read.
///
/// # Errors
///
/// Those of [`scan`] that concern the image as a whole.
pub fn is_intact(reference: &Reference, options: &Options) -> Result<bool, Error> {
    if matches!(reference.source(), crate::Source::Registry(_)) {
        return Ok(true);
    }
    let plan = Plan::new(options)?;
    let session = Session {
        plan: &plan,
        progress: &crate::Silent,
    };
    let (opened, ..) = format::open(reference.source(), &session)?;
    let next = AtomicUsize::new(0);
    let is_intact = AtomicBool::new(opened.faults.is_empty() && !held::of_index(&opened.config));
    let work = || {
        while let Some(layer) = opened.layers.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !layer::is_intact(layer) {
                is_intact.store(false, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..rayon::current_num_threads().min(opened.layers.len()) {
            // A user may have no thread left.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    Ok(is_intact.into_inner())
}

/// For each layer the first one that is the same bytes, mostly itself: a manifest can name one
/// layer a thousand times.
fn firsts(sources: &[LayerSource]) -> Vec<usize> {
    let stored = |source: &LayerSource| source.stored.clone().ok();
    let of = |(place, source): (usize, &LayerSource)| {
        let is_same = |other: &LayerSource| match (stored(source), stored(other)) {
            (Some(one), Some(two)) => one.is_same(&two),
            _ => false,
        };
        let first = sources[..place].iter().position(is_same);
        first.unwrap_or(place)
    };
    sources.iter().enumerate().map(of).collect()
}

/// Reads the layers, as many at a time as there are threads; one that is the same bytes as
/// another is not read again.
///
/// These threads are not those of the pool: a thread of the pool that waits for a batch of
/// texts would begin another layer meanwhile, and hold both.
fn read_layers(
    sources: &[LayerSource],
    firsts: &[usize],
    plan: &Plan,
    cache: Option<&Cache>,
    progress: &(dyn Progress + Sync),
) -> Vec<Option<LayerRead>> {
    let is_first = |place: &usize| firsts.get(*place) == Some(place);
    let places = (0..sources.len()).filter(is_first);
    let stored = places.filter_map(|place| sources[place].stored.as_ref().ok());
    let total = stored
        .clone()
        .fold(0, |total: u64, one| total.saturating_add(one.size()));
    plan.room
        .earn(match stored.clone().any(Stored::is_directory) {
            true => u64::MAX,
            false => total,
        });
    if total > 0 {
        progress.total(total);
    }
    // The largest first: begun last, it would be read alone.
    let mut order: Vec<usize> = (0..sources.len()).collect();
    let size = |source: &LayerSource| source.stored.as_ref().map_or(0, Stored::size);
    order.sort_by_key(|place| Reverse(size(&sources[*place])));
    let next = AtomicUsize::new(0);
    let slots: Vec<Mutex<Option<LayerRead>>> = sources.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let Some(place) = order.get(turn).copied() else {
                return;
            };
            if !is_first(&place) {
                continue;
            }
            let (source, slot) = (&sources[place], &slots[place]);
            let name = source.digest.as_ref().or(source.diff_id.as_ref());
            progress.layer(name.map_or("", |name| name), place + 1, sources.len());
            let read = read_layer(source, plan, cache, progress);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(read);
        }
    };
    thread::scope(|scope| {
        for _ in 1..rayon::current_num_threads().min(sources.len()) {
            // A user may have no thread left.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let read = slots
        .into_iter()
        .map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner));
    read.collect()
}

/// Reads a layer, or takes what it held when it was read before.
fn read_layer(
    source: &LayerSource,
    plan: &Plan,
    cache: Option<&Cache>,
    progress: &(dyn Progress + Sync),
) -> LayerRead {
    let Some(cache) = cache else {
        return layer::read(source, plan, progress);
    };
    if let Some(known) = cache.get(source) {
        progress.read(known.layer.size);
        return known;
    }
    cache.put(source, layer::read(source, plan, progress))
}

/// The layers and the tree that they make up.
struct Merged {
    layers: Vec<Layer>,
    tree: FileTree,
    owners: Owners,
    held: Held,
    /// Files that could not be read and that nothing is missing without.
    passed: usize,
}

/// The layers as they were read.
struct Layers<'a> {
    sources: &'a [LayerSource],
    firsts: Vec<usize>,
    read: Vec<Option<LayerRead>>,
}

impl Layers<'_> {
    /// Takes a layer; what comes again is kept until then.
    fn take(&mut self, place: usize) -> Option<LayerRead> {
        let first = *self.firsts.get(place)?;
        if first == place && !self.firsts[place + 1..].contains(&place) {
            return self.read.get_mut(place)?.take();
        }
        let known = self.read.get(first)?.as_ref()?;
        if first == place {
            return Some(known.clone());
        }
        Some(layer::again(self.sources.get(place)?, known))
    }
}

fn merge(
    mut read: Layers<'_>,
    about: &About,
    whiteouts: bool,
    plan: &Plan,
    unknowns: &mut Vec<Unknown>,
) -> Merged {
    let mut tree = FileTree::new();
    let mut owners = Owners::default();
    let mut passed = 0;
    let mut layers = Vec::with_capacity(read.sources.len());
    let mut held = Held::default();
    if plan.judges() {
        let known = read.read.iter().flatten();
        known.for_each(|layer| held.see(&layer.listing));
    }
    for place in 0..read.sources.len() {
        let Some(mut read) = read.take(place) else {
            continue;
        };
        // There are at most as many layers as the limit says.
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        owners.add(std::mem::take(&mut read.listing.owners));
        if plan.judges() {
            held.gather(layers.len(), &read.listing, about, &mut read.faults);
        }
        let limits = &plan.limits;
        tree.apply(place, read.listing, whiteouts, limits, &mut read.faults);
        let name = read
            .layer
            .digest
            .clone()
            .unwrap_or_else(|| "files".to_owned());
        passed += read.faults.passed();
        unknowns.extend(read.faults.into_unknowns(&name));
        let made_by = read.layer.created_by.as_deref();
        read.layer.created_by = made_by.map(|text| masked(text).into_owned());
        layers.push(read.layer);
    }
    Merged {
        layers,
        tree,
        owners,
        held,
        passed,
    }
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
