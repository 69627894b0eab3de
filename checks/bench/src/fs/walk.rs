//! `fs.stat`, `fs.list`: names looked up and directories listed a second, stat(2), getdents(2).

use std::fs;
use std::path::Path;

use super::tree;
use crate::measurement::{Figure, Measurement, Processors};
use crate::timing::Clock;

/// The row of looking up.
pub static STAT: Measurement = Measurement {
    figures: &[Figure::count("fs.stat", "files looked at")],
    processors: Processors::One,
    take: |task, clock| tree::within(&task.tree, |tree| Ok(vec![look(tree, clock)?])),
};

/// The row of listing.
pub static LIST: Measurement = Measurement {
    figures: &[Figure::count("fs.list", "entries of directories listed")],
    processors: Processors::One,
    take: |task, clock| tree::within(&task.tree, |tree| list(tree, clock)),
};

/// Looks at every small file: how many a second.
pub(crate) fn look(tree: &Path, clock: Clock) -> Result<f64, String> {
    let files = tree::small_files(tree);
    let series = clock.series(|| {
        files.iter().try_for_each(|file| {
            let looked = fs::metadata(file).map(drop);
            looked.map_err(|error| format!("cannot look at {}: {error}", file.display()))
        })
    });
    Ok(files.len() as f64 / series?.typical())
}

fn list(tree: &Path, clock: Clock) -> Result<Vec<f64>, String> {
    let directories = tree::directories(tree);
    let files = tree::small_files(tree).len();
    let series = clock.series(|| {
        let mut listed = 0;
        for dir in &directories {
            let failed = |error| format!("cannot list {}: {error}", dir.display());
            listed += fs::read_dir(dir).map_err(failed)?.count();
        }
        if listed == files {
            Ok(())
        } else {
            Err(format!("{listed} files were listed, not {files}"))
        }
    });
    Ok(vec![files as f64 / series?.typical()])
}
