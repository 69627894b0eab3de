//! What licences ask of whoever publishes an image, and whether it may be published.
//!
//! The built-in policy: permissive licences need a notice, copyleft licences need the source as
//! well, terms that forbid redistribution refuse, and what is not known stays undetermined.
//! An expression is judged as SPDX means it: of `OR` the best branch counts, of `AND` the worst.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use hpcctl_model::scan::{Choice, Obligation, Outcome, Reason, Verdict};

use crate::expression::{self, Node};

mod class;
mod duty;

pub(crate) use class::refs;
pub use class::{Class, class_of};
pub use duty::Duty;

/// Something in an image that bears a licence, or should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The purl or path.
    pub name: &'a str,
    /// The SPDX expression, or none where no licence is known.
    pub license: Option<&'a str>,
}

/// What one expression leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The outcome of the expression alone.
    pub outcome: Outcome,
    /// The licence that decided: the worst of the branch that was chosen.
    pub license: String,
    /// The class of that licence.
    pub class: Class,
    /// What the chosen branch asks for.
    pub duties: BTreeSet<Duty>,
}

/// Judges one SPDX expression, or answers none where it is not valid.
pub fn judge_expression(text: &str) -> Option<Judgement> {
    expression::parse(text).map(|node| judge_node(&node))
}

fn judge_node(node: &Node) -> Judgement {
    match node {
        Node::License(license) => {
            let class = class_of(license);
            Judgement {
                outcome: class.outcome(),
                license: license.clone(),
                class,
                duties: class.duties().iter().copied().collect(),
            }
        }
        Node::And(nodes) => nodes
            .iter()
            .map(judge_node)
            .reduce(worst)
            .unwrap_or_else(nothing),
        Node::Or(nodes) => nodes
            .iter()
            .map(judge_node)
            .reduce(best)
            .unwrap_or_else(nothing),
    }
}

/// What of an expression counts: of each choice the branch that is judged; none where nothing is to
/// be chosen.
fn chosen(text: &str) -> Option<String> {
    let node = expression::parse(text)?;
    let chosen = without_the_others(&node);
    (chosen != node).then_some(())?;
    // What was chosen may stand there besides.
    expression::parse(&chosen.to_string()).map(|node| node.to_string())
}

fn without_the_others(node: &Node) -> Node {
    match node {
        Node::License(_) => node.clone(),
        Node::And(nodes) => Node::And(nodes.iter().map(without_the_others).collect()),
        Node::Or(nodes) => {
            let weight = |node: &&Node| {
                let judged = judge_node(node);
                (judged.outcome, judged.class)
            };
            let branch = nodes.iter().min_by_key(weight);
            branch.map_or_else(|| node.clone(), without_the_others)
        }
    }
}

/// The parser makes no empty groups; were there one, nothing would be known.
fn nothing() -> Judgement {
    let class = Class::Unknown;
    Judgement {
        outcome: class.outcome(),
        license: String::new(),
        class,
        duties: BTreeSet::new(),
    }
}

fn worst(a: Judgement, b: Judgement) -> Judgement {
    let duties = a.duties.union(&b.duties).copied().collect();
    let decides = if (b.outcome, b.class) > (a.outcome, a.class) {
        b
    } else {
        a
    };
    Judgement { duties, ..decides }
}

fn best(a: Judgement, b: Judgement) -> Judgement {
    if (b.outcome, b.class) < (a.outcome, a.class) {
        b
    } else {
        a
    }
}

