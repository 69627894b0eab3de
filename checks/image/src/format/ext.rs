//! An ext2, ext3 or ext4 image, as Singularity 2 wrote it.

use super::{Opened, Session};
use crate::blob::Blob;
use crate::ext::MAGIC;
use crate::layer::{Partition, Stored};
use crate::{Error, Source};

/// Opens an image.
pub(super) fn open(source: &Source, _session: &Session<'_>) -> Result<Opened, Error> {
    let path = source.path();
    let file = Blob::open(path)?;
    if !file.has(MAGIC.0, MAGIC.1) {
        return Err(Error::not_an_image(path, "it is not an ext file system"));
    }
    Ok(Opened::of_file(Stored::Ext(Partition::whole(file))))
}
