//! Whether a figure has become worse: the last two nights against the nights before.
//!
//! What is usual is the median of those nights, how far they scatter their median absolute
//! deviation, which a few bad nights do not move. Both last nights have to be worse than what is
//! usual by [`DEVIATIONS`] of it and by [`EFFECT`] of the median: the one keeps noise out, the
//! other what nobody cares about. A single bad night is no regression.

use hpcctl_model::nightly::Regression;

/// The fewest nights that say what is usual.
const FEWEST: usize = 6;

/// The fewest nights of which anything can be told.
pub const NEEDED: usize = FEWEST + 2;

/// What the nights of a figure come to.
#[derive(Debug, PartialEq)]
pub enum Judged {
    /// There are too few nights to tell.
    TooFew,
    /// It is as usual.
    Usual,
    /// It was worse this night by such a share, and not the night before.
    Once(f64),
    /// It has become worse.
    Worse(Regression),
}

/// How many standard deviations, as the median absolute deviation of normal noise has them.
const DEVIATIONS: f64 = 4.0;

/// From the median absolute deviation of normal noise to its standard deviation.
const NORMAL: f64 = 1.4826;

/// The least effect, as a share.
const EFFECT: f64 = 0.05;

/// Judges a series, the oldest night first; the name and the unit are left empty.
pub fn judged(series: &[f64], less_is_better: bool) -> Judged {
    let Some((before, last)) = series.split_last_chunk::<2>() else {
        return Judged::TooFew;
    };
    if before.len() < FEWEST {
        return Judged::TooFew;
    }
    let usual = median(before.to_vec());
    let apart = before.iter().map(|value| (value - usual).abs());
    let spread = median(apart.collect());
    let sign = if less_is_better { 1.0 } else { -1.0 };
    let bound = (DEVIATIONS * NORMAL * spread).max(EFFECT * usual.abs());
    let worse = last.map(|value| sign * (value - usual));
    let least = worse[0].min(worse[1]);
    if usual != 0.0 && least > bound {
        Judged::Worse(Regression {
            series: String::new(),
            unit: String::new(),
            usual,
            spread,
            nights: before.len() as u64,
            last: *last,
            worse: least / usual.abs(),
        })
    } else if usual != 0.0 && worse[1] > bound {
        Judged::Once(worse[1] / usual.abs())
    } else {
        Judged::Usual
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => 0.0,
        0 => f64::midpoint(values[half - 1], values[half]),
        _ => values[half],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise that is the same in every run (a xorshift generator).
    struct Noise(u64);

    impl Noise {
        fn uniform(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1_u64 << 53) as f64
        }

        /// Normal noise with a spike every twentieth night, as benchmarks have it.
        fn night(&mut self, usual: f64, share: f64) -> f64 {
            let normal: f64 = (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0;
            let spike = if self.uniform() < 0.05 { 1.2 } else { 1.0 };
            usual * (1.0 + share * normal) * spike
        }
    }

    /// How many of so many series are called worse, by how much the last two nights are.
    fn called(share: f64, worse: f64, nights: usize, series: usize) -> f64 {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        let mut called = 0;
        for _ in 0..series {
            let mut values: Vec<f64> = (0..nights).map(|_| noise.night(10.0, share)).collect();
            values.extend([0, 1].map(|_| noise.night(10.0 * (1.0 + worse), share)));
            called += usize::from(matches!(judged(&values, true), Judged::Worse(_)));
        }
        called as f64 / series as f64
    }

    #[test]
    fn false_alarms_are_rare_and_regressions_are_found() {
        for share in [0.01, 0.03, 0.06] {
            let rate = called(share, 0.0, 12, 20_000);
            assert!(rate < 0.005, "{share}: {rate}");
        }
        // Of the spikes alone one pair of nights in 400 would be bad.
        assert!(called(0.01, 0.15, 12, 2_000) > 0.95);
        assert!(called(0.01, 0.02, 12, 2_000) < 0.02);
    }

    #[test]
    fn two_nights_and_a_least_effect_are_needed() {
        let usual = [10.0, 10.1, 9.9, 10.0, 10.1, 9.9];
        let with = |last: [f64; 2], less| judged(&[&usual[..], &last[..]].concat(), less);
        let is_worse = |judged| matches!(judged, Judged::Worse(_));
        assert!(is_worse(with([12.0, 12.0], true)));
        assert_eq!(with([10.0, 12.0], true), Judged::Once(0.2));
        assert_eq!(with([12.0, 10.0], true), Judged::Usual);
        assert_eq!(with([12.0, 12.0], false), Judged::Usual);
        assert!(is_worse(with([8.0, 8.0], false)));
        let few = [10.0, 10.0, 10.0, 10.0, 10.0, 12.0, 12.0];
        assert_eq!(judged(&few, true), Judged::TooFew);
        assert_eq!(judged(&[], true), Judged::TooFew);
        let quiet = [[10.0; 8].as_slice(), &[10.4; 2]].concat();
        assert_eq!(judged(&quiet, true), Judged::Usual);
        assert_eq!(judged(&[0.0; 10], true), Judged::Usual);
    }
}
