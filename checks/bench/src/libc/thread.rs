//! `libc.thread`: threads started and joined a second, pthread_create(3).

use std::thread;

use hpcctl_model::bench::Better;

use super::bare;
use crate::measurement::{Figure, Measurement, Processors};

/// Threads in a unit.
const UNIT: usize = 4;

/// The row.
pub static START: Measurement = Measurement {
    figures: &[Figure {
        id: "libc.thread",
        what: "threads started and joined",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::Shared,
    take: |task, clock| {
        if let Some(seconds) = bare::apart(task, clock, "threads", UNIT) {
            return Ok(vec![UNIT as f64 / seconds?]);
        }
        let series = clock.series(|| {
            for _ in 0..UNIT {
                let started = thread::Builder::new().spawn(|| ());
                let thread = started.map_err(|error| format!("cannot start a thread: {error}"))?;
                thread.join().map_err(|_| "a thread failed".to_owned())?;
            }
            Ok::<(), String>(())
        });
        Ok(vec![UNIT as f64 / series?.typical()])
    },
};
