//! What is told of an image without reading what its layers hold.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::blob::file_digest;
use crate::format::{self, Opened, Session};
use crate::layer::{self, Plan};
use crate::{Error, Options, Reference, Silent, Source, held, sbom};

/// What a reference stands for, as far as that is told without reading layers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resolved {
    /// The digest by which the image is known; none where that takes reading it, or it has none.
    pub digest: Option<String>,
    /// The other platforms, or digests, of the index that it was chosen from.
    pub other_platforms: Vec<String>,
}

/// Opens an image, and says where it was found.
fn open(reference: &Reference, options: &Options) -> Result<(Opened, Source), Error> {
    let plan = Plan::new(options)?;
    let session = Session {
        plan: &plan,
        progress: &Silent,
    };
    let (opened, source, _) = format::open(reference.source(), &session)?;
    Ok((opened, source))
}

/// Finds out what a reference stands for, without reading layers.
///
/// # Errors
///
/// Those of [`scan`] that concern the image as a whole.
pub fn resolve(reference: &Reference, options: &Options) -> Result<Resolved, Error> {
    if sbom::named(reference.source()).is_some() {
        return Ok(Resolved::default());
    }
    let (opened, _) = open(reference, options)?;
    Ok(Resolved {
        digest: opened.digest,
        other_platforms: opened.other_platforms,
    })
}

/// The digest by which an image is known, an image that is one file read whole for it; none where
/// it has none.
///
/// # Errors
///
/// Those of [`scan`] that concern the image as a whole, and when the file cannot be read.
pub fn whole_digest(reference: &Reference) -> Result<Option<String>, Error> {
    let (opened, source) = open(reference, &Options::default())?;
    if opened.digest.is_some() || !opened.is_one_file {
        return Ok(opened.digest);
    }
    let path = source.path();
    let digest = file_digest(path).map_err(|error| Error::unreadable(path, error))?;
    Ok(Some(digest))
}

/// Whether the layers of an image hold the bytes that its documents promise, so that what a scan of
/// the same digest found still stands. False where that cannot be told without reading more, and
/// where an index above the image, which its digest does not cover, holds a secret.
///
/// What a registry gives out is compared with its digest whenever it is read.
///
/// # Errors
///
/// Those of [`scan`] that concern the image as a whole.
pub fn is_intact(reference: &Reference, options: &Options) -> Result<bool, Error> {
    if matches!(reference.source(), Source::Registry(_)) {
        return Ok(true);
    }
    let (opened, _) = open(reference, options)?;
    let next = AtomicUsize::new(0);
    let is_intact = AtomicBool::new(opened.faults.is_empty() && !held::of_index(&opened.config));
    let work = || {
        while let Some(layer) = opened.layers.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !layer::is_intact(layer) {
                is_intact.store(false, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..rayon::current_num_threads().min(opened.layers.len()) {
            // A user may have no thread left.
            let _ = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    Ok(is_intact.into_inner())
}
