//! Of `bench`: what each measurement comes to, with its ratio.

use hpcctl_model::Envelope;
use hpcctl_model::bench::{Bench, Comparison, Verdict, counts};

use super::{Answer, Answers, Level};
use crate::writer::bench_table::{band, inside, title, with_unit};

pub(super) fn answers(report: &Envelope<Bench>) -> Answers {
    let bench = &report.result;
    let mut answers = Answers::about("bench", report);
    answers.is_closed = true;
    answers.subject = format!("{} on {}", inside(bench), answers.subject);
    answers.head = title(bench);
    answers
        .rows
        .extend(bench.comparisons.iter().map(|one| of(bench, one)));
    answers
}

fn of(bench: &Bench, one: &Comparison) -> Answer {
    let why = bench.why.iter().find(|why| why.metric == one.metric);
    let doubts = match one.doubts.as_slice() {
        [] => String::new(),
        some => format!("; {}", some.join("; ")),
    };
    let [outside, within] =
        [&one.outside, &one.inside].map(|side| with_unit(side.median, &one.unit));
    Answer {
        id: one.metric.clone(),
        state: one.verdict.as_str(),
        level: match one.verdict {
            Verdict::Slower if counts(&one.metric) => Level::Bad,
            Verdict::Slower => Level::Doubtful,
            Verdict::Inconclusive => Level::Unknown,
            Verdict::Equivalent | Verdict::Faster => Level::Good,
        },
        text: format!(
            "{within} inside, {outside} outside: {:.3} ({}){doubts}",
            one.ratio.estimate,
            band(one.ratio)
        ),
        fix: why.and_then(|why| why.fix.clone()),
        value: Some(one.ratio.estimate),
        ..Answer::default()
    }
}
