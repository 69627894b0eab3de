//! What an image is pushed from: the bytes of its manifests and its blobs, as they are stored.

use std::io::{self, Read, Write};

use crate::{Digest, Found, Manifest, Repository};

/// Bytes of a manifest or an index; a registry need not take more than 4 MiB.
pub(crate) const DOCUMENT: u64 = 16 << 20;

/// Why a source cannot give the bytes that it should have: completes "cannot read IMAGE: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// An image whose bytes can be read more than once.
pub trait Source: Sync {
    /// What the image is called, for messages.
    fn name(&self) -> String;

    /// The manifest or the index that is pushed.
    fn root(&self) -> &Manifest;

    /// The bytes of a manifest below an index, at most `limit`; who asks checks their digest.
    ///
    /// # Errors
    ///
    /// When it is not there, cannot be read, or is larger.
    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, SourceError>;

    /// The bytes of a blob from one of them on; who asks checks their digest.
    ///
    /// # Errors
    ///
    /// When it is not there, or cannot be read.
    fn blob(
        &self,
        digest: &Digest,
        size: u64,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, SourceError>;

    /// The repository that holds the image, where it is in a registry.
    fn repository(&self) -> Option<&Repository> {
        None
    }
}

/// Bytes that are copied at a time.
const PIECE: usize = 128 * 1024;

/// Copies a blob that has this digest and this size; `copied` is told of each piece.
///
/// # Errors
///
/// When it cannot be read or written, or is another.
pub fn copy_blob(
    source: &dyn Source,
    digest: &Digest,
    size: u64,
    out: &mut dyn Write,
    copied: &dyn Fn(u64),
) -> Result<(), SourceError> {
    // One byte more shows what is longer than it should be.
    let mut reader = source.blob(digest, size, 0)?.take(size.saturating_add(1));
    let (mut hasher, mut piece, mut count) = (digest.hasher(), vec![0; PIECE], 0);
    loop {
        let read = match reader.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        hasher.add(&piece[..read]);
        out.write_all(&piece[..read])?;
        count += read as u64;
        copied(read as u64);
    }
    let actual = hasher.digest();
    if count != size {
        return Err(SourceError(format!("it has {count} bytes, not {size}")));
    }
    if actual != *digest {
        return Err(SourceError(format!("its digest is {actual}")));
    }
    Ok(())
}

/// An image in a registry is pushed to another without being stored.
impl Source for Found {
    fn name(&self) -> String {
        format!("docker://{}", self.name)
    }

    fn root(&self) -> &Manifest {
        &self.manifest
    }

    fn manifest(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, SourceError> {
        let found = self.repository.manifest(&digest.to_string(), limit);
        let found = found.map_err(|error| SourceError(error.to_string()))?;
        Ok(found.bytes)
    }

    fn blob(
        &self,
        digest: &Digest,
        size: u64,
        from: u64,
    ) -> Result<Box<dyn Read + Send + '_>, SourceError> {
        Ok(Box::new(self.repository.blob(digest, size, from)))
    }

    fn repository(&self) -> Option<&Repository> {
        Some(&self.repository)
    }
}
