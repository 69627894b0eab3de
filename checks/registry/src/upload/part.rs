//! A part of a blob on its way, which may be sent again, and the digest of all that was sent.

use std::cell::RefCell;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::Upload;
use crate::contents::Descriptor;
use crate::digest::Hasher;
use crate::push_error::PushError;
use crate::transport::Stream;
use crate::{Digest, Source};

/// Bytes a second below which a connection counts as dead, and the seconds that are always given.
const SLOWEST: u64 = 1 << 10;
const ALWAYS: u64 = 60;

/// A digest that is formed of bytes which are sent, each once, though some are sent again.
pub(super) struct Hashing {
    hasher: Hasher,
    reached: u64,
}

impl Hashing {
    pub(super) fn new(digest: &Digest) -> Self {
        Self {
            hasher: digest.hasher(),
            reached: 0,
        }
    }

    fn add(&mut self, place: u64, bytes: &[u8]) {
        let known = usize::try_from(self.reached.saturating_sub(place)).unwrap_or(usize::MAX);
        if place <= self.reached && known < bytes.len() {
            self.hasher.add(&bytes[known..]);
            self.reached = place + bytes.len() as u64;
        }
    }

    /// Refuses what was read to its end and has another digest.
    pub(super) fn check(&self, upload: &Upload<'_>) -> Result<(), PushError> {
        let actual = self.hasher.digest();
        if self.reached < upload.blob.size || actual == upload.blob.digest {
            return Ok(());
        }
        Err(PushError::Source {
            name: upload.source.name(),
            why: format!("the blob {} has the digest {actual}", upload.blob.digest),
        })
    }
}

/// A part of a blob, as often as it must be sent.
pub(super) struct Part<'a> {
    source: &'a dyn Source,
    blob: &'a Descriptor,
    from: u64,
    size: u64,
    hashing: &'a RefCell<Hashing>,
    /// Why the source did not give it.
    fault: RefCell<Option<String>>,
}

impl<'a> Part<'a> {
    /// So many bytes of a blob from one of them on.
    pub(super) fn of(
        upload: &Upload<'a>,
        from: u64,
        size: u64,
        hashing: &'a RefCell<Hashing>,
    ) -> Self {
        Self {
            source: upload.source,
            blob: upload.blob,
            from,
            size,
            hashing,
            fault: RefCell::new(None),
        }
    }

    /// Tells the source's own fault, which would look like one of the connection.
    pub(super) fn fault(&self, upload: &Upload<'_>) -> Result<(), PushError> {
        match self.fault.take() {
            Some(why) => Err(PushError::Source {
                name: upload.source.name(),
                why: format!("the blob {}: {why}", self.blob.digest),
            }),
            None => Ok(()),
        }
    }

    fn failed(&self, why: String) -> io::Error {
        self.fault.replace(Some(why.clone()));
        io::Error::other(why)
    }
}

impl Stream for Part<'_> {
    fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        let bytes = self
            .source
            .blob(&self.blob.digest, self.blob.size, self.from);
        Ok(Box::new(Sending {
            bytes: bytes.map_err(|error| self.failed(error.to_string()))?,
            part: self,
            place: self.from,
            until: Instant::now() + Duration::from_secs(ALWAYS + self.size / SLOWEST),
        }))
    }
}

/// The bytes of a part on their way.
struct Sending<'a> {
    bytes: Box<dyn Read + Send + 'a>,
    part: &'a Part<'a>,
    place: u64,
    until: Instant,
}

impl Read for Sending<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if Instant::now() > self.until {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let left = self.part.from + self.part.size - self.place;
        let wanted = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            return Ok(0);
        }
        let count = loop {
            match self.bytes.read(&mut out[..wanted]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.part.failed(error.to_string())),
                Ok(0) => {
                    let why = format!("it ends after {} bytes", self.place);
                    return Err(self.part.failed(why));
                }
                Ok(count) => break count,
            }
        };
        self.part
            .hashing
            .borrow_mut()
            .add(self.place, &out[..count]);
        self.place += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_sent_again_are_hashed_once() {
        let digest = Digest::sha256(b"abcdef");
        let mut hashing = Hashing::new(&digest);
        for (place, bytes) in [(0, "abc"), (1, "bcd"), (0, "a"), (4, "ef"), (9, "x")] {
            hashing.add(place, bytes.as_bytes());
        }
        assert_eq!((hashing.reached, hashing.hasher.digest()), (6, digest));
    }
}
