//! The entry point: from a reference to the report's `result`.

use hpcctl_model::Unknown;
use hpcctl_model::scan::Scan;

use crate::{Error, Limits, Progress, Reference};

/// In which files licences are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LicenseFiles {
    /// Every text file.
    #[default]
    Full,
    /// Only files named after a licence, such as `LICENSE`, `COPYING`, `NOTICE` or `copyright`.
    Declared,
}

/// How to scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// In which files licences are looked for.
    pub licenses: LicenseFiles,
    /// How much is read at most.
    pub limits: Limits,
}

/// What a scan found, and what it could not find out.
#[derive(Debug, Clone, PartialEq)]
pub struct Scanned {
    /// The report's result; `complete` is false when `unknowns` is not empty.
    pub scan: Scan,
    /// What could not be read, and why.
    pub unknowns: Vec<Unknown>,
}

/// Scans an image.
///
/// # Errors
///
/// When there is no image to scan; what is wrong inside an image is in [`Scanned::unknowns`].
pub fn scan(
    reference: &Reference,
    options: &Options,
    progress: &(dyn Progress + Sync),
) -> Result<Scanned, Error> {
    let _ = (options, progress);
    let path = reference.source().path().to_path_buf();
    let what = "of a format";
    Err(Error::Unsupported { path, what })
}
