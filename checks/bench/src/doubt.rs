//! What makes the figures of one measurement doubtful, in plain words; pure.

use hpcctl_model::bench::{Comparison, Sample, Verdict};

use crate::statistics::order;

/// The doubts about a comparison; `preempted` is how often the processor was taken away.
pub(crate) fn doubts(comparison: &Comparison, margin: f64, preempted: u64) -> Vec<String> {
    let mut doubts = Vec::new();
    let samples = &comparison.samples;
    let per_cent = |share: f64| format!("{:.1} %", share * 100.0);
    if let Some(null) = comparison.null
        && (null.ci_low > 1.0 + margin || null.ci_high < 1.0 / (1.0 + margin))
    {
        let by = per_cent((null.estimate - 1.0).abs());
        doubts.push(format!("outside differs from itself by {by}"));
    }
    let detectable = comparison.detectable;
    if !detectable.reached {
        doubts.push(format!(
            "a slow-down below {} may be missed; {} was expected",
            per_cent(detectable.found),
            per_cent(detectable.stated)
        ));
    } else if comparison.verdict == Verdict::Inconclusive {
        let found = per_cent(detectable.found);
        doubts.push(format!("a slow-down below {found} may be missed"));
    }
    let side = |pick: fn(&Sample) -> f64| samples.iter().map(pick).collect::<Vec<f64>>();
    let (outside, inside) = (side(|s| s.outside), side(|s| s.inside));
    let (tau, drifts) = order::drift(&outside);
    if drifts {
        let way = if tau > 0.0 { "rose" } else { "fell" };
        doubts.push(format!("the figures outside {way} during the run"));
    }
    let far = order::outliers(&outside) + order::outliers(&inside);
    if far * 10 > 2 * samples.len() {
        doubts.push(format!(
            "{far} of {} figures lie far off",
            2 * samples.len()
        ));
    }
    // More than one loss of the processor a figure: something else runs there.
    if preempted > 4 * samples.len() as u64 {
        let each = preempted as f64 / (2 * samples.len()) as f64;
        doubts.push(format!(
            "the processor was taken away {each:.0} times a figure"
        ));
    }
    doubts
}
