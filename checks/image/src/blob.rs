//! The door to the bytes of an image: a range of a file, read without moving a shared cursor,
//! or of something far away, read as it comes.

use std::fmt::Debug;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::tarball::Bytes;
use crate::{Error, Progress};

/// Bytes that are read at a time.
const BUFFER: usize = 128 * 1024;

/// Bytes that are far away.
pub(crate) trait Remote: Debug + Send + Sync {
    /// The bytes from a place on, as they come; what goes wrong shows when they are read.
    fn open(&self, from: u64) -> Box<dyn Read + Send>;
}

/// Where the bytes are.
#[derive(Debug, Clone)]
enum Origin {
    File(Arc<File>),
    Remote(Arc<dyn Remote>),
}

/// A range of a file, or of something far away.
#[derive(Debug, Clone)]
pub(crate) struct Blob {
    origin: Origin,
    offset: u64,
    size: u64,
}

impl Blob {
    /// Opens a regular file as a whole; a FIFO or a device is refused.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::unreadable(path, source);
        // Without O_NONBLOCK, opening a FIFO would wait for its writer.
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        let file = file.map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(Error::not_an_image(path, "it is not a regular file"));
        }
        Ok(Self {
            origin: Origin::File(Arc::new(file)),
            offset: 0,
            size: metadata.len(),
        })
    }

    /// So many bytes that are far away.
    pub(crate) fn remote(remote: impl Remote + 'static, size: u64) -> Self {
        Self {
            origin: Origin::Remote(Arc::new(remote)),
            offset: 0,
            size,
        }
    }

    /// A part of this blob, cut at its end.
    pub(crate) fn part(&self, offset: u64, size: u64) -> Self {
        let offset = offset.min(self.size);
        let size = size.min(self.size - offset);
        Self {
            origin: self.origin.clone(),
            offset: self.offset + offset,
            size,
        }
    }

    /// Whether a part of the file begins so; false when it cannot be read.
    pub(crate) fn has(&self, place: u64, magic: &[u8]) -> bool {
        let part = self.part(place, magic.len() as u64).bytes(u64::MAX);
        part.is_ok_and(|bytes| bytes == magic)
    }

    /// Fills `out` from `place`; a part that lies beyond the end is an error.
    pub(crate) fn read_exact_at(&self, place: u64, out: &mut [u8]) -> io::Result<()> {
        let end = place.checked_add(out.len() as u64);
        if end.is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &self.origin {
            Origin::File(file) => file.read_exact_at(out, self.offset + place),
            Origin::Remote(remote) => remote.open(self.offset + place).read_exact(out),
        }
    }

    /// Whether two blobs are the same bytes of the same file; not known of what is far away.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let (Origin::File(one), Origin::File(two)) = (&self.origin, &other.origin) else {
            return false;
        };
        let file = |file: &File| rustix::fs::fstat(file).map(|stat| (stat.st_dev, stat.st_ino));
        (self.offset, self.size) == (other.offset, other.size)
            && (Arc::ptr_eq(one, two) || file(one).is_ok_and(|id| file(two) == Ok(id)))
    }

    /// The size in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// A reader from the start.
    pub(crate) fn reader<'p>(&self, progress: Option<&'p (dyn Progress + Sync)>) -> BlobReader<'p> {
        BlobReader {
            blob: self.clone(),
            stream: None,
            position: 0,
            buffer: vec![0; BUFFER].into_boxed_slice(),
            start: 0,
            end: 0,
            progress,
        }
    }

    /// All bytes, when they are no more than `limit`.
    pub(crate) fn bytes(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.size > limit {
            return Err(io::Error::other(format!("it is larger than {limit} bytes")));
        }
        let mut bytes = Vec::new();
        self.reader(None).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// A buffered reader of a blob.
pub(crate) struct BlobReader<'p> {
    blob: Blob,
    /// What comes from far away, at the position.
    stream: Option<Box<dyn Read + Send>>,
    /// Where the next fill reads.
    position: u64,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    progress: Option<&'p (dyn Progress + Sync)>,
}

