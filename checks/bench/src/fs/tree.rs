//! The tree that is read: small files in directories, and packages as Python has them.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::statistics::Random;

/// What it consists of: the directory of small files, and that of packages.
pub(crate) const PARTS: [&str; 2] = ["small", "python"];

/// Directories of small files.
const DIRECTORIES: usize = 16;

/// Files in each.
const FILES: usize = 32;

/// The bytes of a small file.
pub(crate) const SMALL: usize = 2048;

/// Directories of packages, as in `sys.path`.
pub(crate) const ENTRIES: usize = 5;

/// Modules in each of them.
pub(crate) const MODULES: usize = 40;

/// The bytes of a compiled module.
const COMPILED: usize = 6000;

/// Makes the tree; it is read by everybody and changed by nobody.
///
/// # Errors
///
/// When a file cannot be made.
pub fn make(place: &Path) -> io::Result<()> {
    let mut random = Random::new(0);
    for file in small_files(place) {
        write(&file, SMALL, &mut random)?;
    }
    for entry in entries(place) {
        for module in 0..MODULES {
            write(&source(&entry, module), SMALL, &mut random)?;
            write(&compiled(&entry, module), COMPILED, &mut random)?;
        }
    }
    Ok(())
}

/// Takes figures in a tree by names that are as long wherever it is: each part of a path takes its time.
///
/// # Errors
///
/// When it cannot be entered, and those of the figures.
pub(crate) fn within<T>(
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

/// Writes what no other file has, and what is packed to half of it, as text is: a squashfs keeps equal files once.
fn write(path: &Path, bytes: usize, random: &mut Random) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    let letters = |bits: u64| (0..16).map(move |n| b'a' + (bits >> (4 * n) & 15) as u8);
    let text: Vec<u8> = (0..bytes.div_ceil(16))
        .flat_map(|_| letters(random.bits()))
        .take(bytes)
        .collect();
    File::create(path)?.write_all(&text)
}

/// The directories of small files.
pub(crate) fn directories(place: &Path) -> Vec<PathBuf> {
    let name = |n| place.join(PARTS[0]).join(format!("{n:02}"));
    (0..DIRECTORIES).map(name).collect()
}

/// The small files.
pub(crate) fn small_files(place: &Path) -> Vec<PathBuf> {
    let files = |dir: PathBuf| (0..FILES).map(move |n| dir.join(format!("file{n:02}.txt")));
    directories(place).into_iter().flat_map(files).collect()
}

/// The directories of packages.
pub(crate) fn entries(place: &Path) -> Vec<PathBuf> {
    let name = |n| place.join(PARTS[1]).join(format!("{n}/site-packages"));
    (0..ENTRIES).map(name).collect()
}

/// The source of a module.
pub(crate) fn source(entry: &Path, module: usize) -> PathBuf {
    entry.join(format!("module{module:03}.py"))
}

/// What Python compiled it to.
pub(crate) fn compiled(entry: &Path, module: usize) -> PathBuf {
    entry.join(format!("__pycache__/module{module:03}.cpython-311.pyc"))
}
