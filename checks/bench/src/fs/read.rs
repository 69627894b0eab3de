//! `fs.read`: small files opened, read and closed a second.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use hpcctl_model::bench::Better;

use super::tree;
use crate::measurement::{Figure, Measurement, Processors};

/// The row.
pub static SMALL: Measurement = Measurement {
    figures: &[Figure {
        id: "fs.read",
        what: "files of 2 KiB opened, read and closed",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::One,
    take: |task, clock| {
        let mut bytes = vec![0; tree::SMALL];
        tree::within(&task.tree, |tree| {
            let files = tree::small_files(tree);
            let series = clock.series(|| files.iter().try_for_each(|file| whole(file, &mut bytes)));
            Ok(vec![files.len() as f64 / series?.typical()])
        })
    },
};

/// Reads as many bytes of a file as are asked for.
fn whole(file: &Path, bytes: &mut [u8]) -> Result<(), String> {
    let read = File::open(file).and_then(|mut open| open.read_exact(bytes));
    read.map_err(|error| format!("cannot read {}: {error}", file.display()))
}
