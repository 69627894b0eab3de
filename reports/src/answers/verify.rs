//! Of `verify`: what is wrong, or that nothing is.

use hpcctl_model::Envelope;
use hpcctl_model::publish::Verify;

use super::{Answer, Answers, Level};

pub(super) fn answers(report: &Envelope<Verify>) -> Answers {
    let verify = &report.result;
    let mut answers = Answers::about("verify", report);
    answers.is_closed = true;
    answers.subject = verify.reference.clone();
    let (state, level) = match verify.verified {
        true => ("verified", Level::Good),
        false => ("not verified", Level::Bad),
    };
    answers.head = format!("{state}: {}", verify.digest);
    answers.rows.push(Answer {
        id: "decision".into(),
        state,
        level,
        text: match verify.problems.is_empty() {
            true => "a good decision about this digest is signed by the key".into(),
            false => verify.problems.join(" "),
        },
        ..Answer::default()
    });
    let others = verify.decisions.iter();
    answers.rows.extend(others.flat_map(|one| {
        one.problems.iter().map(|problem| Answer {
            id: "statement".into(),
            state: "not counted",
            level: Level::Doubtful,
            text: problem.clone(),
            on: Some(one.manifest.clone()),
            ..Answer::default()
        })
    }));
    answers
}
