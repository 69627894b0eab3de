//! Of `scan`: the reasons of its verdict, and what must be done.

use hpcctl_model::Envelope;
use hpcctl_model::scan::{Outcome, Scan};

use super::{Answer, Answers, Level, names};
use crate::writer::scan_table::says;

pub(super) fn answers(report: &Envelope<Scan>) -> Answers {
    let scan = &report.result;
    let mut answers = Answers::about("scan", report);
    answers.subject = scan.image.reference.clone();
    answers.head = says(scan);
    answers.rows.push(Answer {
        id: "verdict".into(),
        state: scan.verdict.outcome.as_str(),
        level: level(scan.verdict.outcome),
        text: answers.head.clone(),
        ..Answer::default()
    });
    answers
        .rows
        .extend(scan.verdict.reasons.iter().map(|reason| Answer {
            id: reason.license.clone().unwrap_or_else(|| "reason".into()),
            state: reason.outcome.as_str(),
            level: level(reason.outcome),
            text: reason.text.clone(),
            on: Some(reason.subject.clone()),
            is_file: reason.subject.starts_with('/'),
            ..Answer::default()
        }));
    let obligations = scan.verdict.obligations.iter();
    answers.rows.extend(obligations.map(|one| Answer {
        id: one.id.clone(),
        state: "to do",
        level: Level::Doubtful,
        text: one.text.clone(),
        on: names(&one.subjects),
        ..Answer::default()
    }));
    answers
}

fn level(outcome: Outcome) -> Level {
    match outcome {
        Outcome::Publishable => Level::Good,
        Outcome::Conditional => Level::Doubtful,
        Outcome::Undetermined => Level::Unknown,
        Outcome::Refused => Level::Bad,
    }
}
