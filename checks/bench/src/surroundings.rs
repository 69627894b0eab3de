//! What else the node does meanwhile: load, the work of others, stolen time, the frequency of its processors.
//!
//! proc_loadavg(5), proc_stat(5), proc_pid_stat(5), and cpufreq of the kernel's admin guide. The frequency is not only asked for:
//! how long the same work takes before and after says what it was, also on a machine that tells of none.

use std::hint::black_box;
use std::time::{Duration, Instant};

use hpcctl_host::Host;

/// Steps of the work that says how fast a processor is, each after the other: the fastest time is that of a processor that nobody
/// took away.
const STEPS: u64 = 100_000;

/// How long none may be faster before it is taken for the fastest, since a processor that had nothing to do is slow at first; and
/// the longest that is waited for.
const SETTLED: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// A share of the processors that is no more than the kernel's own work for the run, and a change of the frequency that matters.
const SOME: f64 = 0.1;
const CHANGE: f64 = 0.03;

/// Counters at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Moment {
    /// The load of the last minute.
    load: f64,
    /// Ticks of all processors.
    ticks: u64,
    /// Of which the hypervisor gave to others.
    stolen: u64,
    /// Of which processes had.
    used: u64,
    /// Of which this process had, and those that it started and that have ended.
    own: u64,
    /// How long a piece of work takes.
    work: Duration,
}

impl Moment {
    /// Looks now; what cannot be read is 0.
    pub(crate) fn now(host: &dyn Host) -> Self {
        let load = host.read("/proc/loadavg").unwrap_or_default();
        let stat = host.read("/proc/stat").unwrap_or_default();
        let ticks = numbers(stat.lines().next().unwrap_or_default());
        let own = host.read("/proc/self/stat").unwrap_or_default();
        // Behind the name, which may hold anything.
        let own = numbers(own.rsplit(')').next().unwrap_or_default());
        Self {
            load: load
                .split_whitespace()
                .next()
                .and_then(|load| load.parse().ok())
                .unwrap_or(0.0),
            // The two at the end, of guests, are in the first two already.
            ticks: ticks.iter().take(8).sum(),
            stolen: ticks.get(7).copied().unwrap_or(0),
            used: ticks.iter().take(3).sum(),
            own: own.iter().skip(OWN).take(4).sum(),
            work: work(),
        }
    }
}

/// Where utime, stime, cutime and cstime are behind the name, without the letter of the state.
const OWN: usize = 10;

fn numbers(line: &str) -> Vec<u64> {
    let words = line.split_whitespace().skip(1);
    // Some of a process may be negative.
    words.map(|word| word.parse().unwrap_or(0)).collect()
}

/// The fastest time of some work that is nothing but steps of a processor.
fn work() -> Duration {
    let begun = Instant::now();
    fastest(steps, || begun.elapsed())
}

/// The least of what is timed, until none was less for a while on a clock.
fn fastest(mut time: impl FnMut() -> Duration, clock: impl Fn() -> Duration) -> Duration {
    let (mut least, mut since) = (time(), clock());
    loop {
        let now = clock();
        if now >= since + SETTLED || now >= LONGEST {
            return least;
        }
        let next = time();
        if next < least {
            (least, since) = (next, clock());
        }
    }
}

