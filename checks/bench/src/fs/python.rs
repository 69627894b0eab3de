//! `fs.import`: the files of a Python program that starts, as its import system reads them.
//!
//! Each directory of `sys.path` is listed once; for each module every directory up to the one
//! that has it is looked at for a change, then the source is looked at and what it was compiled
//! to is read (importlib.machinery.FileFinder and SourceLoader of the Python manual).

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::tree;
use crate::measurement::{Figure, Measurement, Processors};
use crate::timing::Clock;

/// The row.
pub static IMPORT: Measurement = Measurement {
    figures: &[Figure::count(
        "fs.import",
        "modules found and read as Python imports them",
    )],
    processors: Processors::One,
    take: |task, clock| tree::within(&task.tree, |tree| Ok(vec![import(tree, clock)?])),
};

/// Imports every module: how many a second.
pub(crate) fn import(tree: &Path, clock: Clock) -> Result<f64, String> {
    let modules = tree::ENTRIES * tree::MODULES;
    let entries = tree::entries(tree);
    let series = clock.series(|| {
        start(&entries).map_err(|error| format!("cannot import as Python does: {error}"))
    });
    Ok(modules as f64 / series?.typical())
}

/// What a fresh interpreter does for every module.
fn start(entries: &[PathBuf]) -> io::Result<()> {
    let listed: Vec<HashSet<OsString>> = entries
        .iter()
        .map(|entry| {
            fs::read_dir(entry)?
                .map(|name| Ok(name?.file_name()))
                .collect()
        })
        .collect::<io::Result<_>>()?;
    for module in 0..tree::MODULES {
        // As far as the n-th directory, because those before it do not have the module.
        for place in 0..entries.len() {
            for entry in &entries[..=place] {
                fs::metadata(entry)?;
            }
            load(&entries[place], &listed[place], module)?;
        }
    }
    Ok(())
}

/// Finds a module in a directory that has it, and reads it.
fn load(entry: &Path, listed: &HashSet<OsString>, module: usize) -> io::Result<()> {
    let source = tree::source(entry, module);
    if source.file_name().is_none_or(|name| !listed.contains(name)) {
        return Err(io::Error::other("a module is missing"));
    }
    fs::metadata(&source)?;
    let mut bytes = Vec::new();
    File::open(tree::compiled(entry, module))?
        .take(1 << 20)
        .read_to_end(&mut bytes)?;
    Ok(())
}
