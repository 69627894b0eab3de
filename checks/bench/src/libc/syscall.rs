//! `libc.syscall`: the cheapest system call, getppid(2): what a seccomp filter makes dearer.

use std::hint::black_box;

use hpcctl_model::bench::Better;

use super::bare;
use crate::measurement::{Figure, Measurement, Processors};

/// Calls in a unit.
const UNIT: usize = 1000;

/// The row.
pub static SYSCALL: Measurement = Measurement {
    figures: &[Figure {
        id: "libc.syscall",
        what: "a system call, getppid",
        unit: "ns",
        better: Better::Less,
    }],
    processors: Processors::One,
    take: |task, clock| {
        if let Some(seconds) = bare::apart(task, clock, "kernel", UNIT) {
            return Ok(vec![seconds? * 1e9 / UNIT as f64]);
        }
        let series = clock.series(|| {
            for _ in 0..UNIT {
                black_box(rustix::process::getppid());
            }
            Ok::<(), String>(())
        });
        Ok(vec![series?.typical() * 1e9 / UNIT as f64])
    },
};
