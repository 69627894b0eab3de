//! The walk from header to header.

mod content;

use std::io::{self, BufRead};

pub(crate) use self::content::Entry;
use super::entry::{EntryFault, Head, Kind, Stamp, grants, owner};
use super::header::{BLOCK, Header, HeaderFault};
use super::path::{PathFault, normalise, text};
use super::pax::{Extended, PaxFault};
use super::sparse::{Run, Sparse, ZEROS};
use crate::Limits;

/// Bytes that can be skipped, by reading over them or by seeking.
pub(crate) trait Bytes: BufRead {
    /// Skips up to `count` bytes and returns how many were skipped.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// Why a walk cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarFault {
    /// The bytes could not be read or decompressed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The archive ends inside an entry.
    #[error("the tar ends in the middle of an entry")]
    Truncated,
    /// A header is malformed.
    #[error("the tar is damaged: {0}")]
    Header(#[from] HeaderFault),
    /// An extended header is malformed.
    #[error("the tar is damaged: {0}")]
    Pax(#[from] PaxFault),
    /// An extended header is larger than the limit.
    #[error("an extended header of the tar is larger than {0} bytes")]
    HeaderTooLarge(u64),
    /// The holes of sparse files are larger than the limit.
    #[error("the sparse files that were looked at have holes of more than {0} bytes")]
    HolesTooLarge(u64),
}

/// A walk over an archive.
pub(crate) struct Walk<'a, R> {
    bytes: R,
    limits: &'a Limits,
    block: [u8; BLOCK],
    /// What is left of the content, and the padding after it.
    left: u64,
    padding: u64,
    /// Where the content belongs, of a sparse file.
    sparse: Option<Sparse>,
    /// The bytes of holes that were handed out.
    holes: u64,
    raw: Vec<u8>,
    path: String,
    link: String,
    stamp: Stamp,
    /// The extended headers before the entry, as they stand.
    beside: Vec<u8>,
    /// Whether something stands where the padding of a content has zeros.
    is_padded_oddly: bool,
}

impl<'a, R: Bytes> Walk<'a, R> {
    /// Starts at the first header.
    pub(crate) fn new(bytes: R, limits: &'a Limits) -> Self {
        Self {
            bytes,
            limits,
            block: [0; BLOCK],
            left: 0,
            padding: 0,
            sparse: None,
            holes: 0,
            raw: Vec::new(),
            path: String::new(),
            link: String::new(),
            stamp: Stamp::default(),
            beside: Vec::new(),
            is_padded_oddly: false,
        }
    }

    /// Goes to the next entry; none at the end.
    pub(crate) fn advance(&mut self) -> Result<Option<Head>, TarFault> {
        let mut extended = Extended::default();
        let (mut long_path, mut long_link) = (None, None);
        self.beside.clear();
        loop {
            self.pass_content()?;
            if !self.read_header()? {
                return Ok(None);
            }
            let Some(header) = Header::read(&self.block)? else {
                return Ok(None);
            };
            let (flag, size) = (header.flag(), header.size()?);
            match flag {
                // As in the readers of the runtimes, the last pax header counts, and the long
                // names of GNU tar come before it: else an image could show them other files.
                b'x' => extended = Extended::read(&self.read_extension(size)?)?,
                b'L' => long_path = Some(until_nul(self.read_extension(size)?)),
                b'K' => long_link = Some(until_nul(self.read_extension(size)?)),
                // Global records and volume labels say nothing about an entry.
                b'g' | b'V' => drop(self.read_extension(size)?),
                _ => {
                    extended.path = long_path.or(extended.path);
                    extended.link = long_link.or(extended.link);
                    return self.entry(extended).map(Some);
                }
            }
        }
    }

    /// The path of the entry, in one form; of one with a fault as it stands, for messages only.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where a link leads: as it stands for a symbolic link, in one form for a hard link.
    pub(crate) fn link(&self) -> &str {
        &self.link
    }

    /// The extended headers before the entry as they stand, also what in them says nothing of it.
    pub(crate) fn beside(&self) -> &[u8] {
        &self.beside
    }

