//! `hpcctl scan host`: the node's own software, which a bind mount would bring into a container.
//!
//! Homes and scratch space are not the node's: of the root directory only the places of the
//! Filesystem Hierarchy Standard that hold software are read, and what is named.

use std::fs;
use std::path::{Path, PathBuf};

use hpcctl_image::{LicenseFiles, Options, escape_glob};

use super::reading::Reading;
use crate::failure::Failure;

/// The directories of a root file system that hold software, or databases of it.
const SOFTWARE: &[&str] = &[
    "bin", "etc", "lib", "lib32", "lib64", "libx32", "opt", "sbin", "usr", "var",
];

/// What is below them and no software of the node.
const ELSE: &[&str] = &[
    "usr/src",
    "var/cache",
    "var/lib/containers",
    "var/lib/docker",
    "var/log",
    "var/spool",
    "var/tmp",
];

/// The options of the scan of the host whose root is `root`.
pub fn options(root: &Path, also: &[PathBuf], reading: &Reading) -> Result<Options, Failure> {
    let mut options = reading.options(LicenseFiles::Declared)?;
    let entries = fs::read_dir(root).map_err(|error| {
        Failure::unreachable(format!("cannot read {}: {error}", root.display()))
    })?;
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !SOFTWARE.contains(&&*name) {
            options.exclude_paths.extend(beside(root, &name, also));
        }
    }
    options
        .exclude_paths
        .extend(ELSE.iter().map(ToString::to_string));
    options.exclude_paths.sort();
    Ok(options)
}

/// What to leave out of a directory: all of it, or all beside what is asked for below it.
fn beside(root: &Path, path: &str, also: &[PathBuf]) -> Vec<String> {
    let wanted = |path: &str| {
        let here = Path::new("/").join(path);
        also.iter().any(|also| here.starts_with(also))
    };
    let leads = |path: &str| {
        let here = Path::new("/").join(path);
        also.iter().any(|also| also.starts_with(&here))
    };
    if wanted(path) {
        return Vec::new();
    }
    if !leads(path) {
        return vec![escape_glob(path)];
    }
    let below = fs::read_dir(root.join(path))
        .into_iter()
        .flatten()
        .flatten();
    let names = below.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .flat_map(|name| beside(root, &format!("{path}/{name}"), also))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_kept_of_a_directory() {
        let root = tempfile::tempdir().unwrap();
        for path in [
            "apps/mpi/4.1",
            "apps/home",
            "apps/a[1]",
            "home/alice",
            "usr/lib",
        ] {
            fs::create_dir_all(root.path().join(path)).unwrap();
        }
        let also = [PathBuf::from("/apps/mpi")];
        assert_eq!(beside(root.path(), "home", &also), ["home"]);
        let mut apps = beside(root.path(), "apps", &also);
        apps.sort();
        assert_eq!(apps, ["apps/a[[]1[]]", "apps/home"]);
        assert_eq!(beside(root.path(), "apps", &[]), ["apps"]);
    }
}
