//! Whether a figure has become worse: two nights against the nights before.
//!
//! What is usual is the median of those nights, how far they scatter their median absolute
//! deviation, which a few bad nights do not move. Both nights have to be worse than what is
//! usual by [`DEVIATIONS`] of it and by [`EFFECT`] of the median: the one keeps noise out, the
//! other what nobody cares about. A single bad night is no regression.
//!
//! What has become worse never becomes usual: its nights do not count among those before, and it stays
//! worse until two nights in a row are as usual.

/// The fewest nights that say what is usual.
const FEWEST: usize = 6;

/// The most nights that do.
const MOST: usize = 12;

/// The fewest nights of which anything can be told.
pub const NEEDED: usize = FEWEST + 2;

/// What the last night of a figure comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judged {
    /// There are too few nights to tell.
    TooFew,
    /// It is as usual.
    Usual,
    /// It was worse this night by such a share, and not the night before.
    Once(f64),
    /// It has become worse.
    Worse(Worse),
    /// It has been worse for more than two nights.
    Still(Worse),
    /// It is as usual again.
    Again(Worse),
}

/// How much worse a figure is, or was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Worse {
    /// What is usual.
    pub usual: Usual,
    /// When the first night was that was worse.
    pub from: i64,
    /// How much worse it is, as a share: by the better of the last two nights, or how much it was.
    pub by: f64,
}

/// What is usual.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usual {
    /// The median of the nights before.
    pub median: f64,
    /// Their median absolute deviation.
    pub spread: f64,
    /// How many they are.
    pub nights: usize,
}

/// How many standard deviations, as the median absolute deviation of normal noise has them.
const DEVIATIONS: f64 = 4.0;

/// From the median absolute deviation of normal noise to its standard deviation.
const NORMAL: f64 = 1.4826;

/// The least effect, as a share.
const EFFECT: f64 = 0.05;

/// The nights of a figure up to one: only what says what is usual is kept of them.
#[derive(Debug, Clone, Default)]
pub struct Nights {
    /// The last ones that say what is usual.
    usual: Vec<f64>,
    /// The last one, which is not among them yet, and when it was.
    last: Option<(i64, f64)>,
    /// What it is while it is worse.
    worse: Option<Worse>,
    /// Whether the last one was as usual, while it is worse.
    was_usual: bool,
}

impl Nights {
    /// Takes the next night, and judges it.
    pub fn next(&mut self, at: i64, value: f64, less_is_better: bool) -> Judged {
        let sign = if less_is_better { 1.0 } else { -1.0 };
        let last = self.last.replace((at, value));
        if let Some(worse) = self.worse {
            return self.ends(worse, last, worse.usual.worse(value, sign));
        }
        if self.usual.len() < FEWEST {
            self.keep(last);
            return Judged::TooFew;
        }
        let usual = Usual::of(&self.usual);
        let before = last.and_then(|(at, value)| Some((at, usual.worse(value, sign)?)));
        let judged = match (before, usual.worse(value, sign)) {
            (Some((from, before)), Some(now)) => {
                let by = before.min(now);
                let worse = Worse { usual, from, by };
                (self.worse, self.last) = (Some(worse), None);
                return Judged::Worse(worse);
            }
            (None, Some(now)) => Judged::Once(now),
            (_, None) => Judged::Usual,
        };
        self.keep(last);
        judged
    }

    /// Judges a night of a figure that was worse: by how much it still is.
    fn ends(&mut self, mut worse: Worse, last: Option<(i64, f64)>, by: Option<f64>) -> Judged {
        match by {
            None if self.was_usual => {
                self.keep(last);
                (self.worse, self.was_usual) = (None, false);
                return Judged::Again(worse);
            }
            None => self.was_usual = true,
            Some(by) => {
                worse.by = by;
                (self.worse, self.was_usual) = (Some(worse), false);
            }
        }
        Judged::Still(worse)
    }

    /// Puts a night to those that say what is usual.
    fn keep(&mut self, night: Option<(i64, f64)>) {
        self.usual.extend(night.map(|(_, value)| value));
        let old = self.usual.len().saturating_sub(MOST);
        self.usual.drain(..old);
    }
}

