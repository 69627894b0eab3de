//! Of `doctor`: what each runtime that is there can do, then each check.

use hpcctl_model::Envelope;
use hpcctl_model::doctor::{Check, Doctor, Operation, Runtime, Status, Verdict};

use super::{Answer, Answers, Level};
use crate::fix;

pub(super) fn answers(report: &Envelope<Doctor>) -> Answers {
    let doctor = &report.result;
    let mut answers = Answers::about("doctor", report);
    answers.is_closed = true;
    answers.head = head(doctor);
    if let Some(image) = &doctor.image {
        answers.subject = format!("{} with {}", answers.subject, image.reference);
    }
    // Where none is there, what keeps each from it is what one asks for.
    let is_any = doctor.runtimes.iter().any(|one| one.installed);
    let told = doctor.runtimes.iter();
    for runtime in told.filter(|one| one.installed || !is_any) {
        let operations = runtime.operations.iter();
        answers
            .rows
            .extend(operations.map(|operation| of_runtime(doctor, runtime, operation)));
    }
    answers.rows.extend(doctor.checks.iter().map(of_check));
    answers
}

/// By which runtimes containers run.
fn head(doctor: &Doctor) -> String {
    let run = doctor.runtimes.iter().filter(|one| one.installed);
    let run = run.filter_map(|runtime| {
        let operation = runtime.operations.iter().find(|one| one.op == "run")?;
        Some(format!(
            "{} {}",
            runtime.runtime,
            operation.verdict.as_str()
        ))
    });
    let run: Vec<String> = run.collect();
    match run.is_empty() {
        true => "no runtime that was asked for is installed".into(),
        false => format!("run a container: {}", run.join(", ")),
    }
}

/// The level of a verdict.
pub(super) fn level(verdict: Verdict) -> Level {
    match verdict {
        Verdict::Yes => Level::Good,
        Verdict::Degraded => Level::Doubtful,
        Verdict::Unknown => Level::Unknown,
        Verdict::No => Level::Bad,
    }
}

/// The level of a status.
pub(super) fn level_of(status: Status) -> Level {
    match status {
        Status::Pass => Level::Good,
        Status::Skipped => Level::Skipped,
        Status::Warn => Level::Doubtful,
        Status::Unknown => Level::Unknown,
        Status::Fail => Level::Bad,
    }
}

fn of_runtime(doctor: &Doctor, runtime: &Runtime, operation: &Operation) -> Answer {
    let because = operation.because.iter().map(|id| {
        let check = doctor.checks.iter().find(|check| check.id == *id);
        check.map_or(id.clone(), |check| format!("{id}: {}", check.summary))
    });
    let fix = operation.fix.first();
    Answer {
        id: format!("{} {}", runtime.runtime, operation.op),
        state: operation.verdict.as_str(),
        level: level(operation.verdict),
        text: because.collect::<Vec<_>>().join("; "),
        fix: fix.map(|steps| fix::told(steps)),
        ..Answer::default()
    }
}

fn of_check(check: &Check) -> Answer {
    let [user, admin] = [("user", &check.remedy.user), ("admin", &check.remedy.admin)]
        .map(|(who, what)| what.as_ref().map(|what| format!("({who}) {what}")));
    let both = [user, admin].into_iter().flatten().collect::<Vec<_>>();
    let both = Some(both.join("; "));
    let level = level_of(check.status);
    Answer {
        id: check.id.clone(),
        state: check.status.as_str(),
        level,
        text: check.summary.clone(),
        fix: both.filter(|text| level.is_finding() && !text.is_empty()),
        ..Answer::default()
    }
}
