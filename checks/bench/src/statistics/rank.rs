//! The signed rank test and what follows from it: an estimate of a shift and an exact interval;
//! and for two runs, whose pairs have nothing to do with each other, the rank sum test.
//!
//! Wilcoxon (Biometrics 1, 1945) and Hodges and Lehmann (Annals of Mathematical Statistics 34,
//! 1963): of differences that lie symmetrically about their centre nothing else is assumed, so
//! spikes and drift that meet both sides of a pair alike do not mislead it.

use super::order::{median, sorted};

/// Up to so many pairs the distribution is counted out; above, the normal one is as good.
const EXACT: usize = 60;

/// The centre of the differences and an interval for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The median of the means of all pairs of differences.
    pub estimate: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Estimates the centre with an interval of confidence `1 - 2 * tail`.
pub fn shift(differences: &[f64], tail: f64) -> Shift {
    let n = differences.len();
    let mut means = Vec::with_capacity(n * (n + 1) / 2);
    for (place, first) in differences.iter().enumerate() {
        means.extend(
            differences[place..]
                .iter()
                .map(|second| (first + second) / 2.0),
        );
    }
    let means = sorted(&means);
    if means.is_empty() {
        return Shift {
            estimate: 0.0,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
        };
    }
    let below = quantile(n, tail).clamp(1, means.len());
    // With too few pairs no interval reaches the confidence: then nothing is excluded.
    let certain = cumulative(n, 0.0) <= tail;
    let (low, high) = if certain {
        (means[below - 1], means[means.len() - below])
    } else {
        (f64::NEG_INFINITY, f64::INFINITY)
    };
    Shift {
        estimate: median(&means),
        low,
        high,
    }
}

/// How likely ranks as these or higher are, were the centre of the differences at `center` or
/// below it.
pub fn above(differences: &[f64], center: f64) -> f64 {
    let moved: Vec<f64> = differences.iter().map(|value| value - center).collect();
    let (n, ranks) = positive_ranks(&moved);
    if n == 0 {
        return 1.0;
    }
    let most = (n * (n + 1) / 2) as f64;
    // The distribution is symmetric: P(W >= w) = P(W <= most - w).
    cumulative(n, most - ranks)
}

/// How likely it is that so many differences or more have one sign, were either sign as likely: the sign
/// test (Arbuthnott, Philosophical Transactions 27, 1710), to which a spike is no more than its sign.
pub fn one_signed(differences: &[f64]) -> f64 {
    let above = differences.iter().filter(|it| **it > 0.0).count();
    let below = differences.iter().filter(|it| **it < 0.0).count();
    let (n, fewer) = (above + below, above.min(below));
    // In logarithms: of many pairs the smallest terms are no number.
    let mut likely = -(n as f64) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for k in 0..=fewer {
        sum += likely.exp();
        likely += ((n - k) as f64 / (k + 1) as f64).ln();
    }
    (2.0 * sum).min(1.0)
}

/// Fewer than this on either side of two runs exclude nothing.
const FEWEST: usize = 5;

/// Estimates by how much the one lies above the other, with an interval of confidence
/// `1 - 2 * tail`; the median of all differences and ranks of them by the normal distribution.
pub fn between(above: &[f64], below: &[f64], tail: f64) -> Shift {
    let differences = above.iter().flat_map(|a| below.iter().map(move |b| a - b));
    let differences = sorted(&differences.collect::<Vec<f64>>());
    let estimate = if differences.is_empty() {
        0.0
    } else {
        median(&differences)
    };
    if above.len().min(below.len()) < FEWEST {
        return Shift {
            estimate,
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
        };
    }
    let (mean, deviation) = moments_between(above.len(), below.len());
    let place = mean + normal_quantile(tail) * deviation;
    let place = (place.floor().max(1.0) as usize).min(differences.len());
    Shift {
        estimate,
        low: differences[place - 1],
        high: differences[differences.len() - place],
    }
}

