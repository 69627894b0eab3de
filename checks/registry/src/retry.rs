//! How patient a client is: deadlines, pauses between tries, and what `Retry-After` asks for.
//!
//! `Retry-After` is RFC 9110, section 10.2.3: seconds, or a date.

use std::hash::{BuildHasher, RandomState};
use std::thread;
use std::time::{Duration, SystemTime};

use jiff::fmt::rfc2822;

/// How patient a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// How long a connection may take.
    pub connect: Duration,
    /// How long a server may be silent.
    pub silence: Duration,
    /// How often a request is made before it counts as failed.
    pub tries: u32,
    /// The first pause between two tries; each further one is twice as long, give or take a
    /// half.
    pub pause: Duration,
    /// The longest pause, also where the server asks for a longer one.
    pub longest: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(15),
            silence: Duration::from_secs(30),
            tries: 5,
            pause: Duration::from_millis(500),
            longest: Duration::from_secs(60),
        }
    }
}

impl Patience {
    /// Waits before try number `tried`, counted from 1; false where it should not be made.
    ///
    /// What the server asks for counts, unless it is longer than the longest pause.
    pub(crate) fn wait(&self, tried: u32, asked: Option<Duration>) -> bool {
        if tried >= self.tries || asked.is_some_and(|asked| asked > self.longest) {
            return false;
        }
        let doubled = self.pause.saturating_mul(1 << (tried - 1).min(16));
        let pause = match asked {
            // Never sooner than asked, and not all of a cluster in the same moment.
            Some(asked) => asked + some_of(self.pause),
            None => doubled / 2 + some_of(doubled),
        };
        thread::sleep(pause.min(self.longest));
        true
    }
}

/// A random part of a pause.
pub(crate) fn some_of(pause: Duration) -> Duration {
    // The keys of a new hasher are random; more is not needed of chance here.
    let random = RandomState::new().hash_one(0_u8) >> 32;
    pause.mul_f64(random as f64 / f64::from(u32::MAX))
}

/// How long `Retry-After` asks to wait.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // A wrong day of the week does not make the date unknown.
    let parser = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let date = parser.parse_timestamp(value).ok()?;
    let then = u64::try_from(date.as_second()).ok()?;
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(then);
    Some(then.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_as_good_as_seconds() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_700);
        let after = |text| retry_after(text, now).map(|wait| wait.as_secs());
        assert_eq!(after(" 7 "), Some(7));
        assert_eq!(after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(77));
        assert_eq!(after("Mon, 06 Nov 1994 08:49:37 GMT"), Some(77));
        assert_eq!(after("Tue, 06 Nov 1984 08:49:37 GMT"), Some(0));
        assert_eq!((after("soon"), after("-1")), (None, None));
    }

    #[test]
    fn no_two_pauses_are_alike() {
        let pause = Duration::from_secs(1);
        let some: Vec<Duration> = (0..20).map(|_| some_of(pause)).collect();
        assert!(some.iter().all(|some| *some <= pause));
        assert!(some.iter().any(|other| *other != some[0]));
    }

    #[test]
    fn the_tries_end() {
        let patience = Patience {
            pause: Duration::from_millis(1),
            longest: Duration::from_millis(20),
            tries: 3,
            ..Patience::default()
        };
        assert!(patience.wait(1, None) && patience.wait(2, Some(Duration::ZERO)));
        assert!(!patience.wait(3, None));
        assert!(!patience.wait(1, Some(Duration::from_secs(3600))));
    }
}
