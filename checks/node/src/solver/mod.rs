//! Decides whether an operation works and which smallest changes would make it work.
//!
//! Pure: a rule is a formula over the ids of checks, and the answer follows from what the
//! checks found. Truth has three values (Kleene), so that what is not known stays unknown.

use std::collections::HashMap;

use hpcctl_model::doctor::{Ids, Step, Verdict};

mod fix;
mod formula;

pub use formula::{Choice, Formula};

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
    /// The highest ids that the caller may map; none where that is not asked, or anyone's.
    pub range: Option<Ids>,
    /// The choices that are made, by their words; none on a node as it is.
    chosen: Vec<&'static str>,
}

impl Facts {
    /// Nothing known yet.
    pub fn new(root: bool) -> Self {
        Self {
            root,
            ..Self::default()
        }
    }

    /// What would be known if somebody took these other ways.
    pub fn choosing(&self, choices: &[&'static Choice]) -> Self {
        let mut facts = self.clone();
        for choice in choices {
            facts.choose(choice);
        }
        facts
    }

    fn choose(&mut self, choice: &'static Choice) {
        self.chosen.push(choice.text);
        for id in choice.breaks {
            self.checks.entry(id).or_default().holds = Some(false);
        }
    }

    /// What would be known if a check had another outcome.
    pub fn holding(mut self, id: &'static str, holds: Option<bool>) -> Self {
        let fact = self.checks.entry(id).or_default();
        fact.holds = holds;
        self
    }

    /// Whether a check holds; none where that is not known.
    pub fn holds(&self, id: &str) -> Option<bool> {
        self.checks.get(id).and_then(|fact| fact.holds)
    }

    /// Whether a check does not hold, or is not known and a step would settle it.
    fn needs_change(&self, id: &str) -> bool {
        match self.checks.get(id) {
            Some(fact) => {
                fact.holds == Some(false) || (fact.holds.is_none() && !fact.steps.is_empty())
            }
            None => false,
        }
    }
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
    match needs.holds(facts) {
        Some(true) => wanting(wants, facts),
        Some(false) => Answer {
            verdict: Verdict::No,
            because: needs.deciding(facts),
            fix: fix::of_formula(needs, facts),
        },
        None => Answer {
            verdict: Verdict::Unknown,
            because: needs.unknown(facts),
            fix: fix::of_formula(needs, facts),
        },
    }
}

/// It works; fully only where nothing that it wants is missing.
fn wanting(wants: &[&'static str], facts: &Facts) -> Answer {
    let missing = wants.iter().copied();
    let lost: Vec<_> = missing
        .filter(|id| facts.holds(id) == Some(false))
        .collect();
    Answer {
        verdict: if lost.is_empty() {
            Verdict::Yes
        } else {
            Verdict::Degraded
        },
        fix: fix::of_checks(&lost, facts),
        because: lost,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::sysctl;

    static RUNC: Choice = Choice::option("choose runc", "podman --runtime runc");
    static HOST_NET: Choice = Choice::option("share the network", "--network=host");
    static ONE_ID: Choice = Choice {
        breaks: &["subid"],
        ..Choice::option("give up the range", "usermod --del-subuids")
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
            ..Facts::new(false)
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
                .all(|pair| fix::price(&pair[0]) <= fix::price(&pair[1]))
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

    #[test]
    fn a_fix_that_breaks_what_is_needed_elsewhere_is_none() {
        static MAP: Formula = Formula::Any(&[
            Formula::All(&[Formula::Check("newuidmap"), Formula::Check("subid")]),
            Formula::Lacks("subid"),
            Formula::Choice(&ONE_ID),
        ]);
        static BOTH: Formula = Formula::All(&[MAP, Formula::Check("subid")]);
        let facts = facts(&[("newuidmap", Some(false)), ("subid", Some(true))]);
        let run = decide(&MAP, &[], &facts);
        assert_eq!(run.because, ["newuidmap"]);
        assert_eq!(run.fix[0][0].text, "give up the range");
        let many = decide(&BOTH, &[], &facts);
        assert_eq!(many.fix.len(), 1);
        assert_eq!(many.fix[0][0].text, "set a.b to 1");
    }

    #[test]
    fn what_is_chosen_is_no_fix_any_more() {
        let facts = facts(&[
            ("ns.user", Some(true)),
            ("cg", Some(false)),
            ("tun", Some(false)),
            ("newuidmap", Some(true)),
            ("subid", Some(true)),
        ]);
        assert_eq!(RULE.choices().len(), 2);
        let chosen = facts.choosing(&[&RUNC]);
        let answer = decide(&RULE, &[], &chosen);
        assert_eq!(answer.because, ["tun"]);
        assert_eq!(answer.fix[0].len(), 1);
        assert_eq!(answer.fix[0][0].text, "share the network");
        let both = facts.choosing(&[&RUNC, &HOST_NET]);
        assert_eq!(decide(&RULE, &[], &both).verdict, Verdict::Yes);
    }

    #[test]
    fn of_several_ways_the_chosen_one_is_to_blame() {
        static WAYS: Formula = Formula::Any(&[
            Formula::Check("cg"),
            Formula::All(&[Formula::Choice(&RUNC), Formula::Check("subid")]),
        ]);
        let facts = facts(&[("cg", Some(false)), ("subid", Some(false))]);
        assert_eq!(decide(&WAYS, &[], &facts).because, ["cg", "subid"]);
        let chosen = facts.choosing(&[&RUNC]);
        assert_eq!(decide(&WAYS, &[], &chosen).because, ["subid"]);
    }

    #[test]
    fn only_a_lack_that_is_alone_to_blame_is_named() {
        static LACK: Formula = Formula::Lacks("subid");
        let facts = facts(&[("subid", Some(true))]);
        assert_eq!(decide(&LACK, &[], &facts).because, ["subid"]);
    }

    #[test]
    fn a_setting_is_a_way_out_and_never_to_blame() {
        static NEEDS: Formula = Formula::Any(&[Formula::Check("tun"), Formula::Setting("netns")]);
        let refused = decide(
            &NEEDS,
            &[],
            &facts(&[("tun", Some(false)), ("netns", Some(false))]),
        );
        assert_eq!(refused.because, ["tun"]);
        let set = decide(
            &NEEDS,
            &[],
            &facts(&[("tun", Some(false)), ("netns", Some(true))]),
        );
        assert_eq!(set.verdict, Verdict::Yes);
    }

    #[test]
    fn what_is_not_known_has_a_fix_where_a_step_settles_it() {
        static NEEDS: Formula = Formula::Check("pause");
        let answer = decide(&NEEDS, &[], &facts(&[("pause", None)]));
        assert_eq!(answer.verdict, Verdict::Unknown);
        assert_eq!(answer.fix.len(), 1);
    }
}
