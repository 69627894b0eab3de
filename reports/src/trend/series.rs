//! The nights of one figure: the latest are kept one by one, those before are folded into what is usual, so
//! that a history of years takes no more room than one of weeks.
//!
//! Of what was measured more than once in a night the last counts. What is added late finds its place among
//! the nights that are kept; where it is older than those, it changes nothing.

use std::collections::VecDeque;

use hpcctl_model::history::Figure;

use super::regression::{Judged, Nights};
use super::run::TOGETHER;

/// The most nights that are kept one by one.
const KEPT: usize = 28;

/// A night in which a figure was measured.
#[derive(Debug, Clone, Copy)]
pub struct Night {
    /// When it was measured first, in seconds.
    begun: i64,
    /// When it was measured last, in seconds.
    pub at: i64,
    /// What it was then.
    pub value: f64,
}

/// A figure, night by night.
#[derive(Debug)]
pub struct Series {
    /// The unit.
    pub unit: String,
    /// The unit in which figures of that name were before.
    pub was: Option<String>,
    /// When they were in another unit last, in seconds.
    pub replaced: i64,
    less_is_better: bool,
    /// The time, in seconds, from which on nights say what is usual.
    from: i64,
    /// The latest nights, the oldest first.
    nights: VecDeque<Night>,
    /// Those before them.
    before: Nights,
    /// When the last of those was.
    folded: i64,
}

impl Series {
    /// A series without nights; those before a time, in seconds, do not say what is usual. Figures of its name may
    /// have been in another unit before.
    pub fn of(figure: &Figure, from: i64, was: Option<String>) -> Self {
        Self {
            unit: figure.unit.clone(),
            was,
            replaced: i64::MIN,
            less_is_better: figure.less_is_better,
            from,
            nights: VecDeque::new(),
            before: Nights::default(),
            folded: i64::MIN,
        }
    }

    /// Takes what was measured at a time, in seconds.
    pub fn add(&mut self, at: i64, value: f64) {
        let is_of = |night: &&mut Night| night.at.max(at) - night.begun.min(at) <= TOGETHER;
        if let Some(night) = self.nights.iter_mut().rev().find(is_of) {
            night.begun = night.begun.min(at);
            if at > night.at {
                (night.at, night.value) = (at, value);
            }
            return;
        }
        if at <= self.folded {
            return;
        }
        let before = self.nights.iter().rposition(|night| night.at < at);
        let place = before.map_or(0, |before| before + 1);
        let begun = at;
        self.nights.insert(place, Night { begun, at, value });
        if self.nights.len() > KEPT
            && let Some(oldest) = self.nights.pop_front()
        {
            self.folded = oldest.at;
            if oldest.at >= self.from {
                self.before
                    .next(oldest.at, oldest.value, self.less_is_better);
            }
        }
    }

    /// Takes a night of its own, the latest, whenever it was.
    pub fn append(&mut self, at: i64, value: f64) {
        let begun = at;
        self.nights.push_back(Night { begun, at, value });
    }

    /// The latest nights, the oldest first.
    pub fn nights(&self) -> &VecDeque<Night> {
        &self.nights
    }

    /// Those of them that say what is usual.
    pub fn counting(&self) -> impl Iterator<Item = &Night> {
        self.nights.iter().filter(|night| night.at >= self.from)
    }

    /// What the last night comes to.
    pub fn judged(&self) -> Judged {
        let mut nights = self.before.clone();
        let mut judged = Judged::TooFew;
        for night in self.counting() {
            judged = nights.next(night.at, night.value, self.less_is_better);
        }
        judged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NIGHT: i64 = 24 * 3600;

    fn figure() -> Figure {
        Figure {
            series: "n1 libc.syscall outside".into(),
            unit: "us".into(),
            less_is_better: true,
            median: 0.0,
        }
    }

    /// What was measured in so many nights: 10 us with some noise, from a night on 12.
    fn nights(count: i64, slow: i64) -> Vec<(i64, f64)> {
        let value = |n: i64| if n < slow { 10.0 } else { 12.0 } + 0.01 * (n * 7 % 5) as f64;
        (0..count).map(|n| (n * NIGHT, value(n))).collect()
    }

    fn of(nights: impl IntoIterator<Item = (i64, f64)>, from: i64) -> Series {
        let mut series = Series::of(&figure(), from, None);
        for (at, value) in nights {
            series.add(at, value);
        }
        series
    }

    #[test]
    fn what_is_folded_says_what_all_nights_say() {
        for (count, slow) in [
            (7, 99),
            (30, 28),
            (30, 29),
            (400, 999),
            (400, 200),
            (400, 398),
        ] {
            let all = nights(count, slow);
            let mut whole = Nights::default();
            let mut expected = Judged::TooFew;
            for (at, value) in &all {
                expected = whole.next(*at, *value, true);
            }
            let series = of(all, i64::MIN);
            assert_eq!(series.judged(), expected, "{count} and {slow}");
            assert!(series.nights().len() <= KEPT);
        }
    }

    #[test]
    fn what_is_measured_again_in_a_night_is_no_second_night() {
        let mut series = of(nights(10, 99), i64::MIN);
        let last = 10 * NIGHT;
        series.add(last, 13.0);
        assert!(matches!(series.judged(), Judged::Once(_)));
        series.add(last + 3600, 13.0);
        assert!(matches!(series.judged(), Judged::Once(_)));
        series.add(last + 7200, 10.0);
        assert_eq!(series.judged(), Judged::Usual);
        assert_eq!(series.nights().len(), 11);
        // Added late, it is what was measured first.
        series.add(last + 1800, 13.0);
        assert_eq!(series.judged(), Judged::Usual);
    }

    #[test]
    fn what_is_added_late_finds_its_place() {
        let all = nights(60, 50);
        let mut late = all.clone();
        late[35..].reverse();
        let (series, expected) = (of(late, i64::MIN), of(all, i64::MIN));
        assert_eq!(series.judged(), expected.judged());
        // What is older than all that is kept changes nothing.
        let mut older = of(nights(60, 50), i64::MIN);
        older.add(-NIGHT, 99.0);
        assert_eq!(older.judged(), expected.judged());
        assert_eq!(older.nights().len(), KEPT);
    }

    #[test]
    fn what_was_before_a_time_does_not_say_what_is_usual() {
        for (since, expected) in [(3, "TooFew"), (8, "Usual"), (40, "Usual")] {
            let series = of(nights(100, 100 - since), (100 - since) * NIGHT);
            let judged = format!("{:?}", series.judged());
            assert!(judged.starts_with(expected), "{since}: {judged}");
        }
        // What is worse again is told, by what has been usual since.
        let mut series = of(nights(100, 90), 90 * NIGHT);
        for night in [100, 101] {
            series.add(night * NIGHT, 13.0);
        }
        let Judged::Worse(worse) = series.judged() else {
            panic!("{:?}", series.judged());
        };
        assert!((worse.usual.median - 12.0).abs() < 0.1, "{worse:?}");
        assert_eq!(worse.from, 100 * NIGHT);
    }
}
