//! Reads the layers of an image, in parallel, and lays them over one another in order.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use hpcctl_model::Unknown;
use hpcctl_model::scan::Layer;

use crate::cache::Cache;
use crate::format::Opened;
use crate::held::Held;
use crate::layer::{self, LayerRead, LayerSource, Plan, Stored};
use crate::owners::Owners;
use crate::sensitive::masked;
use crate::tree::FileTree;
use crate::{Progress, hard_links};

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
pub(super) struct Merged {
    pub(super) layers: Vec<Layer>,
    pub(super) tree: FileTree,
    pub(super) owners: Owners,
    pub(super) held: Held,
    /// Files that could not be read and that nothing is missing without.
    pub(super) passed: usize,
}

/// The layers of an image as they were read.
pub(super) struct Layers<'a> {
    opened: &'a Opened,
    firsts: Vec<usize>,
    read: Vec<Option<LayerRead>>,
}

impl<'a> Layers<'a> {
    /// Reads them, or takes from the cache what they held.
    pub(super) fn read(
        opened: &'a Opened,
        plan: &Plan,
        cache: Option<&Cache>,
        progress: &(dyn Progress + Sync),
    ) -> Self {
        let firsts = firsts(&opened.layers);
        let mut read = read_layers(&opened.layers, &firsts, plan, cache, progress);
        hard_links::look_again(&opened.layers, &mut read, plan);
        Self {
            opened,
            firsts,
            read,
        }
    }

    /// The digest of the image; what is one file is known by the digest of that file.
    pub(super) fn digest(&self) -> Option<String> {
        let of_file = self
            .read
            .first()
            .and_then(|read| read.as_ref()?.file_digest.as_ref());
        let digest = self.opened.digest.as_ref();
        let of_file = of_file.filter(|_| self.opened.is_one_file);
        digest.or(of_file).cloned()
    }

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
        Some(layer::again(self.opened.layers.get(place)?, known))
    }

    /// Lays them over one another.
    pub(super) fn merge(mut self, plan: &Plan, unknowns: &mut Vec<Unknown>) -> Merged {
        let (about, whiteouts) = (&self.opened.config, self.opened.whiteouts);
        let mut tree = FileTree::new();
        let mut owners = Owners::default();
        let mut passed = 0;
        let mut layers = Vec::with_capacity(self.opened.layers.len());
        let mut held = Held::default();
        if plan.judges() {
            let known = self.read.iter().flatten();
            known.for_each(|layer| held.see(&layer.listing));
        }
        for place in 0..self.opened.layers.len() {
            let Some(mut read) = self.take(place) else {
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
}
