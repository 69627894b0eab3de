//! The smallest changes that make a formula hold, and the steps that they take.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use hpcctl_model::doctor::{Cost, Step};

use super::{Choice, Facts, Formula};

/// The most alternatives that are followed while fixes are sought.
const SETS: usize = 256;

/// The most fixes that are reported.
const FIXES: usize = 16;

/// Something that a fix changes.
#[derive(Debug, Clone, Copy)]
enum Atom {
    Check(&'static str),
    Choice(&'static Choice),
}

impl Atom {
    fn key(&self) -> (&'static str, &'static str) {
        match self {
            Self::Check(id) => (id, ""),
            Self::Choice(choice) => (choice.text, choice.command),
        }
    }
}

impl PartialEq for Atom {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Atom {}

impl PartialOrd for Atom {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Atom {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// Every smallest fix of a formula that is known, as lists of steps, cheapest first.
pub(super) fn of_formula(formula: &Formula, facts: &Facts) -> Vec<Vec<Step>> {
    let sets = flips(formula, facts);
    let works = |set: &&BTreeSet<Atom>| formula.holds(&after(set, facts)) != Some(false);
    as_steps(sets.iter().filter(works), facts)
}

/// The fixes that bring back all of these checks.
pub(super) fn of_checks(ids: &[&'static str], facts: &Facts) -> Vec<Vec<Step>> {
    let set: BTreeSet<Atom> = ids.iter().map(|id| Atom::Check(id)).collect();
    as_steps(std::iter::once(&set), facts)
}

/// What would be known once a set of changes was made: what one of them breaks is broken, even
/// where another would mend it.
fn after(set: &BTreeSet<Atom>, facts: &Facts) -> Facts {
    let mut changed = facts.clone();
    for atom in set {
        if let Atom::Check(id) = atom {
            changed.checks.entry(id).or_default().holds = Some(true);
        }
    }
    for atom in set {
        if let Atom::Choice(choice) = atom {
            changed.choose(choice);
        }
    }
    changed
}

/// The minimal sets of changes that make a formula hold, as far as is known. A check that is
/// not known is changed where a step would settle it; without one it is taken to hold, as
/// those that could not be tried for want of another.
fn flips(formula: &Formula, facts: &Facts) -> Vec<BTreeSet<Atom>> {
    match formula {
        Formula::Check(id) | Formula::Setting(id) if facts.needs_change(id) => {
            vec![BTreeSet::from([Atom::Check(id)])]
        }
        Formula::Lacks(id) if facts.holds(id) == Some(true) => Vec::new(),
        Formula::Check(_) | Formula::Setting(_) | Formula::Lacks(_) => vec![BTreeSet::new()],
        Formula::Choice(choice) if facts.chosen.contains(&choice.text) => vec![BTreeSet::new()],
        Formula::Choice(choice) => vec![BTreeSet::from([Atom::Choice(choice)])],
        Formula::Any(parts) => minimal(parts.iter().flat_map(|part| flips(part, facts)).collect()),
        Formula::All(parts) => parts.iter().fold(vec![BTreeSet::new()], |sets, part| {
            let more = flips(part, facts);
            let joined = sets
                .iter()
                .flat_map(|set| more.iter().map(move |other| set | other))
                .take(SETS);
            minimal(joined.collect())
        }),
        Formula::AsRoot(root, user) => flips(if facts.root { root } else { user }, facts),
    }
}

/// Drops each set that holds another.
fn minimal(mut sets: Vec<BTreeSet<Atom>>) -> Vec<BTreeSet<Atom>> {
    sets.sort_by_key(BTreeSet::len);
    let mut kept: Vec<BTreeSet<Atom>> = Vec::new();
    for set in sets {
        if kept.len() < SETS && !kept.iter().any(|small| small.is_subset(&set)) {
            kept.push(set);
        }
    }
    kept
}

/// Turns sets of changes into lists of steps, cheapest first; a set with a change for which
/// no step is known gives none.
fn as_steps<'a>(sets: impl Iterator<Item = &'a BTreeSet<Atom>>, facts: &Facts) -> Vec<Vec<Step>> {
    let mut all: Vec<Vec<Step>> = sets
        .filter(|set| !set.is_empty())
        .flat_map(|set| steps_of(set, facts))
        .collect();
    all.sort_by_key(|steps| price(steps));
    all.dedup();
    // The same steps by another way: a longer list that holds a shorter one says nothing new.
    let mut kept: Vec<Vec<Step>> = Vec::new();
    for steps in all {
        let covers = |small: &Vec<Step>| small.iter().all(|step| steps.contains(step));
        if !kept.iter().any(covers) {
            kept.push(steps);
        }
    }
    kept.truncate(FIXES);
    kept
}

fn steps_of(set: &BTreeSet<Atom>, facts: &Facts) -> Vec<Vec<Step>> {
    set.iter()
        .fold(vec![Vec::new()], |lists: Vec<Vec<Step>>, atom| {
            let ways = ways(atom, facts);
            let joined = lists.iter().flat_map(|list| {
                ways.iter().map(|way| {
                    let mut list = list.clone();
                    if !list.contains(way) {
                        list.push(way.clone());
                    }
                    list
                })
            });
            joined.take(SETS).collect()
        })
}

fn ways(atom: &Atom, facts: &Facts) -> Vec<Step> {
    match atom {
        Atom::Choice(choice) => vec![Step {
            who: choice.who,
            cost: choice.cost,
            text: choice.text.into(),
            command: (!choice.command.is_empty()).then(|| choice.command.into()),
        }],
        Atom::Check(id) => facts
            .checks
            .get(id)
            .map(|fact| fact.steps.clone())
            .unwrap_or_default(),
    }
}

/// What a list of steps takes: the dearest step first, then how many.
pub(super) fn price(steps: &[Step]) -> (Option<Cost>, usize, Vec<Cost>) {
    let costs: Vec<Cost> = steps.iter().map(|step| step.cost).collect();
    (costs.iter().max().copied(), costs.len(), costs)
}
