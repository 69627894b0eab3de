//! From the pairs of one or more measurements to their verdicts.
//!
//! Equivalent is shown, not concluded from a difference that was not found: the 90 % interval
//! of the ratio lies within the margin (two one-sided tests of 5 %; Schuirmann, Journal of
//! Pharmacokinetics and Biopharmaceutics 15, 1987). Slower and faster need an interval that lies
//! beyond the margin, and a difference that is none by chance, after Holm's correction for the
//! number of measurements: a run says in at most one of a hundred cases that something
//! differs where nothing does, and calls what is just at the margin equivalent in at most one of
//! twenty. The pairs of two runs are judged by the same rule.

use hpcctl_model::bench::Verdict;

use super::order::robust_deviation;
use super::rank::{self, Shift};

/// The chance of calling something different in a whole run where nothing is: less than what is
/// promised, one in a hundred, so that a thousand runs keep the promise, too.
const DIFFERENT: f64 = 0.008;

/// The chance of calling something equivalent, or beyond the margin, that is at it.
pub const EQUIVALENT: f64 = 0.05;

/// The power at which an effect counts as detectable.
const POWER: f64 = 0.95;

/// The tests of whether pairs differ, each of which may find it.
const TESTS: f64 = 2.0;

/// How well the centre of symmetric noise is known by ranks, against the mean.
const RANKS_COST: f64 = 1.0233;

/// The largest cost that is looked at, and how often what lies below is halved.
const MOST: f64 = 10.0;
const HALVINGS: u32 = 16;

/// What is asked of the pairs.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The cost that does not matter, such as 0.02.
    pub margin: f64,
    /// How many measurements are judged together.
    pub together: usize,
}

/// What the pairs of one measurement say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// The logarithm of the ratio of costs, inside by outside.
    pub shift: Shift,
    /// The verdict.
    pub verdict: Verdict,
    /// The smallest cost, as a share, that would be called slower in nineteen of twenty runs.
    pub detectable: f64,
}

/// Judges measurements together; each is a list of logarithms of the ratio of costs, a pair each.
pub fn judge(measurements: &[Vec<f64>], margin: f64) -> Vec<Judged> {
    let rule = Rule {
        margin,
        together: measurements.len(),
    };
    let edge = margin.ln_1p();
    let chance: Vec<f64> = measurements.iter().map(|pairs| chance(pairs)).collect();
    let judged = measurements.iter().zip(holm(&chance));
    let judged = judged.map(|(pairs, differs)| {
        let shift = rank::shift(pairs, EQUIVALENT);
        Judged {
            shift,
            verdict: verdict(shift, differs, edge),
            detectable: found(pairs, shift, rule),
        }
    });
    judged.collect()
}

/// Judges what two runs found of measurements together: the pairs of now, and those of then.
pub fn judge_between(runs: &[(Vec<f64>, Vec<f64>)], margin: f64) -> Vec<(Shift, Verdict)> {
    let edge = margin.ln_1p();
    let chance = runs
        .iter()
        .map(|(now, then)| rank::chance_between(now, then));
    let differs = holm(&chance.collect::<Vec<f64>>());
    let judged = runs.iter().zip(differs).map(|((now, then), differs)| {
        let shift = rank::between(now, then, EQUIVALENT);
        (shift, verdict(shift, differs, edge))
    });
    judged.collect()
}

