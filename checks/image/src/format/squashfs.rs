//! A squashfs image, as `ch-convert`, `enroot` and `mksquashfs` write it.

use super::{Opened, Session};
use crate::blob::Blob;
use crate::layer::{Partition, Stored};
use crate::squashfs::MAGIC;
use crate::{Error, Source};

/// Opens an image.
pub(super) fn open(source: &Source, _session: &Session<'_>) -> Result<Opened, Error> {
    let path = source.path();
    let file = Blob::open(path)?;
    if !file.has(0, MAGIC) {
        return Err(Error::not_an_image(path, "it is not a squashfs"));
    }
    Ok(Opened::of_file(Stored::Squashfs(Partition::whole(file))))
}