    /// Whether bytes that fill a block up, where only zeros belong, were something else.
    pub(crate) fn is_padded_oddly(&self) -> bool {
        self.is_padded_oddly
    }

    /// What else the header of the entry says.
    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The bytes that are read from.
    pub(crate) fn bytes(&mut self) -> &mut R {
        &mut self.bytes
    }

    /// How much of the content is left to read, holes included.
    pub(crate) fn left(&self) -> u64 {
        self.sparse.as_ref().map_or(self.left, Sparse::left)
    }

    /// The start of the content, as far as it is in the buffer; nothing is used up.
    pub(crate) fn peek(&mut self) -> Result<&[u8], TarFault> {
        let mut left = self.left;
        match self.sparse.as_ref().map(Sparse::run) {
            Some(Run::Hole(count)) => {
                let count = usize::try_from(count).unwrap_or(usize::MAX);
                return Ok(&ZEROS[..count.min(ZEROS.len())]);
            }
            Some(Run::Stored(count)) => left = left.min(count),
            None => {}
        }
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let buffer = self.bytes.fill_buf()?;
        Ok(&buffer[..buffer.len().min(left)])
    }

    /// Uses up `count` bytes of those that a peek showed.
    pub(crate) fn consume(&mut self, count: usize) {
        if let Some(sparse) = &mut self.sparse {
            let is_hole = matches!(sparse.run(), Run::Hole(_));
            sparse.pass(count as u64);
            if is_hole {
                return;
            }
        }
        self.bytes.consume(count);
        self.left = self.left.saturating_sub(count as u64);
    }

    /// Makes an entry of the header in the block and the extended headers before it.
    fn entry(&mut self, extended: Extended) -> Result<Head, TarFault> {
        let header = Header::again(&self.block);
        let flag = header.flag();
        let mode = header.mode()?;
        let owner = owner(&header, &extended);
        let grants = grants(&header, &extended);
        self.stamp = header.stamp();
        let stored = extended.size.map_or_else(|| header.size(), Ok)?;
        header.path(&mut self.raw);
        let named = extended.sparse_name.as_deref().or(extended.path.as_deref());
        let raw = named.unwrap_or(&self.raw);
        let kind = match flag {
            // Before ustar, a directory was a file whose name ends in a slash.
            b'\0' if raw.ends_with(b"/") => Kind::Directory,
            b'1' => Kind::HardLink,
            b'2' => Kind::Symlink,
            b'3' | b'4' | b'6' => Kind::Special,
            b'5' | b'D' => Kind::Directory,
            _ => Kind::File,
        };
        let mut fault: Option<EntryFault> = normalise(raw, self.limits, &mut self.path)
            .err()
            .map(EntryFault::from);
        let link = extended.link.as_deref().unwrap_or_else(|| header.link());
        self.link.clear();
        match kind {
            Kind::HardLink => {
                fault = fault.or(normalise(link, self.limits, &mut self.link)
                    .err()
                    .map(EntryFault::from))
            }
            Kind::Symlink if link.len() > self.limits.path_bytes => {
                fault = fault.or(Some(PathFault::TooLong.into()));
            }
            Kind::Symlink => self.link.push_str(&text(link)),
            _ => {}
        }
        if fault.is_some() {
            self.path.clear();
            self.path.push_str(&text(raw));
        }
        let sparse = self.lay_out(flag, stored, kind, extended.sparse)?;
        let is_sparse = sparse.is_some();
        let mut size = if kind == Kind::File { stored } else { 0 };
        match sparse {
            Some(Ok(sparse)) => {
                size = sparse.left();
                self.sparse = Some(sparse);
            }
            Some(Err(why)) => fault = fault.or(Some(why.into())),
            None => {}
        }
        Ok(Head {
            kind,
            size,
            mode,
            owner,
            grants,
            sparse: is_sparse,
            fault,
        })
    }