impl Usual {
    fn of(nights: &[f64]) -> Self {
        let usual = median(nights.to_vec());
        let apart = nights.iter().map(|value| (value - usual).abs());
        Self {
            median: usual,
            spread: median(apart.collect()),
            nights: nights.len(),
        }
    }

    /// By what share a night is worse; none where it is as usual.
    fn worse(&self, value: f64, sign: f64) -> Option<f64> {
        let scale = self.median.abs();
        let bound = (DEVIATIONS * NORMAL * self.spread).max(EFFECT * scale);
        let by = sign * (value - self.median);
        (scale > 0.0 && by > bound).then(|| by / scale)
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

    /// Judges a series, the oldest night first; the nights are dated by their place.
    fn judged(series: &[f64], less_is_better: bool) -> Judged {
        let mut nights = Nights::default();
        let mut judged = Judged::TooFew;
        for (place, value) in (0..).zip(series) {
            judged = nights.next(place, *value, less_is_better);
        }
        judged
    }

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

    /// How many of so many series are told in the last night, or are called worse at all, by how much
    /// the last two nights are.
    fn called(share: f64, worse: f64, nights: usize, series: usize) -> [f64; 2] {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        let (mut told, mut called) = (0, 0);
        for _ in 0..series {
            let mut values: Vec<f64> = (0..nights).map(|_| noise.night(10.0, share)).collect();
            values.extend([0, 1].map(|_| noise.night(10.0 * (1.0 + worse), share)));
            let judged = judged(&values, true);
            told += usize::from(matches!(judged, Judged::Worse(_)));
            called += usize::from(matches!(judged, Judged::Worse(_) | Judged::Still(_)));
        }
        [told, called].map(|count| count as f64 / series as f64)
    }

    #[test]
    fn false_alarms_are_rare_and_regressions_are_found() {
        for share in [0.01, 0.03, 0.06] {
            let [rate, _] = called(share, 0.0, 12, 20_000);
            assert!(rate < 0.005, "{share}: {rate}");
        }
        // Of the spikes alone one pair of nights in 400 would be bad.
        assert!(called(0.01, 0.15, 12, 2_000)[1] > 0.95);
        assert!(called(0.01, 0.02, 12, 2_000)[1] < 0.02);
    }

    #[test]
    fn what_is_worse_stays_so_until_it_is_as_usual_again() {
        let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
        let mut nights: Vec<f64> = (0..8).map(|_| noise.night(10.0, 0.005)).collect();
        let slow = (0..40).map(|_| 12.0 * (1.0 + 0.005 * (noise.uniform() - 0.5)));
        nights.extend(slow);
        nights.extend([10.0, 12.0, 10.0, 10.0, 10.0]);
        for (place, expected) in [
            (8, "Once"),
            (9, "Worse"),
            (10, "Still"),
            (30, "Still"),
            (47, "Still"),
            // One good night is as little as one bad one.
            (48, "Still"),
            (49, "Still"),
            (50, "Still"),
            (51, "Again"),
            (52, "Usual"),
        ] {
            let judged = judged(&nights[..=place], true);
            assert!(
                format!("{judged:?}").starts_with(expected),
                "{place}: {judged:?}"
            );
            if let Judged::Worse(worse) | Judged::Still(worse) | Judged::Again(worse) = judged {
                assert_eq!(worse.from, 8, "{place}");
                assert!((worse.by - 0.2).abs() < 0.03, "{place}: {worse:?}");
            }
        }
    }

    #[test]
    fn false_alarms_are_rare_over_a_year_and_end() {
        for share in [0.01, 0.03, 0.06] {
            let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
            let (mut told, mut again, mut still, mut all) = (0, 0, 0, 0);
            for _ in 0..200 {
                let mut nights = Nights::default();
                for place in 0..400 {
                    match nights.next(place, noise.night(10.0, share), true) {
                        Judged::Worse(_) => told += 1,
                        Judged::Again(_) => again += 1,
                        Judged::Still(_) => still += 1,
                        Judged::TooFew | Judged::Usual | Judged::Once(_) => {}
                    }
                    all += 1;
                }
            }
            let rate = |count| f64::from(count) / f64::from(all);
            assert!(rate(told) < 0.005, "{share}: {}", rate(told));
            assert!(rate(still) < 0.01, "{share}: {}", rate(still));
            // Each ends, but for some of the last nights.
            assert!(told - again < 5, "{share}: {told} and {again}");
        }
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
