//! `--baseline FILE`: only what changed since an earlier report.

use std::path::Path;

use hpcctl_host::file;
use hpcctl_model::Envelope;
use hpcctl_model::doctor::{Check, Doctor, LEFT_OUT, NOT_ASKED, Operation};

use crate::failure::Failure;

/// The most bytes of a report that are read.
const MOST: u64 = 16 << 20;

/// Reads the earlier report.
pub fn read(path: &Path) -> Result<Doctor, Failure> {
    let name = path.display();
    let text = file::read_at_most(&name.to_string(), MOST)
        .map_err(|error| Failure::unreachable(format!("cannot read {name}: {error}")))?;
    let report: Envelope<Doctor> = serde_json::from_str(&text).map_err(|error| {
        Failure::unreachable(format!("{name} is no report of doctor: {error}"))
            .hint("hpcctl doctor -o json=FILE writes one")
    })?;
    Ok(report.result)
}

/// Drops what is as it was; whether anything is left. Words and times may differ: what
/// counts is the outcome of a check and the verdict on an operation. What was left out in one
/// of the two, and what rests on it, says nothing of the node.
pub fn changes(before: &Doctor, now: &mut Doctor) -> bool {
    let was = |check: &Check| before.checks.iter().find(|known| known.id == check.id);
    let left_out: Vec<String> = before
        .checks
        .iter()
        .chain(&now.checks)
        .filter(|check| is_left_out(check))
        .map(|check| check.id.clone())
        .collect();
    now.checks.retain_mut(|check| {
        let same = left_out.contains(&check.id)
            || was(check).is_some_and(|known| known.status == check.status);
        if let (false, Some(known)) = (same, was(check)) {
            check.summary = format!(
                "{} (was {}: {})",
                check.summary,
                known.status.as_str(),
                known.summary
            );
        }
        !same
    });
    for runtime in &mut now.runtimes {
        let known = before
            .runtimes
            .iter()
            .find(|known| known.runtime == runtime.runtime);
        let same = |operation: &Operation| {
            let known =
                known.and_then(|known| known.operations.iter().find(|op| op.op == operation.op));
            let rests =
                |operation: &Operation| operation.because.iter().any(|id| left_out.contains(id));
            known.is_some_and(|known| {
                known.verdict == operation.verdict || rests(known) || rests(operation)
            })
        };
        runtime.operations.retain(|operation| !same(operation));
    }
    now.runtimes
        .retain(|runtime| !runtime.operations.is_empty());
    !(now.checks.is_empty() && now.runtimes.is_empty())
}

/// Whether a check was not made, because it was not asked for or would have taken long.
fn is_left_out(check: &Check) -> bool {
    [NOT_ASKED, LEFT_OUT].contains(&check.summary.as_str())
}

#[cfg(test)]
mod tests {
    use hpcctl_model::doctor::{Remedy, Status};

    use super::*;

    fn report(status: Status) -> Doctor {
        let check = Check {
            id: "ns.user".into(),
            status,
            summary: "seen".into(),
            evidence: Vec::new(),
            remedy: Remedy::default(),
            refs: Vec::new(),
            took_us: 1,
        };
        Doctor {
            checks: vec![check],
            runtimes: Vec::new(),
            image: None,
            caller: None,
        }
    }

    #[test]
    fn only_changes_are_left() {
        let mut same = report(Status::Pass);
        assert!(!changes(&report(Status::Pass), &mut same));
        let mut worse = report(Status::Fail);
        assert!(changes(&report(Status::Pass), &mut worse));
        assert_eq!(worse.checks[0].summary, "seen (was pass: seen)");
        let mut fast = report(Status::Skipped);
        fast.checks[0].summary = LEFT_OUT.into();
        assert!(!changes(&report(Status::Pass), &mut fast));
    }
}
