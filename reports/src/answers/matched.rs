//! Of `fleet match`: whether the image runs, by nodes.

use hpcctl_model::Envelope;
use hpcctl_model::matched::{Match, Matched};

use super::doctor::level;
use super::{Answer, Answers, Level};

pub(super) fn answers(report: &Envelope<Match>) -> Answers {
    let found = &report.result;
    let mut answers = Answers::about("fleet match", report);
    answers.is_closed = true;
    answers.subject = found.image.clone();
    answers.head = format!(
        "runs on {}, fails on {}, not known of {}",
        found.runs.count, found.fails.count, found.unknown.count
    );
    answers.rows.extend(found.groups.iter().map(of));
    if found.groups.is_empty() {
        answers.rows.push(Answer {
            id: "run".into(),
            state: "unknown",
            level: Level::Unknown,
            text: "no node reported".into(),
            ..Answer::default()
        });
    }
    answers
}

fn of(group: &Matched) -> Answer {
    let runtimes = group
        .runtimes
        .iter()
        .map(|one| match one.because.is_empty() {
            true => format!("{}: {}", one.runtime, one.run.as_str()),
            false => {
                let because = one.because.join(", ");
                format!("{}: {}, because {because}", one.runtime, one.run.as_str())
            }
        });
    let told = group.why.iter().cloned().chain(runtimes);
    let fixes = group.runtimes.iter();
    let fixes = fixes.filter_map(|one| Some(format!("{}: {}", one.runtime, one.fix.as_ref()?)));
    let fixes: Vec<String> = group.fix.iter().cloned().chain(fixes).collect();
    Answer {
        id: "run".into(),
        state: group.run.as_str(),
        level: level(group.run),
        text: told.collect::<Vec<_>>().join("; "),
        fix: (!fixes.is_empty()).then(|| fixes.join("; ")),
        on: Some(group.nodes.set.clone()),
        ..Answer::default()
    }
}