impl BlobReader<'_> {
    /// The place of the next byte.
    pub(crate) fn place(&self) -> u64 {
        self.position - (self.end - self.start) as u64
    }
}

impl BufRead for BlobReader<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end {
            let left = self.blob.size - self.position;
            let wanted = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
            let place = self.blob.offset + self.position;
            let buffer = &mut self.buffer[..wanted];
            let count = match &self.blob.origin {
                Origin::File(file) => file.read_at(buffer, place)?,
                Origin::Remote(remote) => {
                    let open = || remote.open(place);
                    self.stream.get_or_insert_with(open).read(buffer)?
                }
            };
            self.position += count as u64;
            (self.start, self.end) = (0, count);
            if let Some(progress) = self.progress {
                progress.read(count as u64);
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl Read for BlobReader<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl Bytes for BlobReader<'_> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let place = self.place();
        let target = place.saturating_add(count).min(self.blob.size);
        if target <= self.position {
            self.start = self.end - (self.position - target) as usize;
        } else {
            self.position = target;
            self.stream = None;
            (self.start, self.end) = (0, 0);
        }
        Ok(target - place)
    }
}

/// A bounded reader that hashes what passes through it.
///
/// A buffer is hashed as a whole when it is first shown, not by the small steps in which it is
/// used up; a digest is only given out of everything, so that this makes no difference.
pub(crate) struct Hashed<R> {
    inner: R,
    hash: Option<Sha256>,
    /// The bytes at the start of the buffer that were hashed already.
    ahead: usize,
    count: u64,
    limit: u64,
}

impl<R: BufRead> Hashed<R> {
    /// Reads from `inner`; reading more than `limit` bytes is an error.
    pub(crate) fn new(inner: R, limit: u64) -> Self {
        Self {
            inner,
            hash: Some(Sha256::new()),
            ahead: 0,
            count: 0,
            limit,
        }
    }

    /// Reads from `inner` with the same bound, but without a digest.
    pub(crate) fn without_digest(inner: R, limit: u64) -> Self {
        Self {
            inner,
            hash: None,
            ahead: 0,
            count: 0,
            limit,
        }
    }

    /// Passes over zeros; true at the end, false at anything else.
    pub(crate) fn ends_in_zeros(&mut self) -> io::Result<bool> {
        loop {
            let buffer = match self.fill_buf() {
                Ok([]) => return Ok(true),
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let zeros = buffer.iter().take_while(|byte| **byte == 0).count();
            let is_all = zeros == buffer.len();
            self.consume(zeros);
            if !is_all {
                return Ok(false);
            }
        }
    }

    /// Reads to the end and returns the digest of everything, if one is taken.
    pub(crate) fn finish(&mut self) -> io::Result<Option<String>> {
        self.skip(u64::MAX)?;
        Ok(self.hash.clone().map(digest))
    }
}

impl<R: BufRead> BufRead for Hashed<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.count > self.limit {
            let limit = self.limit;
            return Err(io::Error::other(format!(
                "it unpacks to more than {limit} bytes"
            )));
        }
        let buffer = self.inner.fill_buf()?;
        if let Some(hash) = &mut self.hash
            && let Some(new @ [_, ..]) = buffer.get(self.ahead..)
        {
            hash.update(new);
            self.ahead = buffer.len();
        }
        Ok(buffer)
    }

    fn consume(&mut self, count: usize) {
        self.ahead = self.ahead.saturating_sub(count);
        self.count += count as u64;
        self.inner.consume(count);
    }
}

impl<R: BufRead> Read for Hashed<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

impl<R: BufRead> Bytes for Hashed<R> {
    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let buffered = match self.fill_buf() {
                Ok(buffer) => buffer.len(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffered == 0 {
                break;
            }
            let step = usize::try_from(left).unwrap_or(usize::MAX).min(buffered);
            self.consume(step);
            left -= step as u64;
        }
        Ok(count - left)
    }
}

