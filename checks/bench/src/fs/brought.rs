//! `fs.image.…`: the files that an image brings, where they lie in the container, beside a copy of them on the node.
//!
//! The other figures are of files that are bound into a container, or of an empty tree; these are of its root.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::tree;
use crate::environs::text;
use crate::measurement::{Figure, Measurement, Processors, Task};
use crate::timing::Clock;

/// The row.
pub static IMAGE: Measurement = Measurement {
    figures: &[
        Figure::count("fs.image.stat", "files of the image looked at"),
        Figure::count(
            "fs.image.read",
            "files of the image opened, read and closed",
        ),
    ],
    processors: Processors::One,
    take,
};

/// In the shared directory: the copy, and the names of the files, a line each.
pub(crate) const COPY: &str = "image";
const NAMES: &str = "image.names";

/// The most files, and the most bytes of one.
const FILES: usize = 256;
const BYTES: u64 = 32 << 10;

/// The most entries of directories that are looked at, and how deep.
const ENTRIES: usize = 20_000;
const DEPTH: usize = 12;

/// Directories that a runtime mounts something on, or writes to, or that our own is mounted on.
const OF_RUNTIMES: [&str; 13] = [
    "dev", "etc", "home", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp", "var", "opt",
];

fn take(task: &Task, clock: Clock) -> Result<Vec<f64>, String> {
    let list = task.place.join(NAMES);
    let names = text(&list);
    if names.is_empty() {
        return Err(format!("cannot read {}", list.display()));
    }
    let files: Vec<&Path> = names.lines().map(Path::new).collect();
    let clock = clock.share(2);
    let mut bytes = Vec::with_capacity(BYTES as usize);
    tree::within(&task.tree, |_| {
        let failed = |file: &Path, error: &io::Error| format!("{}: {error}", file.display());
        let looked = clock.series(|| {
            let mut files = files.iter();
            files.try_for_each(|file| fs::metadata(file).map(drop).map_err(|e| failed(file, &e)))
        })?;
        let read = clock.series(|| {
            let mut files = files.iter();
            files.try_for_each(|file| whole(file, &mut bytes).map_err(|e| failed(file, &e)))
        })?;
        let rate = |seconds: f64| files.len() as f64 / seconds;
        Ok(vec![rate(looked.typical()), rate(read.typical())])
    })
}

fn whole(file: &Path, bytes: &mut Vec<u8>) -> io::Result<()> {
    bytes.clear();
    File::open(file)?.take(BYTES).read_to_end(bytes).map(drop)
}

/// Copies files of an image into the shared directory; how many there are.
///
/// # Errors
///
/// When they cannot be written.
pub(crate) fn copy(image: &Path, shared: &Path) -> io::Result<usize> {
    let names = choose(image);
    for name in &names {
        let to = shared.join(COPY).join(name);
        fs::create_dir_all(to.parent().unwrap_or(shared))?;
        fs::copy(image.join(name), to)?;
    }
    let mut list = File::create(shared.join(NAMES))?;
    for name in &names {
        writeln!(list, "{}", name.display())?;
    }
    Ok(names.len())
}

/// Small files that can be read, as they are below an image, in the order of their names.
fn choose(image: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = ENTRIES;
    for name in names(image, &mut left) {
        let is_of_runtimes = OF_RUNTIMES.iter().any(|other| Path::new(other) == name);
        if !is_of_runtimes && found.len() < FILES {
            descend(image, &name, DEPTH, &mut left, &mut found);
        }
    }
    found
}

fn descend(image: &Path, at: &Path, deep: usize, left: &mut usize, found: &mut Vec<PathBuf>) {
    let path = image.join(at);
    let Ok(meta) = fs::symlink_metadata(&path) else {
        return;
    };
    let is_line = at.to_str().is_some_and(|name| !name.contains('\n'));
    if meta.is_file() && is_line && (1..=BYTES).contains(&meta.len()) && File::open(&path).is_ok() {
        found.push(at.to_path_buf());
    } else if meta.is_dir() && deep > 0 {
        for name in names(&path, left) {
            if found.len() == FILES {
                return;
            }
            descend(image, &at.join(name), deep - 1, left, found);
        }
    }
}

/// The names in a directory, sorted, while entries are left.
fn names(dir: &Path, left: &mut usize) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .take(*left);
    let mut names: Vec<PathBuf> = entries.map(|entry| entry.file_name().into()).collect();
    *left -= names.len();
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(path: &Path, bytes: usize) {
        File::create(path)
            .unwrap()
            .write_all(&vec![b'x'; bytes])
            .unwrap();
    }

    #[test]
    fn small_files_of_the_image_alone_are_copied() {
        let dir = tempfile::tempdir().unwrap();
        let (image, shared) = (dir.path().join("image"), dir.path().join("shared"));
        for name in ["usr/lib", "etc"] {
            fs::create_dir_all(image.join(name)).unwrap();
        }
        fs::create_dir(&shared).unwrap();
        for (name, bytes) in [
            ("usr/lib/a", 10),
            ("usr/lib/empty", 0),
            ("usr/lib/large", BYTES as usize + 1),
            ("etc/hosts", 10),
            ("usr/lib/two\nlines", 10),
        ] {
            write(&image.join(name), bytes);
        }
        symlink("/etc/passwd", image.join("usr/lib/link")).unwrap();
        symlink("/", image.join("usr/all")).unwrap();
        assert_eq!(copy(&image, &shared).unwrap(), 1);
        assert_eq!(text(shared.join(NAMES)), "usr/lib/a\n");
        assert!(shared.join("image/usr/lib/a").is_file());
    }

    #[test]
    fn no_image_is_walked_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("usr")).unwrap();
        for n in 0..FILES + 10 {
            write(&dir.path().join(format!("usr/{n}")), 1);
        }
        assert_eq!(choose(dir.path()).len(), FILES);
        let mut left = 5;
        assert_eq!(names(&dir.path().join("usr"), &mut left).len(), 5);
        assert_eq!(left, 0);
    }
}