/// How likely two runs that differ so much, or more, would be by chance; Mann and Whitney (Annals
/// of Mathematical Statistics 18, 1947).
pub fn chance_between(one: &[f64], other: &[f64]) -> f64 {
    if one.len().min(other.len()) < FEWEST {
        return 1.0;
    }
    let wins = one.iter().flat_map(|a| {
        other.iter().map(move |b| match a.total_cmp(b) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
    });
    let (mean, deviation) = moments_between(one.len(), other.len());
    let away = (wins.sum::<f64>() - mean).abs() - 0.5;
    (2.0 * normal_below(-away / deviation)).min(1.0)
}

fn moments_between(n: usize, m: usize) -> (f64, f64) {
    let (n, m) = (n as f64, m as f64);
    (n * m / 2.0, (n * m * (n + m + 1.0) / 12.0).sqrt())
}

/// How many differences are not 0, and the sum of the ranks of the positive ones; equal ones
/// share their ranks.
fn positive_ranks(differences: &[f64]) -> (usize, f64) {
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    nonzero.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut sum = 0.0;
    let mut place = 0;
    while place < nonzero.len() {
        let size = nonzero[place].abs();
        let same = nonzero[place..]
            .iter()
            .take_while(|d| d.abs() == size)
            .count();
        let rank = place as f64 + (same as f64 + 1.0) / 2.0;
        let positive = nonzero[place..place + same].iter().filter(|d| **d > 0.0);
        sum += rank * positive.count() as f64;
        place += same;
    }
    (nonzero.len(), sum)
}

/// P(W <= w) for the sum of positive ranks of `n` pairs, were the centre 0.
fn cumulative(n: usize, w: f64) -> f64 {
    if w < 0.0 {
        return 0.0;
    }
    if n > EXACT {
        let (mean, deviation) = moments(n);
        return normal_below((w + 0.5 - mean) / deviation);
    }
    let counted = w.floor() as usize;
    distribution(n).iter().take(counted + 1).sum()
}

/// The smallest w with P(W <= w) >= `share`.
fn quantile(n: usize, share: f64) -> usize {
    if n > EXACT {
        let (mean, deviation) = moments(n);
        return (mean + deviation * normal_quantile(share)).ceil().max(0.0) as usize;
    }
    let mut sum = 0.0;
    for (w, likely) in distribution(n).iter().enumerate() {
        sum += likely;
        if sum >= share {
            return w;
        }
    }
    n * (n + 1) / 2
}

/// The probability of each sum of positive ranks of `n` pairs.
fn distribution(n: usize) -> Vec<f64> {
    let most = n * (n + 1) / 2;
    let mut likely = vec![0.0; most + 1];
    likely[0] = 1.0;
    for rank in 1..=n {
        for sum in (0..=rank * (rank + 1) / 2).rev() {
            let with = if sum >= rank { likely[sum - rank] } else { 0.0 };
            likely[sum] = (likely[sum] + with) / 2.0;
        }
    }
    likely
}

fn moments(n: usize) -> (f64, f64) {
    let n = n as f64;
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0;
    (n * (n + 1.0) / 4.0, variance.sqrt())
}

/// The standard normal distribution function (Abramowitz and Stegun 26.2.17, within 1e-7).
pub fn normal_below(z: f64) -> f64 {
    const B: [f64; 5] = [
        0.319_381_530,
        -0.356_563_782,
        1.781_477_937,
        -1.821_255_978,
        1.330_274_429,
    ];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let sum = B.iter().rev().fold(0.0, |sum, b| (sum + b) * t);
    let tail = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt() * sum;
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// The z below which `share` of the standard normal distribution lies, by halving.
pub fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if normal_below(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Differences without ties.
    const SAMPLE: [f64; 9] = [0.952, -0.147, 1.022, 0.43, 0.62, 0.59, 0.49, -0.08, -0.01];

    #[test]
    fn the_distribution_is_that_of_the_tables() {
        // Critical values of Wilcoxon's table: P(W <= 8) for n = 10 is 0.0244.
        assert!((cumulative(10, 8.0) - 25.0 / 1024.0).abs() < 1e-12);
        assert_eq!(quantile(10, 0.025), 9);
        assert_eq!(quantile(20, 0.05), 61);
        assert!((distribution(12).iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_normal_one_takes_over_smoothly() {
        let (mean, deviation) = moments(EXACT);
        for z in [-2.5, -1.0, 0.0, 1.5] {
            let w = (mean + z * deviation).floor();
            let exact = cumulative(EXACT, w);
            let normal = normal_below((w + 0.5 - mean) / deviation);
            assert!((exact - normal).abs() < 2e-3, "{exact} {normal}");
        }
        assert!((normal_quantile(0.95) - 1.644_854).abs() < 1e-5);
        assert!((normal_below(-1.96) - 0.024_998).abs() < 1e-5);
    }

    #[test]
    fn the_estimate_is_the_median_of_the_means() {
        let found = shift(&SAMPLE, 0.05);
        let mut means = Vec::new();
        for (i, a) in SAMPLE.iter().enumerate() {
            means.extend(SAMPLE[i..].iter().map(|b| (a + b) / 2.0));
        }
        assert_eq!(found.estimate, median(&means));
        // qsignrank(0.05, 9) is 9: the 9th mean from either end.
        let means = sorted(&means);
        assert_eq!((found.low, found.high), (means[8], means[36]));
    }

    #[test]
    fn too_few_pairs_exclude_nothing() {
        let found = shift(&[1.0, 1.1, 0.9], 0.05);
        assert_eq!((found.low, found.high), (f64::NEG_INFINITY, f64::INFINITY));
        assert_eq!(above(&[], 0.0), 1.0);
        assert!(shift(&[], 0.05).estimate == 0.0);
    }

    #[test]
    fn ties_share_ranks_and_zeros_do_not_count() {
        assert_eq!(positive_ranks(&[0.0, 1.0, -1.0, 2.0]), (3, 1.5 + 3.0));
        // All of six above: 1 of 64.
        assert_eq!(above(&[1.0; 6], 0.0), 1.0 / 64.0);
        assert_eq!(above(&[-1.0; 6], 0.0), 1.0);
    }

    #[test]
    fn a_spike_is_no_more_than_its_sign() {
        let mut pairs = vec![1.0; 15];
        assert!((one_signed(&pairs) - 2.0 / 32_768.0).abs() < 1e-12);
        pairs.push(-100.0);
        let exact = 2.0 * 17.0 / 65_536.0;
        assert!((one_signed(&pairs) - exact).abs() < 1e-12);
        assert!(2.0 * above(&pairs, 0.0) > 5.0 * exact);
        assert_eq!(one_signed(&[1.0, -1.0, 0.0]), 1.0);
        assert_eq!(one_signed(&[]), 1.0);
        let many: Vec<f64> = (0..5000)
            .map(|n| if n % 3 == 0 { -1.0 } else { 1.0 })
            .collect();
        assert!(one_signed(&many) < 1e-100);
    }

    #[test]
    fn two_runs_are_compared_by_all_their_differences() {
        let a = [1.1, 2.2, 3.3, 4.4, 5.5, 6.6, 7.7, 8.8];
        let b = [0.1, 0.2, 0.3, 1.4, 1.5, 1.6, 2.7, 2.8];
        let wins = a.iter().flat_map(|a| b.iter().filter(move |b| a > *b));
        assert_eq!(wins.count(), 57);
        let z = (57.0 - 32.0 - 0.5) / (8.0 * 8.0 * 17.0 / 12.0_f64).sqrt();
        assert!((chance_between(&a, &b) - 2.0 * normal_below(-z)).abs() < 1e-12);
        let found = between(&a, &b, 0.05);
        assert!(
            found.low < found.estimate && found.estimate < found.high,
            "{found:?}"
        );
        assert!(found.low > 0.0, "{found:?}");
        let turned = between(&b, &a, 0.05);
        assert!((turned.estimate + found.estimate).abs() < 1e-12);
        assert!((turned.low + found.high).abs() < 1e-12);
        assert_eq!(between(&a, &[1.0; 4], 0.05).high, f64::INFINITY);
        assert_eq!(chance_between(&a, &[]), 1.0);
        assert_eq!(chance_between(&a, &a), 1.0);
    }
}
