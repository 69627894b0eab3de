//! A tar of a root file system, compressed or not, read as one layer.
//!
//! Names that begin with `.wh.` are files here: such a tar has no lower layer.

use super::{Opened, Session};
use crate::blob::Blob;
use crate::layer::Stored;
use crate::{Error, Source};

/// Opens a tar.
pub(super) fn open(source: &Source, _session: &Session<'_>) -> Result<Opened, Error> {
    let blob = Blob::open(source.path())?;
    Ok(Opened::of_file(Stored::Tar(blob)))
}
