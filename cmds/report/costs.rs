//! Two reports of bench held against one another: by the bands that their pairs give.

use hpcctl_model::Envelope;
use hpcctl_model::bench::{Bench, Better, Change, Verdict};
use hpcctl_model::nightly::{Cost, Nightly, NotChecked};
use hpcctl_reports::trend::verdict;

use crate::failure::Failure;

/// Puts in what became of every figure that both reports have.
pub fn judge(report: &mut Nightly, then: &[u8], now: &[u8]) -> Result<(), Failure> {
    let parsed = |bytes: &[u8]| -> Result<(String, Bench), Failure> {
        let report: Envelope<Bench> = serde_json::from_slice(bytes)
            .map_err(|error| Failure::unreachable(format!("cannot compare: {error}")))?;
        Ok((report.host.name, report.result))
    };
    let ((before, then), (after, now)) = (parsed(then)?, parsed(now)?);
    let margin = now.plan.margin.max(then.plan.margin);
    let changes = hpcctl_bench::since(&now, &then, margin);
    let costs = changes.into_iter().map(|change| Cost {
        node: of_node(&change, &now, margin),
        change,
    });
    report.costs = costs.collect();
    // That two nights are no trend needs no telling.
    report.not_checked.clear();
    let doubtful = report.costs.iter().map(|cost| &cost.change);
    let doubtful = doubtful.filter(|one| one.verdict == Verdict::Inconclusive);
    let doubtful = doubtful.map(|one| {
        let why = format!(
            "these pairs cannot tell: {:.3} of what it was, 90 % band {:.3} to {:.3}",
            one.ratio.estimate, one.ratio.ci_low, one.ratio.ci_high
        );
        NotChecked::of(&one.metric, why)
    });
    let alone = now.comparisons.iter().filter(|one| {
        let mut changes = report.costs.iter();
        !changes.any(|cost| cost.change.metric == one.metric)
    });
    let alone =
        alone.map(|one| NotChecked::of(&one.metric, "the report of before has no such figure"));
    let other = (before != after).then(|| {
        let why = format!("one report is of {before}, the other of {after}");
        NotChecked::of("whether the node changed", why)
    });
    let unlike = hpcctl_bench::unlike(&now.plan, &then.plan).into_iter();
    let unlike = unlike.map(|why| NotChecked::of("whether the same was measured", why));
    let others = other.into_iter().chain(unlike);
    report.not_checked = others.chain(doubtful).chain(alone).collect();
    report.verdict = verdict(report, false);
    Ok(())
}

/// What became of the node itself, by the band of outside.
fn of_node(change: &Change, now: &Bench, margin: f64) -> Verdict {
    let mut figures = now.comparisons.iter();
    let better = figures
        .find(|one| one.metric == change.metric)
        .map(|one| one.better);
    let (low, high) = (change.outside.ci_low, change.outside.ci_high);
    // How much longer it takes.
    let (low, high) = match better {
        Some(Better::More) => (1.0 / high, 1.0 / low),
        _ => (low, high),
    };
    if low > 1.0 + margin {
        Verdict::Slower
    } else if high < 1.0 / (1.0 + margin) {
        Verdict::Faster
    } else if low > 1.0 / (1.0 + margin) && high < 1.0 + margin {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    }
}
