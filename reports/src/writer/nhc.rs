//! `nhc`: one line for node health checks, the id of the check first.
//!
//! What fails comes before what is not known; the exit status of the command decides whether
//! the node is healthy, the line says why.

use std::io::Write;

use hpcctl_model::doctor::{Check, Doctor, Operation, Status, Verdict};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{some, visible};
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

/// The worst that is to be told: an installed runtime that cannot run, else a failed check.
fn line(found: &Doctor) -> String {
    let failed: Vec<&Check> = found
        .checks
        .iter()
        .filter(|check| check.status == Status::Fail)
        .collect();
    if let Some((runtime, because)) = decided(found, Verdict::No) {
        let check = found.checks.iter().find(|check| check.id == because);
        let why = check.map_or("", |check| check.summary.as_str());
        return format!("{because}: {runtime} cannot run: {why}");
    }
    if let Some((runtime, because)) = decided(found, Verdict::Unknown) {
        return format!("{because}: not known whether {runtime} can run");
    }
    // Where an operation was judged, a check that fails and stops none of them is no reason.
    let judged = found.runtimes.iter().any(|runtime| runtime.installed);
    match failed.as_slice() {
        failed if judged && !failed.is_empty() => {
            let ids = failed.iter().map(|check| check.id.as_str());
            format!(
                "ok: containers run here; checks that stop none: {}",
                some(ids, 5)
            )
        }
        [] => format!("ok: {} checks, none fails", found.checks.len()),
        [one] => format!("{}: {}", one.id, one.summary),
        [first, rest @ ..] => format!("{}: {} (and {} more)", first.id, first.summary, rest.len()),
    }
}

/// The first runtime that is installed and of which this verdict is given on running a
/// container, and the check that decided.
fn decided(found: &Doctor, verdict: Verdict) -> Option<(&str, &str)> {
    let runtimes = found.runtimes.iter().filter(|runtime| runtime.installed);
    let mut decided = runtimes.filter_map(|runtime| {
        let is_so = |op: &&Operation| op.op == "run" && op.verdict == verdict;
        let run = runtime.operations.iter().find(is_so)?;
        Some((runtime.runtime.as_str(), run.because.first()?.as_str()))
    });
    decided.next()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::doctor_table::tests::report;

    #[test]
    fn what_fails_and_stops_nothing_is_no_reason() {
        let mut report = report();
        for runtime in &mut report.result.runtimes {
            runtime.operations.clear();
        }
        let line = line(&report.result);
        assert!(
            line.starts_with("ok: ") && line.contains("checks that stop none"),
            "{line}"
        );
    }

    #[test]
    fn the_id_comes_first() {
        let mut report = report();
        report.result.runtimes.clear();
        let first = report
            .result
            .checks
            .iter()
            .find(|check| check.status == Status::Fail);
        let id = first.unwrap().id.clone();
        assert!(line(&report.result).starts_with(&format!("{id}: ")));
        report
            .result
            .checks
            .retain(|check| check.status != Status::Fail);
        assert!(line(&report.result).starts_with("ok: "));
    }
}
