//! What a night comes to, by what changed.

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::nightly::{Nightly, Verdict};

/// What a night comes to.
pub fn verdict(report: &Nightly, is_first: bool) -> Verdict {
    let became = |verdict| {
        let mut costs = report.costs.iter();
        costs.any(|one| one.change.verdict == verdict || one.node == verdict)
    };
    let worse = !report.new.is_empty()
        || !report.regressions.is_empty()
        || report.lost.count > 0
        || report.away.iter().any(|away| away.new)
        || report.broken.iter().any(|broken| broken.new)
        || report.flapping.iter().any(|one| one.status == Status::Fail)
        || became(bench::Verdict::Slower);
    let changed = !report.fixed.is_empty()
        || !report.eased.is_empty()
        || !report.recovered.is_empty()
        || !report.kernels.is_empty()
        || !report.flapping.is_empty()
        || !report.waivers.is_empty()
        || report.still.iter().any(|item| item.first)
        || became(bench::Verdict::Faster)
        || report.joined.count + report.returned.count > 0;
    if report.at.is_none() {
        Verdict::Nothing
    } else if is_first {
        Verdict::First
    } else if worse {
        Verdict::Worse
    } else if changed {
        Verdict::Changed
    } else {
        Verdict::Unchanged
    }
}
