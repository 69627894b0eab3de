//! `nhc`: one line for node health checks, the id of the check first.
//!
//! What fails comes before what is not known; the exit status of the command decides whether
//! the node is healthy, the line says why.

use std::io::Write;

use hpcctl_model::doctor::{Check, Doctor, Operation, Runtime, Status, Verdict};

use crate::history::is_left_out;
use crate::report::{Error, Kind, Options, Report};
use crate::runtime::{BUILTIN, is_of_one, none};
use crate::terminal::{counted, some, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "nhc",
    versions: &[],
    kinds: &[Kind::Doctor],
    write,
};

/// The most characters of a line: reasons of drained nodes are cut by schedulers.
const MOST: usize = 200;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let line: String = line(&report.doctor()?.result).chars().take(MOST).collect();
    Ok(writeln!(out, "{}", visible(&line))?)
}

/// The worst that is to be told: an operation that does not work, or where none is judged a check
/// that fails.
fn line(found: &Doctor) -> String {
    if found.runtimes.is_empty() {
        return of_checks(&found.checks);
    }
    let check = |id: &str| found.checks.iter().find(|check| check.id == id);
    if let Some((runtime, operation)) = decided(found, Verdict::No) {
        let what = format!("{} cannot {}", runtime.runtime, action(operation));
        let Some(because) = operation.because.first() else {
            return format!("{what}: it does not offer that");
        };
        let why = check(because).map_or("", |check| check.summary.as_str());
        return format!("{because}: {what}: {why}");
    }
    if let Some((runtime, operation)) = decided(found, Verdict::Unknown) {
        let what = format!("whether {} can {}", runtime.runtime, action(operation));
        return match operation.because.first() {
            Some(because) => format!("{because}: not known {what}"),
            None => format!("not known {what}"),
        };
    }
    let works = found.runtimes.iter().flat_map(|runtime| {
        let of = |operation: &Operation| format!("{} {}", runtime.runtime, operation.op);
        runtime.operations.iter().map(of)
    });
    let works = works.collect::<Vec<_>>().join(", ");
    // The builtin one is none for users. Where it was asked for, no other was looked for, and
    // no check of one is among what decides.
    let is_none = found.runtimes.iter().all(|one| one.runtime == BUILTIN);
    let looked: Vec<&Check> = found.checks.iter().filter(|it| is_of_one(&it.id)).collect();
    if is_none && !works.is_empty() && !looked.is_empty() {
        let why = match looked.iter().find(|check| check.status == Status::Fail) {
            Some(check) => format!("{}: {}", check.id, check.summary),
            None => none(looked.iter().any(|check| is_left_out(check))).into(),
        };
        return format!("not known: {why}; {works}");
    }
    // A check that fails and stops none of them is no reason.
    let failed = found.checks.iter().filter(|it| it.status == Status::Fail);
    let failed: Vec<&str> = failed.map(|check| check.id.as_str()).collect();
    match failed.as_slice() {
        [] => format!("ok: {works}"),
        ids => format!(
            "ok: {works}; checks that stop none: {}",
            some(ids.iter().copied(), 5)
        ),
    }
}

/// The first operation with this verdict.
fn decided(found: &Doctor, verdict: Verdict) -> Option<(&Runtime, &Operation)> {
    let mut operations = found.runtimes.iter().flat_map(|runtime| {
        let operations = runtime.operations.iter();
        operations.map(move |operation| (runtime, operation))
    });
    operations.find(|(_, operation)| operation.verdict == verdict)
}

/// What an operation is after `cannot`.
fn action(operation: &Operation) -> String {
    match operation.op.as_str() {
        verb @ ("run" | "pull" | "build" | "launch") => verb.to_owned(),
        name => format!("do {name}"),
    }
}

fn of_checks(checks: &[Check]) -> String {
    let with = |status| checks.iter().filter(move |check| check.status == status);
    let mut failed = with(Status::Fail);
    if let Some(first) = failed.next() {
        return match failed.count() {
            0 => format!("{}: {}", first.id, first.summary),
            more => format!("{}: {} (and {more} more)", first.id, first.summary),
        };
    }
    if let Some(first) = with(Status::Unknown).next() {
        return format!("{}: not known: {}", first.id, first.summary);
    }
    let made = checks.len() - with(Status::Skipped).count();
    format!("ok: {}, none fails", counted(made, "check"))
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::NOT_ASKED;

    use super::*;
    use crate::writer::doctor_table::tests::report;

    /// A report with nothing but these operations of podman, as the first operation there is.
    fn with(operations: &[(&str, Verdict, Option<&str>)]) -> Doctor {
        let mut found = report().result;
        found.runtimes.truncate(1);
        let runtime = &mut found.runtimes[0];
        runtime.runtime = "podman".into();
        let sample = runtime.operations[0].clone();
        let of = |&(op, verdict, because): &(&str, Verdict, Option<&str>)| Operation {
            op: op.into(),
            verdict,
            because: because.iter().map(|id| (*id).to_owned()).collect(),
            ..sample.clone()
        };
        runtime.operations = operations.iter().map(of).collect();
        found
    }

    #[test]
    fn what_fails_and_stops_nothing_is_no_reason() {
        let line = line(&with(&[("run", Verdict::Yes, None)]));
        assert!(
            line.starts_with("ok: podman run; checks that stop none: "),
            "{line}"
        );
    }

    #[test]
    fn a_node_without_a_runtime_is_not_known_to_be_well() {
        let mut found = with(&[("run", Verdict::Yes, None)]);
        found.runtimes[0].runtime = BUILTIN.into();
        let podman = Check {
            id: "runtime.podman.installed".into(),
            status: Status::Skipped,
            ..found.checks[0].clone()
        };
        // Where the builtin one was asked for, no other was looked for.
        found
            .checks
            .retain(|check| !check.id.starts_with("runtime."));
        assert!(line(&found).starts_with("ok: builtin run"));
        found.checks.push(podman.clone());
        assert_eq!(
            line(&found),
            "not known: no runtime of containers is installed; builtin run"
        );
        found.checks.push(Check {
            id: "runtime.sarus.installed".into(),
            summary: NOT_ASKED.into(),
            ..podman
        });
        assert_eq!(
            line(&found),
            "not known: none of the runtimes that were looked for is installed; builtin run"
        );
    }

    #[test]
    fn the_operation_that_does_not_work_is_told_whichever_it_is() {
        let run = ("run", Verdict::Yes, None);
        let line_of = |other| line(&with(&[run, other]));
        let told = line_of(("gpu", Verdict::No, Some("gpu.driver")));
        assert!(
            told.starts_with("gpu.driver: podman cannot do gpu"),
            "{told}"
        );
        let told = line_of(("gpu", Verdict::No, None));
        assert_eq!(told, "podman cannot do gpu: it does not offer that");
        let told = line_of(("build", Verdict::Unknown, Some("uid.subid")));
        assert_eq!(told, "uid.subid: not known whether podman can build");
    }

    #[test]
    fn the_id_of_a_check_comes_first() {
        let mut found = report().result;
        found.runtimes.clear();
        let first = found.checks.iter().find(|it| it.status == Status::Fail);
        let id = first.unwrap().id.clone();
        assert!(line(&found).starts_with(&format!("{id}: ")));
        found.checks.retain(|check| check.status != Status::Fail);
        assert!(line(&found).starts_with("ok: "));
        let open = &mut found.checks[0];
        open.status = Status::Unknown;
        let id = open.id.clone();
        assert!(line(&found).starts_with(&format!("{id}: not known: ")));
    }
}
