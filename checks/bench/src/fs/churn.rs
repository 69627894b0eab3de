//! `fs.create`: files made, written and removed a second.

use std::fs::{self, File};
use std::io::{self, Write};

use super::tree;
use crate::measurement::{Figure, Measurement, Processors};

/// Files in a unit.
const UNIT: usize = 10;

/// The row.
pub static CHURN: Measurement = Measurement {
    figures: &[Figure::count(
        "fs.create",
        "files made, written and removed",
    )],
    processors: Processors::One,
    take: |task, clock| {
        let dir = tempfile::tempdir_in(task.written())
            .map_err(|error| format!("cannot make a directory: {error}"))?;
        tree::within(dir.path(), |dir| {
            let files: Vec<_> = (0..UNIT).map(|n| dir.join(n.to_string())).collect();
            let series = clock.series(|| {
                for file in &files {
                    File::create_new(file)?.write_all(b"content")?;
                }
                files.iter().try_for_each(fs::remove_file)
            });
            let series =
                series.map_err(|error: io::Error| format!("cannot make files: {error}"))?;
            Ok(vec![UNIT as f64 / series.typical()])
        })
    },
};