/// Judges everything in an image.
///
/// `complete` is false where something could not be read or was left out: then the verdict is undetermined at
/// best, as it is where there is nothing to judge. Subjects that are publishable get no reason, only obligations.
/// `others` are reasons that have nothing to do with licences.
pub fn judge(subjects: &[Subject<'_>], complete: bool, others: Vec<Reason>) -> Verdict {
    let mut reasons = others;
    let mut duties: BTreeMap<Duty, BTreeSet<&str>> = BTreeMap::new();
    let mut choices: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for subject in subjects {
        if let Some(license) = subject.license {
            choices.entry(license).or_default().insert(subject.name);
        }
        let judged = subject.license.and_then(judge_expression);
        for duty in judged.iter().flat_map(|judgement| &judgement.duties) {
            duties.entry(*duty).or_default().insert(subject.name);
        }
        reasons.extend(why(subject, judged));
    }
    if subjects.is_empty() && complete {
        let text = "Nothing that was found bears a licence.";
        reasons.push(undetermined("scan", None, text));
    }
    if !complete {
        let text = "Not everything was read: what was not read may refuse.";
        reasons.push(undetermined("scan", None, text));
    }
    reasons.sort_by(|a, b| {
        b.outcome
            .cmp(&a.outcome)
            .then_with(|| a.subject.cmp(&b.subject))
    });
    reasons.dedup();
    let outcome = reasons
        .first()
        .map_or(Outcome::Publishable, |worst| worst.outcome);
    let obligations = duties.into_iter();
    let obligations = obligations.map(|(duty, names)| obligation(duty, names));
    Verdict {
        outcome,
        reasons,
        obligations: obligations.collect(),
        choices: choices.into_iter().filter_map(choice).collect(),
    }
}

fn choice((license, names): (&str, BTreeSet<&str>)) -> Option<Choice> {
    Some(Choice {
        chosen: chosen(license)?,
        license: license.to_owned(),
        subjects: names.into_iter().map(str::to_owned).collect(),
    })
}

/// Obligations with what the chosen branches ask for besides: another policy than the built-in one may
/// choose another branch, and with it what goes with it.
pub fn with_choices(obligations: &[Obligation], choices: &[Choice]) -> Vec<Obligation> {
    let mut owed: BTreeMap<Duty, BTreeSet<&str>> = BTreeMap::new();
    for choice in choices {
        let judged = judge_expression(&choice.chosen);
        for duty in judged.iter().flat_map(|judgement| &judgement.duties) {
            let subjects = choice.subjects.iter().map(String::as_str);
            owed.entry(*duty).or_default().extend(subjects);
        }
    }
    let of = |duty: Duty| {
        let known = obligations.iter().find(|one| one.id == duty.id());
        let mut subjects = owed.remove(&duty).unwrap_or_default();
        subjects.extend(
            known
                .into_iter()
                .flat_map(|one| &one.subjects)
                .map(String::as_str),
        );
        (!subjects.is_empty()).then(|| obligation(duty, subjects))
    };
    Duty::ALL.into_iter().filter_map(of).collect()
}

fn obligation(duty: Duty, subjects: BTreeSet<&str>) -> Obligation {
    Obligation {
        id: duty.id().to_owned(),
        text: duty.text().to_owned(),
        subjects: subjects.into_iter().map(str::to_owned).collect(),
    }
}

/// Why a subject is not simply publishable; none where it is.
pub fn reason_of(subject: &Subject<'_>) -> Option<Reason> {
    why(subject, subject.license.and_then(judge_expression))
}

/// The same, by what its licence comes to.
fn why(subject: &Subject<'_>, judged: Option<Judgement>) -> Option<Reason> {
    let Some(license) = subject.license else {
        return Some(undetermined(subject.name, None, "No licence is known."));
    };
    match judged {
        Some(judgement) => reason(subject.name, judgement),
        None => {
            let text = "The licence is not a valid SPDX expression.";
            Some(undetermined(subject.name, Some(license), text))
        }
    }
}

fn undetermined(subject: &str, license: Option<&str>, text: &str) -> Reason {
    Reason {
        outcome: Outcome::Undetermined,
        subject: subject.to_owned(),
        license: license.map(str::to_owned),
        text: text.to_owned(),
    }
}

fn reason(subject: &str, judgement: Judgement) -> Option<Reason> {
    if judgement.outcome == Outcome::Publishable {
        return None;
    }
    Some(Reason {
        outcome: judgement.outcome,
        subject: subject.to_owned(),
        text: format!("{}: {}", judgement.license, judgement.class.sentence()),
        license: Some(judgement.license),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(license: &str) -> Outcome {
        judge(
            &[Subject {
                name: "x",
                license: Some(license),
            }],
            true,
            Vec::new(),
        )
        .outcome
    }

    #[test]
    fn outcomes_follow_spdx_logic() {
        let cases = [
            ("MIT", Outcome::Publishable),
            ("GPL-2.0-only", Outcome::Conditional),
            ("MIT OR GPL-2.0-only", Outcome::Publishable),
            ("MIT AND GPL-2.0-only", Outcome::Conditional),
            ("CC-BY-NC-4.0", Outcome::Refused),
            ("CC-BY-NC-4.0 OR MIT", Outcome::Publishable),
            (
                "(CC-BY-NC-4.0 OR GPL-3.0-only) AND MIT",
                Outcome::Conditional,
            ),
            ("LicenseRef-own", Outcome::Undetermined),
            ("LicenseRef-own OR GPL-2.0-only", Outcome::Conditional),
            ("LicenseRef-own AND CC-BY-NC-4.0", Outcome::Refused),
            (
                "GPL-2.0-only WITH Classpath-exception-2.0",
                Outcome::Conditional,
            ),
            ("LicenseRef-HPE-EULA", Outcome::Refused),
            (
                "LicenseRef-NVIDIA-CUDA-EULA AND BSD-3-Clause",
                Outcome::Undetermined,
            ),
            ("not an expression", Outcome::Undetermined),
        ];
        for (license, expected) in cases {
            assert_eq!(outcome(license), expected, "{license}");
        }
    }

    #[test]
    fn nothing_known_is_not_publishable() {
        assert_eq!(judge(&[], true, Vec::new()).outcome, Outcome::Undetermined);
    }

    #[test]
    fn the_worst_decides_and_comes_first() {
        let subjects = [
            Subject {
                name: "a",
                license: Some("MIT"),
            },
            Subject {
                name: "b",
                license: Some("GPL-2.0-or-later"),
            },
            Subject {
                name: "c",
                license: None,
            },
            Subject {
                name: "d",
                license: Some("CC-BY-NC-4.0"),
            },
        ];
        let verdict = judge(&subjects, true, Vec::new());
        assert_eq!(verdict.outcome, Outcome::Refused);
        let order: Vec<&str> = verdict.reasons.iter().map(|r| r.subject.as_str()).collect();
        assert_eq!(order, ["d", "c", "b"]);
        assert_eq!(verdict.reasons[0].license.as_deref(), Some("CC-BY-NC-4.0"));
    }

    #[test]
    fn another_branch_brings_what_it_asks_for() {
        let license = "MIT OR GPL-1.0-or-later";
        let subjects = ["p", "q"].map(|name| Subject {
            name,
            license: Some(license),
        });
        let verdict = judge(&subjects, true, Vec::new());
        let ids = |all: &[Obligation]| -> Vec<String> {
            let line = |one: &Obligation| format!("{} {}", one.id, one.subjects.join(" "));
            all.iter().map(line).collect()
        };
        assert_eq!(ids(&verdict.obligations), ["notice p q"]);
        // The same choice asks for nothing more.
        let same = with_choices(&verdict.obligations, &verdict.choices);
        assert_eq!(same, verdict.obligations);
        let other = Choice {
            license: license.to_owned(),
            chosen: "GPL-1.0-or-later".to_owned(),
            subjects: vec!["q".to_owned()],
        };
        let more = with_choices(&verdict.obligations, &[other]);
        let expected = ["notice p q", "license-text q", "source-offer q"];
        assert_eq!(ids(&more), expected);
    }

    #[test]
    fn obligations_name_their_subjects() {
        let subjects = [
            Subject {
                name: "z",
                license: Some("MIT"),
            },
            Subject {
                name: "b",
                license: Some("GPL-2.0-only OR MPL-2.0"),
            },
        ];
        let verdict = judge(&subjects, true, Vec::new());
        let duties: Vec<(&str, Vec<&str>)> = verdict
            .obligations
            .iter()
            .map(|o| {
                (
                    o.id.as_str(),
                    o.subjects.iter().map(String::as_str).collect(),
                )
            })
            .collect();
        assert_eq!(
            duties,
            [
                ("notice", vec!["b", "z"]),
                ("license-text", vec!["b"]),
                ("source-offer", vec!["b"])
            ]
        );
    }

    #[test]
    fn of_a_choice_the_branch_is_recorded() {
        let subject = |name, license| Subject {
            name,
            license: Some(license),
        };
        let subjects = [
            subject("b", "CC-BY-NC-4.0 OR MIT"),
            subject("a", "CC-BY-NC-4.0 OR MIT"),
            subject("c", "(GPL-3.0-only OR Apache-2.0) AND Zlib"),
            subject("d", "MIT AND Zlib"),
            subject("f", "MIT AND (MIT OR GPL-2.0-only)"),
            subject("e", "not an expression"),
        ];
        let verdict = judge(&subjects, true, Vec::new());
        let choices = verdict.choices.iter();
        let choices = choices.map(|one| (&*one.chosen, one.subjects.join(" ")));
        let expected = [
            ("Apache-2.0 AND Zlib", "c".to_owned()),
            ("MIT", "a b".to_owned()),
            ("MIT", "f".to_owned()),
        ];
        assert_eq!(choices.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn an_incomplete_scan_is_never_publishable() {
        let subject = [Subject {
            name: "a",
            license: Some("MIT"),
        }];
        assert_eq!(
            judge(&subject, false, Vec::new()).outcome,
            Outcome::Undetermined
        );
        assert_eq!(judge(&[], false, Vec::new()).outcome, Outcome::Undetermined);
        let refused = [Subject {
            name: "a",
            license: Some("CC-BY-NC-4.0"),
        }];
        assert_eq!(judge(&refused, false, Vec::new()).outcome, Outcome::Refused);
    }
}