/// The time of the work, once.
fn steps() -> Duration {
    let start = Instant::now();
    let mut number = black_box(1_u64);
    for _ in 0..STEPS {
        // Each step needs the one before.
        number = black_box(number.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
    }
    black_box(number);
    start.elapsed()
}

/// What of the node makes a run doubtful. `is_ours` says whether all that ran for it is of this process.
pub(crate) fn doubts(
    host: &dyn Host,
    before: Moment,
    after: Moment,
    processors: usize,
    is_ours: bool,
) -> Vec<String> {
    let mut doubts = Vec::new();
    // What was there before the run is not the run's own.
    if before.load > processors as f64 * 0.5 {
        doubts.push(format!(
            "others were at work: the load was {:.1} on {processors} processors when the run began",
            before.load
        ));
    }
    let ticks = after.ticks.saturating_sub(before.ticks);
    let stolen = after.stolen.saturating_sub(before.stolen);
    if ticks > 0 && stolen * 100 > ticks {
        doubts.push(format!(
            "the hypervisor gave {:.0} % of the time to other machines",
            100.0 * stolen as f64 / ticks as f64
        ));
    }
    doubts.extend(others(before, after).filter(|_| is_ours));
    doubts.extend(frequency(before.work, after.work));
    let governor = host.read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    if let Ok(governor) = governor
        && governor.trim() != "performance"
    {
        let governor = governor.trim();
        doubts.push(format!(
            "the frequency of the processors changes: governor {governor}"
        ));
    }
    doubts
}

/// Says where others were at work during the run, whenever they began.
fn others(before: Moment, after: Moment) -> Option<String> {
    let since = |of: fn(&Moment) -> u64| of(&after).saturating_sub(of(&before)) as f64;
    let share = (since(|it| it.used) - since(|it| it.own)) / since(|it| it.ticks);
    (share > SOME).then(|| {
        let percent = 100.0 * share;
        format!("others were at work during the run: they had {percent:.0} % of all processors")
    })
}

/// Says where a processor became faster or slower.
fn frequency(before: Duration, after: Duration) -> Option<String> {
    let ratio = after.as_secs_f64() / before.as_secs_f64();
    ((ratio - 1.0).abs() > CHANGE && ratio.is_finite()).then(|| {
        let [percent, way] = match ratio > 1.0 {
            true => [format!("{:.0}", (ratio - 1.0) * 100.0), "more".into()],
            false => [format!("{:.0}", (1.0 - ratio) * 100.0), "less".into()],
        };
        format!("the speed of the processors changed: the same work took {percent} % {way} time after the run than before")
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use hpcctl_host::Live;

    use super::*;

    #[test]
    fn the_node_is_read() {
        let now = Moment::now(&Live);
        assert!(now.ticks > 0 && now.used > 0, "{now:?}");
        assert!(now.work > Duration::from_micros(20), "{now:?}");
    }

    #[test]
    fn a_processor_that_wakes_up_is_waited_for() {
        let millis = Duration::from_millis;
        let tried = Cell::new(0);
        // Each try takes 4 ms, and the thirtieth is the first at full speed.
        let run = |at: fn(u64) -> u64| {
            tried.set(0);
            let time = || {
                tried.set(tried.get() + 1);
                Duration::from_micros(at(tried.get()))
            };
            fastest(time, || millis(4 * tried.get()))
        };
        let woken = run(|n| if n < 30 { 500 - n } else { 200 });
        assert_eq!((woken, tried.get()), (Duration::from_micros(200), 43));
        // One that becomes faster for ever has an end.
        run(|n| 1000 - n);
        assert_eq!(tried.get(), 250);
    }

    #[test]
    fn load_and_stolen_time_are_told() {
        let before = Moment {
            load: 9.0,
            ticks: 100,
            ..Moment::default()
        };
        let after = Moment {
            load: 1.0,
            ticks: 200,
            stolen: 7,
            ..Moment::default()
        };
        let doubts = doubts(&Live, before, after, 2, true).join("\n");
        assert!(
            doubts.contains("the load was 9.0 on 2 processors"),
            "{doubts}"
        );
        assert!(doubts.contains("7 % of the time"), "{doubts}");
        let quiet = super::doubts(&Live, after, after, 2, true);
        assert!(
            quiet.iter().all(|doubt| doubt.contains("governor")),
            "{quiet:?}"
        );
    }

    #[test]
    fn work_of_others_and_another_speed_are_told() {
        let at = |ticks, used, own| Moment {
            ticks,
            used,
            own,
            ..Moment::default()
        };
        let begun = at(1000, 500, 10);
        assert_eq!(others(begun, at(2000, 1350, 800)), None);
        let said = others(begun, at(2000, 1450, 400)).unwrap();
        assert!(said.contains("56 % of all"), "{said}");
        // Nothing is known.
        assert_eq!(others(begun, begun), None);
        let [fast, slow] = [100, 110].map(Duration::from_micros);
        assert!(frequency(fast, slow).unwrap().contains("10 % more time"));
        assert!(frequency(slow, fast).unwrap().contains("9 % less time"));
        assert_eq!(frequency(fast, fast), None);
        assert_eq!(frequency(Duration::ZERO, fast), None);
    }

    #[test]
    fn what_this_process_uses_is_its_own() {
        let before = Moment::now(&Live);
        let until = Instant::now() + Duration::from_millis(300);
        while Instant::now() < until {
            work();
        }
        let after = Moment::now(&Live);
        assert!(after.own > before.own, "{before:?} {after:?}");
    }
}
