//! Decides whether an operation works and which smallest changes would make it work.
//!
//! Pure: a rule is a formula over the ids of checks, and the answer follows from what the
//! checks found. Truth has three values (Kleene), so that what is not known stays unknown.

use std::collections::{BTreeSet, HashMap};

use hpcctl_model::doctor::{Cost, Step, Verdict};

/// The most alternatives that are followed while fixes are sought.
const SETS: usize = 256;

/// The most fixes that are reported.
const FIXES: usize = 6;

/// What an operation needs.
#[derive(Debug, Clone, Copy)]
pub enum Formula {
    /// This check holds.
    Check(&'static str),
    /// This check does not hold.
    Lacks(&'static str),
    /// The user chooses another way; never so by default.
    Choice(&'static Choice),
    /// All of these.
    All(&'static [Formula]),
    /// One of these.
    Any(&'static [Formula]),
    /// The first where root asks, else the second.
    AsRoot(&'static Formula, &'static Formula),
}

/// Another way that is open to the user, such as an option of the runtime.
#[derive(Debug, Clone, Copy)]
pub struct Choice {
    /// What to do, in words.
    pub text: &'static str,
    /// The command, or the line of a file.
    pub command: &'static str,
    /// What it takes.
    pub cost: Cost,
}

/// What one check found, as far as the solver cares.
#[derive(Debug, Clone, Default)]
pub struct Fact {
    /// Whether it holds; none where that is not known.
    pub holds: Option<bool>,
    /// Steps that would each make it hold.
    pub steps: Vec<Step>,
}

/// What is known, by the id of the check.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Each check.
    pub checks: HashMap<&'static str, Fact>,
    /// Whether root asks.
    pub root: bool,
}

/// The answer for one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Whether it works.
    pub verdict: Verdict,
    /// The checks that decided.
    pub because: Vec<&'static str>,
    /// The smallest sets of steps that would make it work, cheapest first.
    pub fix: Vec<Vec<Step>>,
}

/// Decides an operation: what it needs, and what it only wants.
pub fn decide(needs: &Formula, wants: &[&'static str], facts: &Facts) -> Answer {
    match facts.holds(needs) {
        Some(true) => {
            let lost: Vec<_> = wants
                .iter()
                .copied()
                .filter(|id| facts.check(id) == Some(false))
                .collect();
            let verdict = if lost.is_empty() {
                Verdict::Yes
            } else {
                Verdict::Degraded
            };
            let sets = vec![
                lost.iter()
                    .map(|id| Atom::Check(id))
                    .collect::<BTreeSet<_>>(),
            ];
            let fix = if lost.is_empty() {
                Vec::new()
            } else {
                fixes(&sets, facts)
            };
            Answer {
                verdict,
                because: lost,
                fix,
            }
        }
        Some(false) => {
            let sets = facts.flips(needs);
            Answer {
                verdict: Verdict::No,
                because: deciding(needs, facts),
                fix: fixes(&sets, facts),
            }
        }
        None => {
            let mut because = Vec::new();
            facts.unknown(needs, &mut because);
            Answer {
                verdict: Verdict::Unknown,
                because,
                fix: Vec::new(),
            }
        }
    }
}

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
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Atom {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl Facts {
    fn check(&self, id: &str) -> Option<bool> {
        self.checks.get(id).and_then(|fact| fact.holds)
    }

    fn holds(&self, formula: &Formula) -> Option<bool> {
        match formula {
            Formula::Check(id) => self.check(id),
            Formula::Lacks(id) => self.check(id).map(|holds| !holds),
            Formula::Choice(_) => Some(false),
            Formula::All(parts) => fold(parts.iter().map(|part| self.holds(part)), false),
            Formula::Any(parts) => fold(parts.iter().map(|part| self.holds(part)), true),
            Formula::AsRoot(root, user) => self.holds(if self.root { root } else { user }),
        }
    }

    /// The minimal sets of changes that make a formula hold, as far as is known.
    fn flips(&self, formula: &Formula) -> Vec<BTreeSet<Atom>> {
        match formula {
            Formula::Check(id) if self.check(id) == Some(false) => {
                vec![BTreeSet::from([Atom::Check(id)])]
            }
            Formula::Lacks(id) if self.check(id) == Some(true) => Vec::new(),
            Formula::Check(_) | Formula::Lacks(_) => vec![BTreeSet::new()],
            Formula::Choice(choice) => vec![BTreeSet::from([Atom::Choice(choice)])],
            Formula::Any(parts) => {
                minimal(parts.iter().flat_map(|part| self.flips(part)).collect())
            }
            Formula::All(parts) => parts.iter().fold(vec![BTreeSet::new()], |sets, part| {
                let more = self.flips(part);
                let joined = sets
                    .iter()
                    .flat_map(|set| more.iter().map(move |other| set | other))
                    .take(SETS);
                minimal(joined.collect())
            }),
            Formula::AsRoot(root, user) => self.flips(if self.root { root } else { user }),
        }
    }

    /// The checks that are not known where a formula is not.
    fn unknown(&self, formula: &Formula, found: &mut Vec<&'static str>) {
        match formula {
            Formula::Check(id) | Formula::Lacks(id) => {
                if self.check(id).is_none() && !found.contains(id) {
                    found.push(id);
                }
            }
            Formula::Choice(_) => {}
            Formula::All(parts) | Formula::Any(parts) => {
                parts
                    .iter()
                    .filter(|part| self.holds(part).is_none())
                    .for_each(|part| self.unknown(part, found));
            }
            Formula::AsRoot(root, user) => self.unknown(if self.root { root } else { user }, found),
        }
    }
}

/// The checks because of which a formula does not hold, in its own order.
fn deciding(formula: &Formula, facts: &Facts) -> Vec<&'static str> {
    let mut found = Vec::new();
    collect_false(formula, facts, &mut found);
    found
}

fn collect_false(formula: &Formula, facts: &Facts, found: &mut Vec<&'static str>) {
    if facts.holds(formula) != Some(false) {
        return;
    }
    match formula {
        Formula::Check(id) | Formula::Lacks(id) => {
            if !found.contains(id) {
                found.push(id);
            }
        }
        Formula::Choice(_) => {}
        Formula::All(parts) | Formula::Any(parts) => parts
            .iter()
            .for_each(|part| collect_false(part, facts, found)),
        Formula::AsRoot(root, user) => {
            collect_false(if facts.root { root } else { user }, facts, found)
        }
    }
}

/// Kleene's "and" (`decisive` false) or "or" (`decisive` true).
fn fold(parts: impl Iterator<Item = Option<bool>>, decisive: bool) -> Option<bool> {
    let mut known = true;
    for part in parts {
        match part {
            Some(value) if value == decisive => return Some(decisive),
            Some(_) => {}
            None => known = false,
        }
    }
    known.then_some(!decisive)
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
fn fixes(sets: &[BTreeSet<Atom>], facts: &Facts) -> Vec<Vec<Step>> {
    let mut all: Vec<Vec<Step>> = sets.iter().flat_map(|set| steps_of(set, facts)).collect();
    all.sort_by_key(|steps| price(steps));
    all.dedup();
    // The same steps by another way: a longer list that holds a shorter one says nothing new.
    let mut kept: Vec<Vec<Step>> = Vec::new();
    for steps in all {
        if !kept
            .iter()
            .any(|small| small.iter().all(|step| steps.contains(step)))
        {
            kept.push(steps);
        }
    }
    kept.truncate(FIXES);
    kept
}

fn steps_of(set: &BTreeSet<Atom>, facts: &Facts) -> Vec<Vec<Step>> {
    set.iter()
        .fold(vec![Vec::new()], |lists: Vec<Vec<Step>>, atom| {
            let ways = match atom {
                Atom::Choice(choice) => vec![crate::finding::user(
                    choice.cost,
                    choice.text,
                    choice.command,
                )],
                Atom::Check(id) => facts
                    .checks
                    .get(id)
                    .map(|fact| fact.steps.clone())
                    .unwrap_or_default(),
            };
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

/// What a list of steps takes: the dearest step first, then how many.
fn price(steps: &[Step]) -> (Option<Cost>, usize, Vec<Cost>) {
    let costs: Vec<Cost> = steps.iter().map(|step| step.cost).collect();
    (costs.iter().max().copied(), costs.len(), costs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::sysctl;

    static RUNC: Choice = Choice {
        text: "choose runc",
        command: "podman --runtime runc",
        cost: Cost::User,
    };
    static HOST_NET: Choice = Choice {
        text: "share the network",
        command: "--network=host",
        cost: Cost::User,
    };
    static RULE: Formula = Formula::All(&[
        Formula::Check("ns.user"),
        Formula::Any(&[Formula::Check("cg"), Formula::Choice(&RUNC)]),
        Formula::Any(&[Formula::Check("tun"), Formula::Choice(&HOST_NET)]),
        Formula::Any(&[Formula::Check("newuidmap"), Formula::Lacks("subid")]),
    ]);

    fn facts(held: &[(&'static str, Option<bool>)]) -> Facts {
        let fact = |holds| Fact {
            holds,
            steps: vec![sysctl("a.b", "1")],
        };
        Facts {
            checks: held.iter().map(|(id, holds)| (*id, fact(*holds))).collect(),
            root: false,
        }
    }

    #[test]
    fn all_that_is_needed_holds() {
        let facts = facts(&[
            ("ns.user", Some(true)),
            ("cg", Some(true)),
            ("tun", Some(true)),
            ("newuidmap", Some(false)),
            ("subid", Some(false)),
        ]);
        let answer = decide(&RULE, &["newuidmap"], &facts);
        assert_eq!(
            (answer.verdict, answer.because),
            (Verdict::Degraded, vec!["newuidmap"])
        );
    }

    #[test]
    fn the_cheapest_fix_comes_first_and_is_whole() {
        let facts = facts(&[
            ("ns.user", Some(true)),
            ("cg", Some(false)),
            ("tun", Some(false)),
            ("newuidmap", Some(true)),
            ("subid", Some(true)),
        ]);
        let answer = decide(&RULE, &[], &facts);
        assert_eq!(answer.because, ["cg", "tun"]);
        let first: Vec<_> = answer.fix[0]
            .iter()
            .map(|step| step.text.as_str())
            .collect();
        assert_eq!(first, ["choose runc", "share the network"]);
        assert!(
            answer
                .fix
                .windows(2)
                .all(|pair| price(&pair[0]) <= price(&pair[1]))
        );
    }

    #[test]
    fn what_is_not_known_stays_unknown_unless_something_else_decides() {
        let unknown = facts(&[
            ("ns.user", None),
            ("cg", Some(true)),
            ("tun", Some(true)),
            ("subid", Some(false)),
        ]);
        assert_eq!(decide(&RULE, &[], &unknown).because, ["ns.user"]);
        let refused = facts(&[("ns.user", Some(false)), ("cg", None)]);
        assert_eq!(decide(&RULE, &[], &refused).verdict, Verdict::No);
    }

    #[test]
    fn a_change_without_a_known_step_is_no_fix() {
        let mut facts = facts(&[
            ("ns.user", Some(false)),
            ("cg", Some(true)),
            ("tun", Some(true)),
            ("subid", Some(false)),
        ]);
        facts.checks.insert(
            "ns.user",
            Fact {
                holds: Some(false),
                steps: Vec::new(),
            },
        );
        assert_eq!(decide(&RULE, &[], &facts).fix, Vec::<Vec<Step>>::new());
    }
}
