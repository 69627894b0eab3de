//! `net.memory.latency`: how long a word in memory takes from one processor to another and back,
//! halved: the floor under every other way. A tenth of the units is faster than the figure: what
//! the scheduler adds, which is a thousand times more, is left out.

use std::hint;
use std::sync::atomic::{AtomicUsize, Ordering::Acquire, Ordering::Release};
use std::thread;

use hpcctl_model::bench::Better;
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::measurement::{Figure, Measurement, Processors};

/// Round trips in a unit.
const UNIT: usize = 50;

/// Looks at the word before the processor is offered to others.
const LOOKS: u32 = 20_000;

/// The value that ends it.
const OVER: usize = usize::MAX;

/// The row.
pub static MEMORY: Measurement = Measurement {
    figures: &[Figure {
        id: "net.memory.latency",
        what: "a word of memory from one processor to another",
        unit: "ns",
        better: Better::Less,
    }],
    processors: Processors::Two,
    take: |task, clock| {
        let [near, far, ..] = *task.processors.as_slice() else {
            return Err("there is one processor only".into());
        };
        let word = &Apart(AtomicUsize::new(0));
        let series = thread::scope(|scope| {
            scope.spawn(move || {
                // Where that fails the figure is that of wherever it runs.
                let _ = run_on(far);
                let mut expected = 1;
                while word.wait(|value| value == expected || value == OVER) != OVER {
                    word.0.store(expected + 1, Release);
                    expected += 2;
                }
            });
            let _ = run_on(near);
            let mut next = 0;
            let series = clock.series(|| {
                for _ in 0..UNIT {
                    word.0.store(next + 1, Release);
                    next += 2;
                    word.wait(|value| value == next);
                }
                Ok::<(), String>(())
            });
            word.0.store(OVER, Release);
            series
        });
        Ok(vec![series?.quantile(0.1) * 1e9 / (2 * UNIT) as f64])
    },
};

/// Keeps this thread on a processor: of two that wait for each other the scheduler would put both
/// on one.
fn run_on(processor: usize) -> rustix::io::Result<()> {
    let mut only = CpuSet::new();
    only.set(processor);
    sched_setaffinity(None, &only)
}

/// A word with a cache line of its own, and the next, which processors fetch with it.
#[repr(align(128))]
struct Apart(AtomicUsize);

impl Apart {
    fn wait(&self, until: impl Fn(usize) -> bool) -> usize {
        let mut looks = 0;
        loop {
            let value = self.0.load(Acquire);
            if until(value) {
                return value;
            }
            looks += 1;
            if looks % LOOKS == 0 {
                thread::yield_now();
            }
            hint::spin_loop();
        }
    }
}
