//! What is in a container image: its layers, its files, its packages and their licences.
//!
//! An image is read in one pass over the bytes of its layers: nothing is unpacked to disk,
//! nothing in the image is run, and every read is bounded by [`Limits`]. What could not be
//! read rides beside what was found.

mod ar;
mod archive;
mod blob;
mod cache;
mod carry;
mod catalog;
mod compression;
mod config;
mod conflicts;
mod cray;
mod documents;
mod error;
mod exact;
mod ext;
mod fault;
mod files;
mod flat;
mod format;
mod hard_links;
mod held;
mod layer;
mod license;
mod limits;
mod linkage;
mod linked;
mod little_endian;
mod named;
mod options;
mod owners;
mod packages;
mod platform;
mod progress;
mod reference;
mod sbom;
mod scan;
mod selection;
mod sensitive;
mod sif;
mod squashfs;
mod storage_conf;
mod tarball;
mod totals;
mod tree;
mod unowned;
mod verdict;

pub use blob::file_digest;
pub use carry::{Chosen, carry, choose};
pub use catalog::{CATALOGERS, Cataloger};
pub use cray::is_cray_mpi;
pub use error::Error;
pub use exact::{Exactly, exact};
pub use files::{Take, each_file};
pub use flat::{Flat, Merged};
/// A path as a glob of [`Options::exclude_paths`] that stands for itself alone.
pub use globset::escape as escape_glob;
pub use limits::Limits;
pub use linkage::{Import, Linkage, Need, PARTS, Symbols, Version};
pub use linked::{FileId, LinkedImage, linked};
pub use options::{DiffIds, LicenseFiles, Options, Purpose};
pub use owners::{Owner, Owners};
pub use platform::{Platform, PlatformError};
pub use progress::{Progress, Silent};
pub use reference::{Reference, ReferenceError, Source, Store};
pub use scan::{Resolved, Scanned, is_intact, resolve, scan, whole_digest};
pub use selection::package_types;
pub use sensitive::{DETECTORS, Detector};
