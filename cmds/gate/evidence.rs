//! Other results of an image, which a policy may ask for.

use std::path::{Path, PathBuf};

use hpcctl_gate::Evidence;

use crate::bounded;
use crate::failure::Failure;

/// No result is larger.
const LIMIT: u64 = 256 << 20;

/// Reads the results that were handed in.
pub fn read(files: &[PathBuf]) -> Result<Vec<Evidence>, Failure> {
    files.iter().map(|file| one(file)).collect()
}

fn one(file: &Path) -> Result<Evidence, Failure> {
    let name = file.display().to_string();
    let unreadable = |why: String| Failure::unreachable(format!("cannot read {name}: {why}"));
    let bytes = bounded::bytes(file, LIMIT).map_err(|error| unreadable(error.to_string()))?;
    Evidence::read(&name, &bytes).map_err(unreadable)
}
