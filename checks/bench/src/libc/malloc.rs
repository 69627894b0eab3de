//! `libc.malloc`, `libc.malloc.threads`: allocations a second, malloc(3) and free(3), which
//! Rust's allocator calls; with threads C libraries differ most.

use std::hint::black_box;
use std::thread;

use hpcctl_model::bench::Better;

use super::bare::{self, Work};
use crate::measurement::{Figure, Measurement, Processors};
use crate::statistics::Random;
use crate::timing::Clock;

/// Allocations in a unit.
const UNIT: usize = 2000;

/// Allocations that are alive at a time.
const ALIVE: usize = 256;

/// What the bare program calls this.
const WORK: &str = "malloc";

/// Threads that allocate at once.
const THREADS: usize = 4;

/// The row of one thread.
pub static ONE: Measurement = Measurement {
    figures: &[Figure {
        id: "libc.malloc",
        what: "memory allocated and freed by one thread",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::One,
    take: |task, clock| match bare::apart(task, clock, WORK, UNIT) {
        Some(seconds) => Ok(vec![UNIT as f64 / seconds?]),
        None => Ok(vec![allocate(clock, 1)?]),
    },
};

/// The row of several.
pub static MANY: Measurement = Measurement {
    figures: &[Figure {
        id: "libc.malloc.threads",
        what: "memory allocated and freed by four threads at once, together",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::All,
    take: |task, clock| {
        let work = Work {
            name: WORK,
            unit: UNIT,
            threads: THREADS,
        };
        if let Some(taken) = bare::threads(task, clock, &work) {
            let rates = taken?.into_iter().map(|seconds| UNIT as f64 / seconds);
            return Ok(vec![rates.sum()]);
        }
        let rates: Result<Vec<f64>, String> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|n| scope.spawn(move || allocate(clock, n as u64)))
                .collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err("a thread failed".into()))
                })
                .collect()
        });
        Ok(vec![rates?.iter().sum()])
    },
};

/// Allocations a second, of 16 bytes to 4 KiB, small ones mostly.
fn allocate(clock: Clock, seed: u64) -> Result<f64, String> {
    let mut random = Random::new(seed);
    let sizes: Vec<usize> = (0..UNIT)
        .map(|_| 16 << random.below(1 + random.clone().below(9)))
        .collect();
    let mut alive: Vec<Vec<u8>> = vec![Vec::new(); ALIVE];
    let series = clock.series(|| {
        for (n, size) in sizes.iter().enumerate() {
            alive[n % ALIVE] = black_box(Vec::with_capacity(*size));
        }
        Ok::<(), String>(())
    });
    Ok(UNIT as f64 / series?.typical())
}
