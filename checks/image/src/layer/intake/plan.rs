//! What is taken from each layer: which files catalogers ask for, which texts are looked at, and
//! the bounds of both.

use std::sync::{Mutex, MutexGuard, PoisonError};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::catalog::{self, CATALOGERS};
use crate::layer::Room;
use crate::license::Licenses;
use crate::selection::Selection;
use crate::{DiffIds, Error, LicenseFiles, Limits, Options, Platform, Purpose};

/// Files of more bytes are held one at a time, however many layers are read.
const LARGE: u64 = 8 * 1024 * 1024;

/// What to take from each layer.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(super) globs: GlobSet,
    /// The cataloger of each glob, by its place in the table.
    pub(super) owners: Vec<usize>,
    /// What files begin with that catalogers ask for, with their places in the table.
    pub(super) magic: Vec<(usize, &'static [u8])>,
    license_files: LicenseFiles,
    purpose: Purpose,
    pub(super) licenses: Licenses,
    /// Whether only what the loader goes by is taken.
    pub(super) only_linkage: bool,
    large: Mutex<()>,
    /// What is made of the digests of the plain layers.
    pub(crate) diff_ids: DiffIds,
    /// What the layers may still have.
    pub(crate) room: Room,
    /// What is looked at.
    pub(crate) selection: Selection,
    /// How much is read at most.
    pub(crate) limits: Limits,
    /// The platform that is asked for.
    pub(crate) platform: Option<Platform>,
    /// Whether the registry need not prove who it is.
    pub(crate) insecure: bool,
    /// Whether the files of each package are listed.
    pub(crate) lists_files: bool,
}

impl Plan {
    /// Makes ready for any number of layers.
    pub(crate) fn new(options: &Options) -> Result<Self, Error> {
        let selection = Selection::new(options)?;
        let internal = |error: globset::Error| Error::Internal(error.to_string());
        let mut globs = GlobSetBuilder::new();
        let (mut owners, mut magic) = (Vec::new(), Vec::new());
        let rows = CATALOGERS.iter().enumerate();
        for (place, cataloger) in rows.filter(|(place, _)| selection.runs(*place)) {
            for glob in cataloger.globs {
                let mut glob = GlobBuilder::new(glob);
                let glob = glob.literal_separator(true).empty_alternates(true).build();
                globs.add(glob.map_err(internal)?);
                owners.push(place);
            }
            magic.extend(cataloger.magic.iter().map(|magic| (place, *magic)));
        }
        Ok(Self {
            globs: globs.build().map_err(internal)?,
            owners,
            magic,
            license_files: options.licenses,
            purpose: options.purpose,
            licenses: Licenses::new(options.purpose),
            only_linkage: false,
            large: Mutex::new(()),
            diff_ids: options.diff_ids,
            room: Room::new(&options.limits),
            selection,
            limits: options.limits.clone(),
            platform: options.platform.clone(),
            insecure: options.insecure,
            lists_files: options.lists_files,
        })
    }

    /// Makes ready to take nothing but what the loader goes by.
    pub(crate) fn for_linkage(options: &Options) -> Result<Self, Error> {
        Ok(Self {
            only_linkage: true,
            ..Self::new(options)?
        })
    }

    /// Whether the image is judged, and not only listed.
    pub(crate) fn judges(&self) -> bool {
        self.purpose == Purpose::Verdict
    }

    /// Whether licences are looked for in a text.
    pub(super) fn wants_licenses(&self, path: &str) -> bool {
        match self.license_files {
            LicenseFiles::Full => true,
            LicenseFiles::Declared => catalog::is_license_file(path),
        }
    }

    /// Whether anything is looked for in a text.
    pub(super) fn wants_text(&self, path: &str) -> bool {
        self.judges() || self.wants_licenses(path)
    }

    /// The leave to hold a file of this size, where it takes one.
    pub(super) fn one_large(&self, size: u64) -> Option<MutexGuard<'_, ()>> {
        (size > LARGE).then(|| self.large.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layer::Intake;

    #[test]
    fn only_a_file_that_tells_a_package_or_a_licence_may_be_missing() {
        let plan = |licenses| {
            let options = Options {
                licenses,
                ..Options::default()
            };
            Plan::new(&options).unwrap()
        };
        let (declared, full) = (plan(LicenseFiles::Declared), plan(LicenseFiles::Full));
        for (path, mode, matters) in [
            ("etc/shadow", 0o640, false),
            ("usr/share/doc/x/COPYING", 0o600, true),
            ("var/lib/dpkg/status", 0o600, true),
            ("usr/lib/libx.so.1", 0o600, true),
            ("usr/local/lib/re/opam", 0o600, true),
            ("usr/share/php/.registry/pear.reg", 0o600, true),
            ("usr/sbin/x", 0o700, true),
        ] {
            assert_eq!(
                Intake::new(&declared).matters(path, mode),
                matters,
                "{path}"
            );
            assert!(Intake::new(&full).matters(path, mode), "{path}");
        }
    }
}