/// The digests of a part of a file and of the whole file, which is read once.
pub(crate) fn digests(
    part: &Blob,
    file: &Blob,
    progress: &(dyn Progress + Sync),
) -> io::Result<(String, String)> {
    let is_whole = part.offset == file.offset && part.size == file.size;
    let (from, to) = (part.offset, part.offset + part.size);
    let (mut of_part, mut of_file) = (Sha256::new(), Sha256::new());
    let mut reader = file.reader(Some(progress));
    loop {
        let place = file.offset + reader.place();
        let bytes = reader.fill_buf()?;
        let end = place + bytes.len() as u64;
        if bytes.is_empty() {
            break;
        }
        of_file.update(bytes);
        if !is_whole && place < to && end > from {
            let first = from.saturating_sub(place) as usize;
            let last = to.min(end) - place;
            of_part.update(&bytes[first..last as usize]);
        }
        let count = bytes.len();
        reader.consume(count);
    }
    let of_file = digest(of_file);
    let of_part = if is_whole {
        of_file.clone()
    } else {
        digest(of_part)
    };
    Ok((of_part, of_file))
}

/// The digest of a file of this machine, as images write it.
///
/// # Errors
///
/// When it cannot be read.
pub fn file_digest(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    let mut reader = io::BufReader::with_capacity(1 << 18, File::open(path)?);
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(digest(hash));
        }
        hash.update(bytes);
        let count = bytes.len();
        reader.consume(count);
    }
}

/// The digest of `bytes` as images write it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(Sha256::new().chain_update(bytes))
}

/// The digest as images write it.
pub(crate) fn digest(hash: Sha256) -> String {
    let mut text = String::from("sha256:");
    for byte in hash.finalize() {
        for half in [byte >> 4, byte & 0xf] {
            text.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_part_is_read_by_reading_and_skipping() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        file.write_all(&bytes).unwrap();
        let blob = Blob::open(file.path()).unwrap().part(10, 250_000);
        let mut reader = blob.reader(None);
        let mut three = [0; 3];
        reader.read_exact(&mut three).unwrap();
        assert_eq!(three, bytes[10..13]);
        assert_eq!(reader.skip(200_000).unwrap(), 200_000);
        assert_eq!(reader.place(), 200_003);
        reader.read_exact(&mut three).unwrap();
        assert_eq!(three, bytes[200_013..200_016]);
        assert_eq!(reader.skip(u64::MAX).unwrap(), 250_000 - 200_006);
        assert_eq!(reader.read(&mut three).unwrap(), 0);
    }

    #[test]
    fn a_part_and_its_file_are_hashed_in_one_pass() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n as u8).collect();
        file.write_all(&bytes).unwrap();
        let file = Blob::open(file.path()).unwrap();
        for (from, size) in [
            (0, 300_000),
            (10, 250_000),
            (140_000, 5),
            (299_999, 1),
            (7, 0),
        ] {
            let (part, whole) = digests(&file.part(from, size), &file, &crate::Silent).unwrap();
            let expected = &bytes[from as usize..(from + size) as usize];
            assert_eq!((part, whole), (sha256(expected), sha256(&bytes)));
        }
    }

    #[test]
    fn what_passes_is_hashed_and_bounded() {
        let mut hashed = Hashed::new(&b"abc"[..], 10);
        assert_eq!(hashed.skip(1).unwrap(), 1);
        let empty = sha256(b"");
        assert!(empty.starts_with("sha256:e3b0c442"));
        assert_eq!(hashed.finish().unwrap(), Some(sha256(b"abc")));
        let zeros = [0; 100];
        let mut bounded = Hashed::new(io::BufReader::with_capacity(16, &zeros[..]), 50);
        assert!(
            bounded
                .finish()
                .unwrap_err()
                .to_string()
                .contains("more than 50 bytes")
        );
    }
}
