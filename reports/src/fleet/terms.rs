//! What lines are held against: which nodes were to report, what time it is, and how old the last
//! line of a node may be.
//!
//! The times of lines come from the clocks of the nodes. One that is ahead must not make the lines of
//! all others old, so that the newest line that can be right is what age is counted from.

use jiff::{SignedDuration, Timestamp};

use super::line;
use super::node_set::NodeSet;

/// How much older than the newest the last line of a node may be, where nobody says otherwise: less
/// than a night, so that what was left of the night before does not count.
pub const WITHIN: SignedDuration = SignedDuration::from_hours(20);

/// How far a clock may be off without a word.
pub(crate) const CLOCK: SignedDuration = SignedDuration::from_mins(5);

/// How far ahead a line may be and still say how new the others are.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// What lines are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms<'a> {
    /// The nodes that were to report.
    pub expected: Option<&'a NodeSet>,
    /// When the nodes were asked, where the lines are their answer.
    pub asked: Option<Timestamp>,
    /// What time it is here.
    pub now: Option<Timestamp>,
    /// How much older than the newest the last line of a node may be.
    pub within: Option<SignedDuration>,
}

/// The bounds of times, as [`line::time`] has them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// What is before is old.
    pub oldest: u64,
    /// Outside of these a clock is off.
    pub right: std::ops::RangeInclusive<u64>,
}

impl Terms<'_> {
    /// The bounds for lines of these times.
    pub(super) fn bounds(&self, times: impl Iterator<Item = u64> + Clone) -> Bounds {
        let ahead = shifted(self.now, AHEAD).unwrap_or(u64::MAX);
        let newest = times.clone().filter(|time| *time <= ahead).max();
        let newest = newest.or_else(|| times.max());
        let newest = newest.and_then(|time| line::time_text(time).parse().ok());
        let oldest = self.within.and_then(|within| shifted(newest, -within));
        let first = shifted(self.asked, -CLOCK).unwrap_or(0);
        let last = shifted(self.now, CLOCK).unwrap_or(u64::MAX);
        Bounds {
            oldest: oldest.unwrap_or(0),
            right: first..=last,
        }
    }
}

/// A time moved by so much, as lines have it.
fn shifted(time: Option<Timestamp>, by: SignedDuration) -> Option<u64> {
    let time = time?.checked_add(by).ok()?;
    line::time(&time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_ahead_makes_no_other_line_old() {
        let terms = Terms {
            now: "2026-11-29T02:10:00Z".parse().ok(),
            asked: "2026-11-29T02:00:00Z".parse().ok(),
            within: Some(WITHIN),
            ..Terms::default()
        };
        let at = |text: &str| line::time(text).unwrap();
        let night = at("2026-11-29T02:00:03Z");
        for (ahead, oldest) in [
            ("2026-11-29T02:40:00Z", "2026-11-28T06:40:00Z"),
            ("2026-12-27T02:00:00Z", "2026-11-28T06:00:03Z"),
            ("9999-99-99T99:99:99Z", "2026-11-28T06:00:03Z"),
        ] {
            let bounds = terms.bounds([night, at(ahead)].into_iter());
            assert_eq!(bounds.oldest, at(oldest), "{ahead}");
            assert!(bounds.right.contains(&night) && !bounds.right.contains(&at(ahead)));
        }
        // Where nothing is known of the time nothing is old or off.
        let bounds = Terms::default().bounds([night, 0].into_iter());
        assert_eq!((bounds.oldest, bounds.right), (0, 0..=u64::MAX));
    }
}
