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

/// The slots of every subject, by its name.
pub type Slots<'a> = BTreeMap<String, Vec<Slot<'a>>>;

/// Whether a node goes by this name.
pub fn has_node(slots: &Slots<'_>, name: &str) -> bool {
    slots.get(name).is_some_and(|of| is_node(of))
}

fn is_node(slots: &[Slot<'_>]) -> bool {
    let mut told = slots.iter().filter_map(|slot| slot.told);
    !told.any(|(said, _)| said.image)
}

/// The nodes that go by a long name, each with its short one where that is known.
pub fn long(slots: &Slots<'_>, is_known: impl Fn(&str) -> bool) -> Vec<(String, String)> {
    let long = slots
        .iter()
        .filter_map(|(name, of)| Some((name, of, name.split_once('.')?.0)));
    long.filter(|(_, of, label)| is_node(of) && is_known(label))
        .map(|(name, _, label)| (name.clone(), label.to_owned()))
        .collect()
}

/// Gives nodes their short names. Of two that would have the same one each keeps its own.
pub fn shorten(slots: &mut Slots<'_>, long: Vec<(String, String)>) {
    let mut of_label: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, label) in long {
        of_label.entry(label).or_default().push(name);
    }
    for (label, names) in of_label {
        if let [name] = names.as_slice()
            && !slots.contains_key(&label)
            && let Some(of) = slots.remove(name)
        {
            slots.insert(label, of);
        }
    }
}

/// Makes one of a node that goes by its long name in some records and by its short one in others.
pub fn fold_long(slots: &mut Slots<'_>) {
    for (name, label) in long(slots, |label| has_node(slots, label)) {
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
pub fn slot<'m, 'a>(slots: &'m mut Slots<'a>, name: String, run: usize) -> &'m mut Slot<'a> {
    let of = slots.entry(name).or_default();
    of.resize(of.len().max(run + 1), Slot::default());
    &mut of[run]
}

pub fn replaces(runs: usize, slots: &Slots<'_>) -> Vec<Vec<bool>> {
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
