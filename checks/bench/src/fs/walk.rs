//! `fs.stat`, `fs.list`: names looked up and directories listed a second, stat(2), getdents(2).

use std::fs;

use hpcctl_model::bench::Better;

use super::tree;
use crate::measurement::{Figure, Measurement, Processors};

/// The row of looking up.
pub static STAT: Measurement = Measurement {
    figures: &[Figure {
        id: "fs.stat",
        what: "files looked at",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::One,
    take: |task, clock| {
        let files = tree::small_files(&task.tree);
        let series = clock.series(|| {
            files.iter().try_for_each(|file| {
                let looked = fs::metadata(file).map(drop);
                looked.map_err(|error| format!("cannot look at {}: {error}", file.display()))
            })
        });
        Ok(vec![files.len() as f64 / series?.typical()])
    },
};

/// The row of listing.
pub static LIST: Measurement = Measurement {
    figures: &[Figure {
        id: "fs.list",
        what: "entries of directories listed",
        unit: "/s",
        better: Better::More,
    }],
    processors: Processors::One,
    take: |task, clock| {
        let directories = tree::directories(&task.tree);
        let files = tree::small_files(&task.tree).len();
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
    },
};
