//! `libc.string`: bytes copied, compared and filled a second, memcpy(3), memcmp(3), memset(3),
//! in pieces of 8 bytes to 16 KiB.

use std::hint::black_box;

use hpcctl_model::bench::Better;

use super::bare;
use crate::measurement::{Figure, Measurement, Processors};

/// The largest piece.
const LARGEST: usize = 16 << 10;

/// The row.
pub static STRING: Measurement = Measurement {
    figures: &[Figure {
        id: "libc.string",
        what: "memory copied, compared and filled, in pieces of 8 B to 16 KiB",
        unit: "MB/s",
        better: Better::More,
    }],
    processors: Processors::One,
    take: |task, clock| {
        let sizes: Vec<usize> = (3..=14).map(|power| 1 << power).collect();
        // As many bytes of each size.
        let bytes = 3 * LARGEST * sizes.len();
        if let Some(seconds) = bare::apart(task, clock, "string", LARGEST) {
            return Ok(vec![bytes as f64 / 1e6 / seconds?]);
        }
        let from = vec![b'a'; LARGEST];
        let mut to = vec![0_u8; LARGEST];
        let series = clock.series(|| {
            for size in &sizes {
                for _ in 0..LARGEST / size {
                    let (from, to) = (black_box(&from[..*size]), black_box(&mut to[..*size]));
                    to.copy_from_slice(from);
                    if from != to {
                        return Err("memory does not hold what was copied".to_owned());
                    }
                    to.fill(0);
                }
            }
            Ok(())
        });
        Ok(vec![bytes as f64 / 1e6 / series?.typical()])
    },
};
