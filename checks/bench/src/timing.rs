//! Units of work timed one after the other; where the warm-up ends is found, not assumed.

use std::hint;
use std::time::{Duration, Instant};

use crate::statistics::order;

/// The most units that are kept of a series.
const MOST: usize = 1 << 16;

/// The time that a unit of short work is to take, so that the clock is no part of it, and the most of them in one.
const UNIT: Duration = Duration::from_micros(50);
const TOGETHER: u32 = 1024;

/// How often it is tried how long short work takes: at most, and at least where it takes longer than that.
const TRIES: [u32; 2] = [16, 2];
const LONG: Duration = Duration::from_millis(1);

/// How long to measure, and the delay that is planted.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    length: Duration,
    planted: f64,
}

/// The seconds that each unit took.
#[derive(Debug, Clone)]
pub struct Series(Vec<f64>);

impl Clock {
    /// Measures for so long; each unit is made longer by the share `planted`.
    pub fn new(length: Duration, planted: f64) -> Self {
        Self { length, planted }
    }

    /// How long it measures.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// A clock for one of so many parts of the time.
    #[must_use]
    pub fn share(&self, of: u32) -> Self {
        Self {
            length: self.length / of.max(1),
            ..*self
        }
    }

    /// A clock that measures for so long at least.
    #[must_use]
    pub fn at_least(&self, length: Duration) -> Self {
        Self {
            length: self.length.max(length),
            ..*self
        }
    }

    /// Repeats a unit of work until the time is over, once at least.
    ///
    /// # Errors
    ///
    /// The first error of a unit.
    pub fn series<E>(&self, unit: impl FnMut() -> Result<(), E>) -> Result<Series, E> {
        self.series_after(|| (), unit)
    }

    /// The same, with something before each unit that is no part of it.
    ///
    /// # Errors
    ///
    /// The first error of a unit.
    pub fn series_after<E>(
        &self,
        mut before: impl FnMut(),
        mut unit: impl FnMut() -> Result<(), E>,
    ) -> Result<Series, E> {
        let mut times = Vec::with_capacity(1024);
        let begun = Instant::now();
        let mut last = begun;
        while times.is_empty() || (last - begun < self.length && times.len() < MOST) {
            before();
            let start = Instant::now();
            unit()?;
            last = Instant::now();
            if self.planted > 0.0 {
                last = spin(last, (last - start).mul_f64(self.planted));
            }
            times.push((last - start).as_secs_f64());
        }
        Ok(Series(times))
    }

    /// The seconds of one piece of work, of as many at a time as the clock is no part of.
    ///
    /// # Errors
    ///
    /// The first error of one.
    pub fn batches<E>(&self, mut one: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
        let [most, least] = TRIES;
        let (mut tries, begun) = (0, Instant::now());
        let mut each = Duration::MAX;
        while tries < least || (tries < most && begun.elapsed() < LONG) {
            let start = Instant::now();
            one()?;
            // The first ones are not as fast as all that follow.
            each = each.min(start.elapsed().max(Duration::from_nanos(1)));
            tries += 1;
        }
        let count = (UNIT.as_nanos() / each.as_nanos()).clamp(1, TOGETHER.into()) as u32;
        let series = self.series(|| (0..count).try_for_each(|_| one()))?;
        Ok(series.typical() / f64::from(count))
    }
}

/// Keeps the processor busy from `start` on.
fn spin(start: Instant, length: Duration) -> Instant {
    loop {
        let now = Instant::now();
        if now - start >= length {
            return now;
        }
        hint::spin_loop();
    }
}

impl Series {
    /// Units that were timed elsewhere, one at least, in seconds.
    pub fn of(times: Vec<f64>) -> Self {
        Self(times)
    }

    /// The units after the warm-up.
    pub fn steady(&self) -> &[f64] {
        &self.0[order::warm_up(&self.0)..]
    }

    /// The seconds of a unit: the median after the warm-up.
    pub fn typical(&self) -> f64 {
        order::median(self.steady())
    }

    /// Seconds that a share of the units do not reach.
    pub fn quantile(&self, share: f64) -> f64 {
        order::quantile(self.steady(), share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(clock: Clock) -> f64 {
        let series = clock.series(|| {
            spin(Instant::now(), Duration::from_micros(200));
            Ok::<(), ()>(())
        });
        series.unwrap().typical()
    }

    #[test]
    fn a_planted_delay_is_as_long_as_it_says() {
        let length = Duration::from_millis(60);
        let plain = busy(Clock::new(length, 0.0));
        let planted = busy(Clock::new(length, 0.5));
        // Each unit spins by the clock, so neither can be too short, however busy the node is.
        assert!(plain >= 200e-6 && planted >= 300e-6, "{plain} {planted}");
    }

    #[test]
    fn short_work_is_timed_many_at_a_time() {
        let mut count = 0_u32;
        let clock = Clock::new(Duration::ZERO, 0.0);
        let seconds = clock.batches(|| {
            count += 1;
            Ok::<(), String>(())
        });
        assert!(seconds.unwrap() < 1e-3);
        // As many as fit: a node that is busy just then makes them seem longer.
        let [most, least] = TRIES;
        assert!((least + 1..=most + TOGETHER).contains(&count), "{count}");
        // What takes long is not tried as often.
        let mut count = 0;
        let seconds = clock.batches(|| {
            count += 1;
            spin(Instant::now(), 2 * LONG);
            Ok::<(), String>(())
        });
        assert!(seconds.unwrap() >= 2e-3);
        assert_eq!(count, least + 1);
        let failed = clock.batches(|| Err("over"));
        assert_eq!(failed, Err("over"));
    }

    #[test]
    fn a_unit_that_fails_ends_the_series() {
        let mut left = 3;
        let series = Clock::new(Duration::from_secs(600), 0.0).series(|| {
            left -= 1;
            if left == 0 { Err("over") } else { Ok(()) }
        });
        assert_eq!(series.unwrap_err(), "over");
        let once = Clock::new(Duration::ZERO, 0.0).series(|| Ok::<(), ()>(()));
        assert_eq!(once.unwrap().steady().len(), 1);
    }
}
