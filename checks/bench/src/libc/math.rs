//! `libc.math`: functions of the mathematical library a second, sin(3), exp(3), log(3), pow(3).

use std::hint::black_box;

use hpcctl_model::bench::Better;

use super::bare;
use crate::measurement::{Figure, Measurement, Processors};

/// Arguments in a unit, each of which goes through four functions.
const UNIT: usize = 1000;

/// The row.
pub static MATH: Measurement = Measurement {
    figures: &[Figure {
        id: "libc.math",
        what: "sin, exp, log and pow of doubles",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::One,
    take: |task, clock| {
        if let Some(seconds) = bare::apart(task, clock, "functions", UNIT) {
            return Ok(vec![(4 * UNIT) as f64 / seconds?]);
        }
        let arguments: Vec<f64> = (1..=UNIT).map(|n| 0.37 * n as f64 % 11.0 + 0.1).collect();
        let mut sum = 0.0;
        let series = clock.series(|| {
            for x in &arguments {
                let x = black_box(*x);
                sum += x.sin() + x.exp() + x.ln() + x.powf(1.7);
            }
            Ok::<(), String>(())
        });
        black_box(sum);
        Ok(vec![(4 * UNIT) as f64 / series?.typical()])
    },
};
