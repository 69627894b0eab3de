//! `fs.read`: small files opened, read and closed a second.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::tree;
use crate::measurement::{Figure, Measurement, Processors};
use crate::timing::Clock;

/// The row.
pub static SMALL: Measurement = Measurement {
    figures: &[Figure::count(
        "fs.read",
        "files of 2 KiB opened, read and closed",
    )],
    processors: Processors::One,
    take: |task, clock| tree::within(&task.tree, |tree| Ok(vec![read(tree, clock)?])),
};

/// Reads every small file: how many a second.
pub(crate) fn read(tree: &Path, clock: Clock) -> Result<f64, String> {
    let mut bytes = vec![0; tree::SMALL];
    let files = tree::small_files(tree);
    let series = clock.series(|| files.iter().try_for_each(|file| whole(file, &mut bytes)));
    Ok(files.len() as f64 / series?.typical())
}

/// Reads as many bytes of a file as are asked for.
fn whole(file: &Path, bytes: &mut [u8]) -> Result<(), String> {
    let read = File::open(file).and_then(|mut open| open.read_exact(bytes));
    read.map_err(|error| format!("cannot read {}: {error}", file.display()))
}
