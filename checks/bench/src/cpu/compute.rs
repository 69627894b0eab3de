//! `cpu.compute`: how much all processors compute in a time, waits included.
//!
//! A limit such as cpu.max lets a program run until its share of a period is used up and stops it
//! for the rest; a single unit of work does not show that, and the whole of a few periods does.
//! Control Group v2 of the kernel's admin guide, "CPU Interface Files"; the usual period is 0.1 s.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

use hpcctl_model::bench::Better;

use crate::end::run_on;
use crate::measurement::{Figure, Measurement, Processors};

/// The usual period of a limit, some of which are measured.
const PERIODS: Duration = Duration::from_millis(250);

/// Turns in a unit.
const UNIT: u64 = 20_000;

/// The row.
pub static COMPUTE: Measurement = Measurement {
    figures: &[Figure {
        id: "cpu.compute",
        what: "turns of a loop on every processor, waits included",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::All,
    take: |task, clock| {
        let length = clock.length().max(PERIODS);
        let planted = task.planted;
        let rates: Vec<f64> = thread::scope(|scope| {
            let threads: Vec<_> = task
                .processors
                .iter()
                .map(|processor| {
                    scope.spawn(move || {
                        run_on(*processor);
                        turns(length, planted)
                    })
                })
                .collect();
            let rates = threads.into_iter().map(thread::ScopedJoinHandle::join);
            rates.map(Result::unwrap_or_default).collect()
        });
        Ok(vec![rates.iter().sum()])
    },
};

/// Turns a second until the time is over; a delay that is planted makes them fewer.
fn turns(length: Duration, planted: f64) -> f64 {
    let begun = Instant::now();
    let mut units = 0_u64;
    let mut value = 1_u64;
    while begun.elapsed() < length {
        for turn in 0..UNIT {
            value = black_box(
                value
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(turn),
            );
        }
        units += 1;
    }
    (units * UNIT) as f64 / begun.elapsed().as_secs_f64() / (1.0 + planted)
}
