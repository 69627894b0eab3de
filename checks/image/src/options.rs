//! How to scan.

use std::path::PathBuf;

use crate::{Limits, Platform};

/// In which files licences are looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LicenseFiles {
    /// Every text file.
    #[default]
    Full,
    /// Only files named after a licence, such as `LICENSE`, `COPYING`, `NOTICE` or `copyright`.
    Declared,
}

/// What is made of the digests of the plain layers that the configuration of an image promises.
///
/// The digest of the stored bytes, which the manifest promises, is always taken. It binds the
/// plain bytes, too; whether the configuration tells the truth about them costs a quarter of a
/// scan. A node that has a layer of that name already may run it in place of the stored one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiffIds {
    /// They are compared with the bytes.
    #[default]
    Checked,
    /// They are taken as they are, where the stored bytes have a promised digest, too.
    Promised,
}

/// What a scan is for, which decides what is looked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Purpose {
    /// Whether the image may leave the site: also what gives access or rights, what vendors
    /// restrict, what a later layer removed, and which licence texts are there whole.
    #[default]
    Verdict,
    /// What is in it: nothing is looked for that no bill of materials tells.
    Inventory,
}

/// How to scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// In which files licences are looked for.
    pub licenses: LicenseFiles,
    /// What is made of the digests of the plain layers.
    pub diff_ids: DiffIds,
    /// What the scan is for.
    pub purpose: Purpose,
    /// The catalogers that run, by their ids or the purl types of what they find; all where none
    /// is named. `os-release` runs
    /// unless it is excluded: others need the distribution.
    pub select: Vec<String>,
    /// The catalogers that do not run.
    pub exclude: Vec<String>,
    /// Whether the files of each package are listed, not only counted.
    pub lists_files: bool,
    /// Globs of paths that are left out, with all that is below them.
    pub exclude_paths: Vec<String>,
    /// How much is read at most.
    pub limits: Limits,
    /// Where what layers held is kept from one scan to the next.
    pub cache: Option<PathBuf>,
    /// The platform, where an image is there for several; this machine's where none is given.
    pub platform: Option<Platform>,
    /// Whether the registry that is named need not prove who it is, nor speak TLS.
    pub insecure: bool,
}