    /// Reads a block; false at the end of the bytes.
    fn read_header(&mut self) -> Result<bool, TarFault> {
        let mut filled = 0;
        while filled < BLOCK {
            match self.bytes.read(&mut self.block[filled..]) {
                Ok(0) if filled == 0 => return Ok(false),
                Ok(0) => return Err(TarFault::Truncated),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn read_extension(&mut self, size: u64) -> Result<Vec<u8>, TarFault> {
        if size > self.limits.header_bytes {
            return Err(TarFault::HeaderTooLarge(self.limits.header_bytes));
        }
        self.set_content(size);
        let mut content = Vec::new();
        self.read_content(size, &mut content)?;
        // Those before one entry are many only where somebody means harm.
        let room = self
            .limits
            .header_bytes
            .saturating_sub(self.beside.len() as u64);
        if size > room {
            return Err(TarFault::HeaderTooLarge(self.limits.header_bytes));
        }
        self.beside.extend_from_slice(&content);
        Ok(content)
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Hashed;
    use proptest::prelude::*;
    use tar::{Builder, Header as TarHeader};

    fn archive() -> Vec<u8> {
        let mut builder = Builder::new(Vec::new());
        for (path, size) in [
            ("a".repeat(300), 700_usize),
            ("b/c".to_owned(), 0),
            ("d".to_owned(), 3),
        ] {
            let mut header = TarHeader::new_gnu();
            header.set_size(size as u64);
            header.set_mode(0o644);
            header.set_cksum();
            let content = vec![b'x'; size];
            builder
                .append_data(&mut header, path, &content[..])
                .unwrap();
        }
        builder.into_inner().unwrap()
    }

    /// The paths and contents of an archive, and whether the walk came to a good end.
    fn walk(bytes: &[u8]) -> (Vec<(String, usize)>, bool) {
        let limits = Limits::default();
        let mut walk = Walk::new(Hashed::new(bytes, u64::MAX), &limits);
        let mut seen = Vec::new();
        loop {
            match walk.advance() {
                Ok(Some(_)) => {}
                end => return (seen, end.is_ok()),
            }
            let mut content = Vec::new();
            let read = walk.read_content(u64::MAX, &mut content);
            seen.push((walk.path().to_owned(), content.len()));
            if read.is_err() {
                return (seen, false);
            }
        }
    }

    #[test]
    fn entries_come_in_order() {
        let (seen, whole) = walk(&archive());
        let sizes: Vec<usize> = seen.iter().map(|(_, size)| *size).collect();
        assert_eq!(
            (seen[0].0.len(), sizes, whole),
            (300, vec![700, 0, 3], true)
        );
    }

    #[test]
    fn holes_and_stored_parts_are_skipped_alike() {
        let mut builder = Builder::new(Vec::new());
        let sparse = [
            ("GNU.sparse.size", &b"10"[..]),
            ("GNU.sparse.map", b"4,2,8,1"),
        ];
        builder.append_pax_extensions(sparse).unwrap();
        let mut header = TarHeader::new_ustar();
        header.set_size(3);
        header.set_mode(0o644);
        builder.append_data(&mut header, "s", &b"xyz"[..]).unwrap();
        let archive = builder.into_inner().unwrap();
        let limits = Limits::default();
        for skipped in 0..=11 {
            let mut walk = Walk::new(Hashed::new(&archive[..], u64::MAX), &limits);
            assert!(walk.advance().unwrap().unwrap().sparse);
            walk.skip_content(skipped).unwrap();
            let mut rest = Vec::new();
            walk.read_content(u64::MAX, &mut rest).unwrap();
            let from = usize::try_from(skipped.min(10)).unwrap();
            assert_eq!(rest, b"\0\0\0\0xy\0\0z\0"[from..], "{skipped}");
            assert!(walk.advance().unwrap().is_none());
        }
    }

    #[test]
    fn every_cut_keeps_what_was_before_it() {
        let archive = archive();
        let (whole, _) = walk(&archive);
        for cut in 0..archive.len() {
            let (seen, _) = walk(&archive[..cut]);
            let kept = seen.len().saturating_sub(1);
            assert_eq!(seen[..kept], whole[..kept], "{cut}");
        }
    }

    proptest! {
        #[test]
        fn any_change_ends(at in 0_usize..4096, byte: u8, bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let mut archive = archive();
            let length = archive.len();
            archive[at % length] = byte;
            let (seen, _) = walk(&archive);
            prop_assert!(seen.len() <= length / BLOCK);
            let _ = walk(&bytes);
        }
    }
}
