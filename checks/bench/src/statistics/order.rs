//! What the order of numbers says: medians, their exact intervals, spread and outliers.

/// The median; of an even number of values the mean of the two in the middle, 0 of none.
pub fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// A quantile, interpolated between neighbours; 0 of no values.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let sorted = sorted(values);
    let Some(last) = sorted.len().checked_sub(1) else {
        return 0.0;
    };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let (low, part) = (place.floor() as usize, place.fract());
    let high = (low + 1).min(last);
    sorted[low] + (sorted[high] - sorted[low]) * part
}

/// The values in order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// An interval that holds the median with at least 95 % confidence, from the binomial
/// distribution alone; the whole range where there are too few values.
pub fn median_interval(values: &[f64]) -> [f64; 2] {
    let sorted = sorted(values);
    let n = sorted.len();
    if n == 0 {
        return [0.0, 0.0];
    }
    // P(B(n, 1/2) <= k), term by term; the first so many may be left out on either side.
    let mut term = 0.5_f64.powi(i32::try_from(n).unwrap_or(i32::MAX));
    let (mut sum, mut left_out) = (term, 0);
    while sum <= 0.025 && left_out + 1 < n / 2 {
        left_out += 1;
        term *= (n - left_out + 1) as f64 / left_out as f64;
        sum += term;
    }
    let low = if sum > 0.025 {
        left_out.saturating_sub(1)
    } else {
        left_out
    };
    [sorted[low], sorted[n - 1 - low]]
}

/// The standard deviation as the middle of the data shows it: 1.4826 times the median distance
/// from the median, so that a few spikes do not count.
pub fn robust_deviation(values: &[f64]) -> f64 {
    let middle = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    1.4826 * median(&distances)
}

/// How many values lie more than three times the interquartile range outside it (Tukey).
pub fn outliers(values: &[f64]) -> usize {
    let (low, high) = (quantile(values, 0.25), quantile(values, 0.75));
    let fence = 3.0 * (high - low);
    let is_far = |value: &&f64| **value < low - fence || **value > high + fence;
    values.iter().filter(is_far).count()
}

/// How many values of a series belong to its warm-up, at most half of them: those without which
/// the mean of the rest is most certain (MSER; White, Simulation 69, 1997).
pub fn warm_up(series: &[f64]) -> usize {
    let n = series.len();
    let (mut sum, mut squares) = (0.0, 0.0);
    let mut best = (f64::INFINITY, 0);
    // From the end, so that each look costs one step.
    for start in (0..n).rev() {
        sum += series[start];
        squares += series[start] * series[start];
        let rest = (n - start) as f64;
        if start > n / 2 || rest < 5.0 {
            continue;
        }
        let error = ((squares - sum * sum / rest) / (rest * rest)).max(0.0);
        if error <= best.0 {
            best = (error, start);
        }
    }
    best.1
}

/// Kendall's correlation of the values with their order, and whether it is more than chance
/// (Mann and Kendall, at 1 %): a series that drifts.
pub fn drift(series: &[f64]) -> (f64, bool) {
    let n = series.len();
    if n < 8 {
        return (0.0, false);
    }
    let mut score = 0_i64;
    for (place, early) in series.iter().enumerate() {
        for late in &series[place + 1..] {
            score += match late.total_cmp(early) {
                std::cmp::Ordering::Greater => 1,
                std::cmp::Ordering::Less => -1,
                std::cmp::Ordering::Equal => 0,
            };
        }
    }
    let count = n as f64;
    let deviation = (count * (count - 1.0) * (2.0 * count + 5.0) / 18.0).sqrt();
    let tau = score as f64 / (count * (count - 1.0) / 2.0);
    (tau, score.abs() as f64 > 2.576 * deviation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Random;

    #[test]
    fn medians_and_quantiles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
        assert_eq!(quantile(&[0.0, 10.0], 0.25), 2.5);
    }

    #[test]
    fn the_interval_of_the_median_is_that_of_the_tables() {
        // Of 20 values the 6th and the 15th hold the median with 95.9 %.
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(median_interval(&values), [6.0, 15.0]);
        // Of 10 the 2nd and the 9th, with 97.9 %.
        assert_eq!(median_interval(&values[..10]), [2.0, 9.0]);
        assert_eq!(median_interval(&values[..3]), [1.0, 3.0]);
        assert_eq!(median_interval(&[]), [0.0, 0.0]);
    }

    #[test]
    fn spikes_do_not_widen_and_are_counted() {
        let mut random = Random::new(3);
        let mut values: Vec<f64> = (0..2000).map(|_| 100.0 + random.normal()).collect();
        values[10] = 900.0;
        values[20] = 0.0;
        assert!((robust_deviation(&values) - 1.0).abs() < 0.06);
        assert_eq!(outliers(&values), 2);
    }

    #[test]
    fn a_warm_up_is_found_and_none_where_there_is_none() {
        let mut random = Random::new(4);
        let mut series: Vec<f64> = (0..100).map(|_| 10.0 + 0.1 * random.normal()).collect();
        let found_in_flat = warm_up(&series);
        for (n, value) in series.iter_mut().take(20).enumerate() {
            *value += 20.0 - n as f64;
        }
        let found = warm_up(&series);
        assert!((18..30).contains(&found), "{found}");
        assert!(found_in_flat < found, "{found_in_flat}");
        assert_eq!(warm_up(&[]), 0);
    }

    #[test]
    fn a_drift_is_told_from_noise() {
        let mut random = Random::new(5);
        let noise: Vec<f64> = (0..60).map(|_| random.normal()).collect();
        assert!(!drift(&noise).1);
        let drifting: Vec<f64> = noise
            .iter()
            .enumerate()
            .map(|(n, value)| value + 0.05 * n as f64)
            .collect();
        let (tau, is_drift) = drift(&drifting);
        assert!(is_drift && tau > 0.3, "{tau}");
    }
}
