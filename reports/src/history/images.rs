//! What is kept of an image: from the JSON of scan and of gate.

use hpcctl_model::Envelope;
use hpcctl_model::doctor::Status;
use hpcctl_model::gate::{Finding, Gate, Outcome, RuleResult};
use hpcctl_model::history::{Found, Part, Record, Said, Waiver};
use hpcctl_model::scan::{self, Scan};

use super::observed::{empty, found, short, unknowns};
use crate::terminal::in_words;
use crate::trend::rank;

/// The most parts of a finding that are kept.
const PARTS: usize = 32;

/// The longest text of a part that is kept.
const PART: usize = 160;

pub(super) fn scanned(report: &Envelope<Scan>) -> Record {
    let mut record = empty("scan", &report.finished_at);
    let verdict = &report.result.verdict;
    let status = of_verdict(verdict.outcome);
    let text = verdict.reasons.first().map_or("", |one| &one.text);
    let text = format!("{}: {text}", verdict.outcome.as_str());
    let reasons = verdict.reasons.iter().map(|one| Part {
        status: of_verdict(one.outcome),
        text: in_words(&format!("{}: {}", one.subject, one.text), PART).into_owned(),
        fix: None,
    });
    let all = (status != Status::Pass).then(|| {
        let (parts, count) = most(reasons.collect());
        Found {
            parts,
            count,
            ..found("scan.verdict".into(), status, &text, None)
        }
    });
    record.said.push(of_image(
        &report.result.image.reference,
        all.into_iter().collect(),
    ));
    record.not_checked.extend(unknowns(&report.unknowns));
    record
}

pub(super) fn decided(report: &Envelope<Gate>) -> Record {
    let mut record = empty("gate", &report.finished_at);
    let rules = report.result.decision.rules.iter();
    let refused = rules.filter_map(|rule| {
        let status = of_rule(rule.outcome)?;
        let fix = rule.findings.first().map(|one| one.remedy.as_str());
        let (parts, count) = parts(rule);
        Some(Found {
            parts,
            count,
            ..found(rule.id.clone(), status, &rule.summary, fix)
        })
    });
    record.said.push(of_image(
        &report.result.subject.reference,
        refused.collect(),
    ));
    let waivers = report.result.waivers.iter();
    record.waivers = waivers
        .map(|waiver| Waiver {
            id: waiver.id.clone(),
            owner: waiver.owner.clone(),
            expires: waiver.expires.clone(),
        })
        .collect();
    record.not_checked.extend(unknowns(&report.unknowns));
    record
}

/// The findings of a rule of gate that count against the image, as they are kept, and how many there are:
/// what is waived, or only warned of, does not count.
pub fn parts(rule: &RuleResult) -> (Vec<Part>, u64) {
    if rule.outcome == Outcome::Allow {
        return (Vec::new(), 0);
    }
    let of = |finding: &Finding| {
        let outcome = finding.level.outcome();
        let outcome = match rule.outcome {
            Outcome::Incomplete => rule.outcome,
            _ => outcome,
        };
        Some(Part {
            status: of_rule(outcome)?,
            text: in_words(&finding.text, PART).into_owned(),
            fix: (!finding.remedy.is_empty()).then(|| short(&finding.remedy)),
        })
    };
    let counting = rule.findings.iter().filter(|one| one.waived_by.is_none());
    let parts: Vec<Part> = counting.filter_map(of).collect();
    if !parts.is_empty() {
        return most(parts);
    }
    // Of one that names no finding its summary is all that is known: how many there are, or what it says.
    let number = rule.summary.split(' ').next();
    if let Some(count) = number.and_then(|number| number.parse().ok()) {
        return (Vec::new(), count);
    }
    let summary = Part {
        status: of_rule(rule.outcome).unwrap_or(Status::Fail),
        text: in_words(&rule.summary, PART).into_owned(),
        fix: None,
    };
    most(vec![summary])
}

/// The parts that are kept, the worst first, and how many there are.
fn most(mut parts: Vec<Part>) -> (Vec<Part>, u64) {
    let count = parts.len() as u64;
    parts.sort_by_cached_key(rank);
    parts.truncate(PARTS);
    (parts, count)
}

fn of_image(reference: &str, found: Vec<Found>) -> Said {
    Said {
        on: reference.into(),
        image: true,
        found,
        whole: true,
        ..Said::default()
    }
}

fn of_verdict(outcome: scan::Outcome) -> Status {
    match outcome {
        scan::Outcome::Publishable => Status::Pass,
        scan::Outcome::Conditional => Status::Warn,
        scan::Outcome::Undetermined => Status::Unknown,
        scan::Outcome::Refused => Status::Fail,
    }
}

/// What a rule that does not allow the image comes to.
fn of_rule(outcome: Outcome) -> Option<Status> {
    match outcome {
        Outcome::Deny => Some(Status::Fail),
        Outcome::Incomplete => Some(Status::Unknown),
        Outcome::Review => Some(Status::Warn),
        Outcome::Allow => None,
    }
}

#[cfg(test)]
mod tests {
    use hpcctl_model::gate::Level;

    use super::*;

    fn finding(text: &str, level: Level, waived: bool) -> Finding {
        Finding {
            id: "0".into(),
            level,
            text: text.into(),
            layer: None,
            created_by: None,
            path: None,
            deleted: false,
            package: None,
            license: None,
            offending_license: None,
            sha256: None,
            policy: "built-in:1".into(),
            remedy: "Take it out.".into(),
            waived_by: waived.then(|| "W-1".into()),
        }
    }

    fn rule(outcome: Outcome, findings: Vec<Finding>) -> RuleResult {
        RuleResult {
            id: "license.terms".into(),
            title: "t".into(),
            outcome,
            summary: "s".into(),
            findings,
            waived_by: Vec::new(),
        }
    }

    #[test]
    fn what_counts_against_an_image_is_kept_the_worst_first() {
        let mut findings = vec![
            finding("a review", Level::Review, false),
            finding("waived", Level::Deny, true),
            finding("a warning", Level::Warn, false),
        ];
        findings.extend((0..40).map(|n| finding(&format!("f{n:02}"), Level::Deny, false)));
        let (kept, count) = parts(&rule(Outcome::Deny, findings));
        assert_eq!((kept.len(), count), (PARTS, 41));
        let texts: Vec<&str> = kept[..2].iter().map(|one| one.text.as_str()).collect();
        assert_eq!(texts, ["f00", "f01"]);
        assert!(kept.iter().all(|one| one.status == Status::Fail));
        assert_eq!(kept[0].fix.as_deref(), Some("Take it out."));
        // What could not be read is not known; of a rule without findings its summary is.
        let unread = vec![finding("/x could not be read", Level::Deny, false)];
        let (kept, _) = parts(&rule(Outcome::Incomplete, unread));
        assert_eq!(kept[0].status, Status::Unknown);
        let (kept, count) = parts(&rule(Outcome::Deny, Vec::new()));
        assert_eq!((kept[0].text.as_str(), count), ("s", 1));
        let counted = RuleResult {
            summary: "5 findings".into(),
            ..rule(Outcome::Deny, Vec::new())
        };
        assert_eq!(parts(&counted), (Vec::new(), 5));
        let allowed = vec![finding("a warning", Level::Warn, false)];
        assert_eq!(parts(&rule(Outcome::Allow, allowed)), (Vec::new(), 0));
    }
}
