//! The tree that is read: small files in directories, and packages as Python has them.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Directories of small files.
const DIRECTORIES: usize = 16;

/// Files in each.
const FILES: usize = 32;

/// The bytes of a small file.
pub(super) const SMALL: usize = 2048;

/// Directories of packages, as in `sys.path`.
pub(super) const ENTRIES: usize = 5;

/// Modules in each of them.
pub(super) const MODULES: usize = 40;

/// The bytes of a compiled module.
const COMPILED: usize = 6000;

/// Makes the tree; it is read by everybody and changed by nobody.
///
/// # Errors
///
/// When a file cannot be made.
pub fn make(place: &Path) -> io::Result<()> {
    for file in small_files(place) {
        write(&file, SMALL)?;
    }
    for entry in entries(place) {
        for module in 0..MODULES {
            write(&source(&entry, module), SMALL)?;
            write(&compiled(&entry, module), COMPILED)?;
        }
    }
    fs::create_dir_all(place.join("churn"))
}

/// Takes figures in a tree by names that are as long wherever it is: each part of a path takes its time.
///
/// # Errors
///
/// When it cannot be entered, and those of the figures.
pub(super) fn within<T>(
    tree: &Path,
    take: impl FnOnce(&Path) -> Result<T, String>,
) -> Result<T, String> {
    let before = env::current_dir();
    env::set_current_dir(tree)
        .map_err(|error| format!("cannot enter {}: {error}", tree.display()))?;
    let taken = take(Path::new(""));
    // Where it was may be gone, and nothing else asks.
    let _ = before.and_then(env::set_current_dir);
    taken
}

fn write(path: &Path, bytes: usize) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    File::create(path)?.write_all(&vec![b'x'; bytes])
}

/// The directories of small files.
pub(super) fn directories(place: &Path) -> Vec<PathBuf> {
    let name = |n| place.join(format!("small/{n:02}"));
    (0..DIRECTORIES).map(name).collect()
}

/// The small files.
pub(super) fn small_files(place: &Path) -> Vec<PathBuf> {
    let files = |dir: PathBuf| (0..FILES).map(move |n| dir.join(format!("file{n:02}.txt")));
    directories(place).into_iter().flat_map(files).collect()
}

/// The directories of packages.
pub(super) fn entries(place: &Path) -> Vec<PathBuf> {
    let name = |n| place.join(format!("python/{n}/site-packages"));
    (0..ENTRIES).map(name).collect()
}

/// The source of a module.
pub(super) fn source(entry: &Path, module: usize) -> PathBuf {
    entry.join(format!("module{module:03}.py"))
}

/// What Python compiled it to.
pub(super) fn compiled(entry: &Path, module: usize) -> PathBuf {
    entry.join(format!("__pycache__/module{module:03}.cpython-311.pyc"))
}
