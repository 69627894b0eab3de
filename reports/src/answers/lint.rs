//! Of `doctor lint`: what becomes of each directive.

use hpcctl_model::Envelope;
use hpcctl_model::lint::{Lint, LintFinding, Lints, Outcome};

use super::{Answer, Answers, Level};

pub(super) fn answers(report: &Envelope<Lints>) -> Answers {
    let mut answers = Answers::about("doctor lint", report);
    let files: Vec<&str> = report.result.files.iter().map(|it| &*it.path).collect();
    answers.subject = files.join(", ");
    for file in &report.result.files {
        let rows = file.findings.iter().map(|finding| of(file, finding));
        answers.rows.extend(rows);
    }
    answers.head = answers.counts();
    answers
}

fn of(file: &Lint, finding: &LintFinding) -> Answer {
    let builders = match finding.builders.as_slice() {
        [] => String::new(),
        some => format!(" ({})", some.join(", ")),
    };
    Answer {
        id: finding.directive.clone(),
        state: finding.outcome.as_str(),
        level: match finding.outcome {
            Outcome::Works => Level::Good,
            Outcome::Unknown => Level::Unknown,
            _ => Level::Bad,
        },
        text: format!("{}{builders}", finding.why),
        fix: finding.instead.clone(),
        on: Some(file.path.clone()),
        is_file: true,
        line: Some(finding.line),
        value: None,
    }
}
