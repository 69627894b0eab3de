//! What a node or an image did in each run: a slot a run.

use std::collections::BTreeMap;

use hpcctl_model::history::Said;

use super::run::{TOGETHER, seconds};

/// What was said in a run, and when.
pub type Told<'a> = (&'a Said, &'a str);

/// What a subject did in a run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Slot<'a> {
    /// What it said.
    pub told: Option<Told<'a>>,
    /// Its kernel.
    pub kernel: Option<&'a str>,
    /// Why it did not report, where it was to.
    pub silent: Option<&'a str>,
}

/// What was said, without what was said before in the last night: what was examined again is held against
/// the night before, where there is one.
pub fn of_nights<'a>(told: impl Iterator<Item = Told<'a>>) -> Vec<Told<'a>> {
    let mut told: Vec<Told<'a>> = told.collect();
    if let Some((_, last)) = told.first() {
        let begun = seconds(last) - TOGETHER;
        let again = told
            .iter()
            .skip(1)
            .take_while(|(_, at)| seconds(at) >= begun);
        let again = again.count();
        if again + 1 < told.len() {
            told.drain(1..=again);
        }
    }
    told
}

/// Makes one of a node that goes by its long name in some records and by its short one in others.
pub fn fold_long(slots: &mut BTreeMap<String, Vec<Slot<'_>>>) {
    let is_node = |slots: &[Slot<'_>]| {
        !slots
            .iter()
            .any(|slot| slot.told.is_some_and(|one| one.0.image))
    };
    let long: Vec<(String, String)> = slots
        .iter()
        .filter_map(|(name, of)| Some((name, of, name.split_once('.')?.0)))
        .filter(|(_, of, label)| is_node(of) && slots.get(*label).is_some_and(|of| is_node(of)))
        .map(|(name, _, label)| (name.clone(), label.to_owned()))
        .collect();
    for (name, label) in long {
        let of = slots.remove(&name).unwrap_or_default();
        for (known, other) in slots.get_mut(&label).into_iter().flatten().zip(of) {
            if other.told.map(|told| told.1) > known.told.map(|told| told.1) {
                known.told = other.told;
                known.kernel = other.kernel.or(known.kernel);
            }
            known.silent = known.silent.or(other.silent);
            known.kernel = known.kernel.or(other.kernel);
        }
    }
}

/// The place of a subject in a run.
pub fn slot<'m, 'a>(
    slots: &'m mut BTreeMap<String, Vec<Slot<'a>>>,
    name: String,
    run: usize,
) -> &'m mut Slot<'a> {
    let of = slots.entry(name).or_default();
    of.resize(of.len().max(run + 1), Slot::default());
    &mut of[run]
}

pub fn replaces(runs: usize, slots: &BTreeMap<String, Vec<Slot<'_>>>) -> Vec<Vec<bool>> {
    let mut common = vec![vec![0_usize; runs]; runs];
    for slots in slots.values() {
        let told: Vec<usize> = (0..runs).filter(|at| slots[*at].told.is_some()).collect();
        let known = |at: &usize| slots[*at].told.is_some() || slots[*at].silent.is_some();
        for later in (0..runs).filter(known) {
            for earlier in told.iter().filter(|earlier| **earlier >= later) {
                common[later][*earlier] += 1;
            }
        }
    }
    let sizes: Vec<usize> = (0..runs).map(|at| common[at][at]).collect();
    let is_half = |later: usize, earlier: usize| {
        later < earlier && sizes[earlier] > 0 && 2 * common[later][earlier] >= sizes[earlier]
    };
    let row = |later| (0..runs).map(|earlier| is_half(later, earlier)).collect();
    (0..runs).map(row).collect()
}
