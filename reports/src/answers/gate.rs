//! Of `gate`: what each rule found.

use hpcctl_model::Envelope;
use hpcctl_model::gate::{Finding, Gate, Level as Severity, Outcome, RuleResult};

use super::{Answer, Answers, Level};

pub(super) fn answers(report: &Envelope<Gate>) -> Answers {
    let gate = &report.result;
    let mut answers = Answers::about("gate", report);
    answers.is_closed = true;
    answers.subject = gate.subject.reference.clone();
    let to = gate.destination.name.as_deref().unwrap_or("no destination");
    answers.head = format!("{}, to {to}", gate.decision.outcome.as_str());
    for rule in &gate.decision.rules {
        answers.rows.push(of_rule(rule));
        answers
            .rows
            .extend(rule.findings.iter().map(|finding| of(rule, finding)));
    }
    answers
}

fn of_rule(rule: &RuleResult) -> Answer {
    Answer {
        id: rule.id.clone(),
        state: rule.outcome.as_str(),
        level: match rule.outcome {
            Outcome::Allow => Level::Good,
            Outcome::Review => Level::Doubtful,
            Outcome::Incomplete => Level::Unknown,
            Outcome::Deny => Level::Bad,
        },
        text: rule.summary.clone(),
        ..Answer::default()
    }
}

fn of(rule: &RuleResult, finding: &Finding) -> Answer {
    let level = match finding.level {
        _ if finding.waived_by.is_some() => Level::Skipped,
        Severity::Allow => Level::Good,
        Severity::Warn | Severity::Review => Level::Doubtful,
        Severity::Deny => Level::Bad,
    };
    let on = finding.path.as_ref().or(finding.package.as_ref());
    Answer {
        id: rule.id.clone(),
        state: finding.level.as_str(),
        level,
        text: finding.text.clone(),
        fix: Some(finding.remedy.clone()).filter(|_| level.is_finding()),
        on: on.cloned(),
        is_file: finding.path.is_some(),
        ..Answer::default()
    }
}
