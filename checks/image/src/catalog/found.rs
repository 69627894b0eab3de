//! What a cataloger finds: packages, their files and needs, licences, the distribution.

use serde::{Deserialize, Serialize};

use super::Distro;
use crate::cache::{self, Word};

/// What a cataloger found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    /// The packages, in the order of the file.
    pub(crate) packages: Vec<Candidate>,
    /// The files that belong to packages.
    pub(crate) owned: Vec<Owned>,
    /// What packages need that other files of the same cataloger describe.
    pub(crate) needs: Vec<Needs>,
    /// The SPDX expression that the file declares, for the package whose
    /// [`Candidate::declared_in`] it is.
    pub(crate) license: Option<String>,
    /// The distribution.
    pub(crate) distro: Option<Distro>,
    /// The licences that the file declares for what is installed elsewhere.
    pub(crate) declared: Vec<Declared>,
    /// What could not be read.
    pub(crate) faults: Vec<String>,
    /// Whether there were more packages than are taken.
    pub(super) full: bool,
    /// How many names its packages need or provide.
    pub(super) names: usize,
}

/// Files that belong to a package.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Owned {
    /// The package, by its [`Candidate::key`], its name or `NAME:ARCH`, or by what it provides
    /// ([`Owned::provided`]); it may be one that another file of the same cataloger describes.
    pub(crate) of: String,
    /// The paths, one a line; one that ends with a slash stands for all that is below it and
    /// not below a longer one.
    pub(crate) paths: String,
}

impl Owned {
    /// The word for the package of a type that provides a name.
    pub(super) fn provided(kind: &str, name: &str) -> String {
        format!("{kind}|{name}")
    }
}

/// What a package needs, where another file describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Needs {
    /// The package, by its [`Candidate::key`].
    pub(crate) of: String,
    /// As in [`Candidate::depends`].
    pub(crate) names: Vec<String>,
}

/// A licence that another file than a package's own metadata declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Declared {
    /// The name of the package.
    pub(crate) name: String,
    /// The [`Candidate::prefix`] of the package.
    pub(crate) prefix: String,
    /// The versions that it holds for; all where none is given.
    pub(crate) versions: Option<Versions>,
    /// The SPDX expression.
    pub(crate) expression: String,
}

/// A range of versions; a bound that ends early stands for all versions that begin with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Versions {
    /// The first one.
    pub(crate) from: Option<String>,
    /// The last one.
    pub(crate) to: Option<String>,
}

/// Packages of one file, and names that they need or provide; a database with more is not that
/// of an image.
const MOST_PACKAGES: usize = 50_000;
const MOST_NAMES: usize = 500_000;

impl Found {
    /// Adds a package; one too many is a fault, told once.
    pub(super) fn add(&mut self, mut package: Candidate) {
        if self.packages.len() < MOST_PACKAGES {
            let names = package.depends.len() + package.provides.len();
            if self.names + names <= MOST_NAMES {
                self.names += names;
            } else {
                (package.depends, package.provides) = (Vec::new(), Vec::new());
                let fault = format!(
                    "its packages need and provide more than {MOST_NAMES} names: of some none \
                     was read"
                );
                if !self.faults.contains(&fault) {
                    self.faults.push(fault);
                }
            }
            self.packages.push(package);
        } else if !self.full {
            self.full = true;
            let fault = format!("only its first {MOST_PACKAGES} packages were read");
            self.faults.push(fault);
        }
    }

    /// Tells how many stanzas of a database describe no package.
    pub(super) fn broken_stanzas(&mut self, count: usize) {
        if count > 0 {
            let fault = format!("{count} stanzas have no package name or version");
            self.faults.push(fault);
        }
    }

    /// Tells how many lines of a file are none that its tool writes.
    pub(super) fn stray_lines(&mut self, count: usize) {
        if count > 0 {
            let fault = format!("lines that have not the form that they should have: {count}");
            self.faults.push(fault);
        }
    }

    /// Tells that a file whose tool ends every line does not end so.
    pub(super) fn ends_in_a_line(&mut self, bytes: &[u8]) {
        // A file may be filled up with zeros.
        let last = bytes.iter().rfind(|byte| **byte != 0);
        if last.is_some_and(|last| *last != b'\n') {
            self.faults
                .push("it breaks off in the middle of a line".to_owned());
        }
    }

    /// What cannot be read at all, and why.
    pub(super) fn unread(fault: impl Into<String>) -> Self {
        Self {
            faults: vec![fault.into()],
            ..Self::default()
        }
    }

    /// The names and versions of its packages.
    #[cfg(test)]
    pub(super) fn versions(&self) -> Vec<(&str, &str)> {
        let packages = self.packages.iter();
        packages
            .map(|package| (&*package.name, &*package.version))
            .collect()
    }
}

/// A package, as its own metadata describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Candidate {
    /// The purl type.
    #[serde(with = "cache::word")]
    pub(crate) kind: Word,
    /// The name.
    pub(crate) name: String,
    /// The name in the purl, where it is another.
    pub(crate) purl_name: Option<String>,
    /// The version, as the ecosystem writes it.
    pub(crate) version: String,
    /// The version in the purl, where it is another.
    pub(crate) purl_version: Option<String>,
    /// The architecture.
    pub(crate) arch: Option<String>,
    /// The epoch, where the purl has it apart from the version.
    pub(crate) epoch: Option<String>,
    /// The SPDX expression of a licence field.
    pub(crate) declared: Option<String>,
    /// What the licence texts inside its own file say.
    pub(crate) detected: Option<String>,
    /// The file that declares the licence.
    pub(crate) declared_in: Option<String>,
    /// Directories whose files are licence texts of this package.
    pub(crate) texts_in: Vec<TextsIn>,
    /// Who supplies it.
    pub(crate) supplier: Option<String>,
    /// The source package.
    pub(crate) source: Option<String>,
    /// What lists of files and dependencies call it, where that is not its name.
    pub(crate) key: Option<String>,
    /// The namespace in the purl; that of a package of a distribution is the distribution.
    pub(crate) namespace: Option<String>,
    /// Further qualifiers of the purl.
    #[serde(with = "cache::pairs")]
    pub(crate) qualifiers: Vec<(Word, String)>,
    /// What it needs: keys, names or what other packages of its kind provide; alternatives are
    /// divided by `|`.
    pub(crate) depends: Vec<String>,
    /// The names under which others may need it.
    pub(crate) provides: Vec<String>,
    /// The directory that it is installed in.
    pub(crate) prefix: Option<String>,
    /// Whether it stands back where a package of a distribution or of a software tree owns the
    /// file that it was found in: there the file is part of that package.
    pub(crate) yields: bool,
    /// The package of a language that has the same version, where that owns the file in which
    /// this one was found and no version was: its name, which `-cu12` may follow.
    pub(crate) told_by: Option<String>,
    /// Whether it only tells the version of a library near it, and is no package.
    pub(crate) tells: bool,
}

/// A directory of licence texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum TextsIn {
    /// Every file in it and below.
    All(String),
    /// The files in it that are named after a licence.
    Named(String),
}