/// The smallest cost that pairs like these are called slower at: what their deviation lets expect, or more where
/// some of them are so far off that neither test would reject.
fn found(pairs: &[f64], shift: Shift, rule: Rule) -> f64 {
    let level = DIFFERENT / rule.together.max(1) as f64;
    let is_told = |cost: f64| {
        let moved = pairs.iter().map(|it| it - shift.estimate + cost.ln_1p());
        chance(&moved.collect::<Vec<f64>>()) <= level
    };
    let mut low = detectable(deviation(pairs, shift), pairs.len(), rule);
    if is_told(low) {
        return low;
    }
    let mut high = low.max(MOST);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if is_told(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    high
}

/// The deviation of pairs: that of their middle, or what their interval says, which spikes have made wider.
pub fn deviation(pairs: &[f64], shift: Shift) -> f64 {
    let middle = robust_deviation(pairs);
    let half = (shift.high - shift.low) / 2.0;
    if !half.is_finite() {
        return middle;
    }
    let error = half / rank::normal_quantile(1.0 - EQUIVALENT);
    middle.max(error * (pairs.len() as f64).sqrt() / RANKS_COST)
}

/// What an interval says, and whether the difference is none by chance.
fn verdict(shift: Shift, differs: bool, edge: f64) -> Verdict {
    if differs && shift.low > edge {
        Verdict::Slower
    } else if differs && shift.high < -edge {
        Verdict::Faster
    } else if shift.low > -edge && shift.high < edge {
        Verdict::Equivalent
    } else {
        Verdict::Inconclusive
    }
}

/// How likely such pairs, or ones that differ more, would be by chance: by their ranks, which tell most where the node is quiet,
/// or by their signs. On a busy node a pair or two are far off on the wrong side, and have the highest ranks.
fn chance(pairs: &[f64]) -> f64 {
    let turned: Vec<f64> = pairs.iter().map(|value| -value).collect();
    let by_rank = 2.0 * rank::above(pairs, 0.0).min(rank::above(&turned, 0.0));
    (TESTS * by_rank.min(rank::one_signed(pairs))).min(1.0)
}

/// Which of the hypotheses are rejected (Holm, Scandinavian Journal of Statistics 6, 1979).
fn holm(likely: &[f64]) -> Vec<bool> {
    let mut order: Vec<usize> = (0..likely.len()).collect();
    order.sort_unstable_by(|a, b| likely[*a].total_cmp(&likely[*b]));
    let mut rejected = vec![false; likely.len()];
    for (place, index) in order.iter().enumerate() {
        if likely[*index] > DIFFERENT / (likely.len() - place) as f64 {
            break;
        }
        rejected[*index] = true;
    }
    rejected
}

/// The smallest cost that would be called slower in nineteen of twenty runs, were the deviation of
/// the logarithms of the ratios as given: a share, such as 0.031.
pub fn detectable(deviation: f64, pairs: usize, rule: Rule) -> f64 {
    let level = DIFFERENT / 2.0 / TESTS / rule.together.max(1) as f64;
    let error = RANKS_COST * deviation / (pairs.max(1) as f64).sqrt();
    let reach =
        |level: f64| error * (rank::normal_quantile(1.0 - level) + rank::normal_quantile(POWER));
    reach(level)
        .max(rule.margin.ln_1p() + reach(EQUIVALENT))
        .exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(center: f64, spread: f64, count: usize) -> Vec<f64> {
        (0..count)
            .map(|n| center + spread * ((n * 7 % count) as f64 / count as f64 - 0.5))
            .collect()
    }

    fn said(pairs: Vec<f64>) -> Verdict {
        judge(&[pairs], 0.02)[0].verdict
    }

    #[test]
    fn each_verdict_has_its_pairs() {
        assert_eq!(said(around(0.001, 0.02, 20)), Verdict::Equivalent);
        assert_eq!(said(around(0.05, 0.02, 20)), Verdict::Slower);
        assert_eq!(said(around(-0.05, 0.02, 20)), Verdict::Faster);
        assert_eq!(said(around(0.001, 0.4, 20)), Verdict::Inconclusive);
        // Not 0, yet within the margin: that is what the margin is for.
        assert_eq!(said(around(0.012, 0.005, 20)), Verdict::Equivalent);
        assert_eq!(said(vec![0.05; 3]), Verdict::Inconclusive);
        assert_eq!(said(Vec::new()), Verdict::Inconclusive);
    }

    #[test]
    fn two_runs_are_judged_by_the_same_rule() {
        let said = |now: Vec<f64>, then: Vec<f64>| judge_between(&[(now, then)], 0.02)[0].1;
        let base = || around(0.3, 0.02, 20);
        assert_eq!(said(around(0.301, 0.02, 24), base()), Verdict::Equivalent);
        assert_eq!(said(around(0.37, 0.02, 24), base()), Verdict::Slower);
        assert_eq!(said(around(0.23, 0.02, 24), base()), Verdict::Faster);
        assert_eq!(said(around(0.31, 0.4, 24), base()), Verdict::Inconclusive);
        assert_eq!(said(vec![0.5; 3], base()), Verdict::Inconclusive);
    }

    #[test]
    fn many_looks_need_more_certainty() {
        // Of 10 pairs all above the edge: 2 / 1024 is enough alone, and not among 20.
        let pairs = around(0.05, 0.02, 10);
        assert_eq!(
            judge(std::slice::from_ref(&pairs), 0.02)[0].verdict,
            Verdict::Slower
        );
        let mut many = vec![around(0.0, 0.4, 10); 19];
        many.push(pairs);
        assert_eq!(judge(&many, 0.02)[19].verdict, Verdict::Inconclusive);
    }

    #[test]
    fn holm_stops_at_the_first_that_may_be_chance() {
        assert_eq!(
            holm(&[0.004, 0.9, 0.001, 0.006]),
            [false, false, true, false]
        );
        assert_eq!(holm(&[0.001, 0.002, 0.003]), [true, true, true]);
        assert_eq!(holm(&[]), Vec::<bool>::new());
    }

    #[test]
    fn what_can_be_detected_shrinks_with_pairs() {
        let rule = Rule {
            margin: 0.02,
            together: 1,
        };
        let few = detectable(0.02, 10, rule);
        let many = detectable(0.02, 1000, rule);
        assert!(few > 0.03 && few < 0.06, "{few}");
        assert!(many > 0.02 && many < 0.023, "{many}");
    }
}
