//! What lines are held against: which nodes were to report, what time it is, and how old the last
//! line of a node may be.
//!
//! The times of lines come from the clocks of the nodes. One that is ahead must not make the lines of
//! all others old, so that age is counted from the newest line that another one bears out. What is
//! newer than that and stands alone has a clock that is ahead, or is all that came of this night: it
//! counts for nothing, and what becomes of the report is not known.

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
    /// What nothing bears out.
    pub alone: Option<std::ops::RangeInclusive<u64>>,
    /// Outside of these a clock is off.
    pub right: std::ops::RangeInclusive<u64>,
}

impl Terms<'_> {
    /// The bounds for lines of these times.
    pub(super) fn bounds(&self, times: impl Iterator<Item = u64>) -> Bounds {
        let mut times: Vec<u64> = times.collect();
        times.sort_unstable_by_key(|time| std::cmp::Reverse(*time));
        let ahead = shifted(self.now, AHEAD).unwrap_or(u64::MAX);
        let can_be_right = times.iter().position(|time| *time <= ahead);
        let times = &times[can_be_right.unwrap_or(0)..];
        let newest = times.first().copied();
        let before = |time: u64| shifted(moment(time), -self.within?);
        let is_near = |pair: &[u64]| before(pair[0]).is_some_and(|oldest| pair[1] >= oldest);
        let borne_out = times.windows(2).position(is_near).map(|at| times[at]);
        let yardstick = borne_out.or(newest);
        let first = shifted(self.asked, -CLOCK).unwrap_or(0);
        let last = shifted(self.now, CLOCK).unwrap_or(u64::MAX);
        Bounds {
            oldest: yardstick.and_then(before).unwrap_or(0),
            alone: borne_out
                .zip(newest)
                .filter(|(borne_out, newest)| borne_out < newest)
                .map(|(borne_out, newest)| borne_out + 1..=newest),
            right: first..=last,
        }
    }
}

/// The moment of a time that lines have.
fn moment(time: u64) -> Option<Timestamp> {
    line::time_text(time).parse().ok()
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
    fn a_line_that_nothing_bears_out_makes_no_other_old() {
        let terms = Terms {
            now: "2026-11-30T02:00:00Z".parse().ok(),
            within: Some(WITHIN),
            ..Terms::default()
        };
        let at = |text: &str| line::time(text).unwrap();
        let night = ["2026-11-27T02:00:00Z", "2026-11-27T02:00:07Z"].map(at);
        let later = ["2026-11-28T03:00:00Z", "2026-11-29T01:00:00Z"].map(at);
        let bounds = |times: &[u64]| terms.bounds(times.iter().copied());
        let both = bounds(&[later[0], night[0], later[1], night[1]]);
        assert_eq!(both.oldest, at("2026-11-26T06:00:07Z"));
        assert_eq!(both.alone, Some(night[1] + 1..=later[1]));
        // Two that bear each other out are a night, and of two lines the newer counts.
        let two = bounds(&[night[0], night[1], later[0], later[0] + 1]);
        assert_eq!((two.oldest, two.alone), (at("2026-11-27T07:00:01Z"), None));
        let one = bounds(&[night[0], later[0]]);
        assert_eq!((one.oldest, one.alone), (at("2026-11-27T07:00:00Z"), None));
        assert_eq!(bounds(&[]).oldest, 0);
    }

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
            assert_eq!(bounds.alone, None);
            assert!(bounds.right.contains(&night) && !bounds.right.contains(&at(ahead)));
        }
        // Where nothing is known of the time nothing is old or off.
        let bounds = Terms::default().bounds([night, 0].into_iter());
        assert_eq!((bounds.oldest, bounds.right), (0, 0..=u64::MAX));
    }
}
