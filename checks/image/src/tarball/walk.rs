//! The walk from header to header.

use std::io::{self, BufRead, Read};

use serde::{Deserialize, Serialize};

use super::header::{BLOCK, Header, HeaderFault, sparse_block};
use super::path::{PathFault, normalise, text};
use super::pax::{Extended, PaxFault, PaxSparse};
use super::sparse::{Map, Run, Sparse, SparseFault, ZEROS};
use crate::Limits;
use crate::owners::Owner;

/// Bytes that can be skipped, by reading over them or by seeking.
pub(crate) trait Bytes: BufRead {
    /// Skips up to `count` bytes and returns how many were skipped.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// What kind of file an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// Another name of a file that is already there.
    HardLink,
    /// A device, a FIFO or a socket.
    Special,
}

/// The entry that the walk stands on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    /// What kind of file it is.
    pub(crate) kind: Kind,
    /// The size of the file; of a sparse file, with its holes.
    pub(crate) size: u64,
    /// The permission bits.
    pub(crate) mode: u16,
    /// The user and the group; none where they are not known.
    pub(crate) owner: Option<Owner>,
    /// What it gives beside the permission bits.
    pub(crate) grants: Grants,
    /// Whether the content is stored as a sparse map.
    pub(crate) sparse: bool,
    /// Why the entry is not to be taken.
    pub(crate) fault: Option<EntryFault>,
}

/// What an entry gives to whoever opens or runs it, beside the permission bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Grants {
    /// It is a device.
    pub(crate) device: Option<Device>,
    /// It runs with these capabilities (capabilities(7)), as bits.
    pub(crate) capabilities: Option<u64>,
}

/// A device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    /// Whether it is one of blocks.
    pub(crate) is_block: bool,
    pub(crate) major: u32,
    pub(crate) minor: u32,
}

/// What else the header of an entry says, for whoever writes the entry anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    /// When it was changed, in seconds since the epoch; what is before that is the epoch.
    pub(crate) mtime: u64,
    /// The type flag and the numbers of a device; none of other files.
    pub(crate) device: Option<(u8, u32, u32)>,
}

/// Why an entry is not to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryFault {
    /// Its path is not one.
    #[error(transparent)]
    Path(#[from] PathFault),
    /// Where its stored bytes belong cannot be told.
    #[error(transparent)]
    Sparse(#[from] SparseFault),
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
        }
    }

    /// Goes to the next entry; none at the end.
    pub(crate) fn advance(&mut self) -> Result<Option<Head>, TarFault> {
        let mut extended = Extended::default();
        let (mut long_path, mut long_link) = (None, None);
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
                b'g' | b'V' => self.set_content(size),
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

    /// Appends up to `limit` bytes of the content to `out`; holes are zeros.
    pub(crate) fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        let Some(mut sparse) = self.sparse.take() else {
            return self.read_stored(limit, out);
        };
        let mut wanted = sparse.left().min(limit);
        let mut read = Ok(());
        while wanted > 0 && read.is_ok() {
            let count = match sparse.run() {
                Run::Hole(count) => {
                    let count = count.min(wanted);
                    read = self.fill_hole(count, out);
                    count
                }
                Run::Stored(count) => {
                    let count = count.min(wanted);
                    read = self.read_stored(count, out);
                    count
                }
            };
            sparse.pass(count);
            wanted -= count;
        }
        self.sparse = Some(sparse);
        read
    }

    fn fill_hole(&mut self, count: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        self.holes = self.holes.saturating_add(count);
        if self.holes > self.limits.hole_bytes {
            return Err(TarFault::HolesTooLarge(self.limits.hole_bytes));
        }
        io::repeat(0).take(count).read_to_end(out)?;
        Ok(())
    }

    /// Appends what is stored, straight out of the buffer: std's way through `Take` clears the
    /// room first.
    fn read_stored(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        let mut wanted = self.left.min(limit);
        while wanted > 0 {
            let buffer = match self.bytes.fill_buf() {
                Ok([]) => return Err(TarFault::Truncated),
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let count = usize::try_from(wanted).unwrap_or(usize::MAX);
            let count = count.min(buffer.len());
            out.extend_from_slice(&buffer[..count]);
            self.bytes.consume(count);
            self.left -= count as u64;
            wanted -= count as u64;
        }
        Ok(())
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

    /// Makes the content of the entry ready, of a sparse file by its map.
    fn lay_out(
        &mut self,
        flag: u8,
        stored: u64,
        kind: Kind,
        pax: Option<PaxSparse>,
    ) -> Result<Option<Result<Sparse, SparseFault>>, TarFault> {
        // Links, directories and special files have no content, whatever their header claims.
        let has_content = !matches!(flag, b'1'..=b'6');
        self.set_content(if has_content { stored } else { 0 });
        if flag == b'S' {
            return self.old_sparse().map(Some);
        }
        let pax = pax.filter(|_| kind == Kind::File);
        pax.map(|pax| self.pax_sparse(pax)).transpose()
    }

    /// Lays out an old GNU sparse file; further blocks of its map come before its content.
    fn old_sparse(&mut self) -> Result<Result<Sparse, SparseFault>, TarFault> {
        let mut map = Map::default();
        let header = Header::again(&self.block);
        let (size, mut goes_on) = header.sparse(&mut map)?;
        while goes_on {
            if !self.read_header()? {
                return Err(TarFault::Truncated);
            }
            goes_on = sparse_block(&self.block, &mut map)?;
        }
        Ok(map.laid_out(size, self.left))
    }

    /// Lays out a sparse file of the pax format; the map of 1.0 is read off its content.
    fn pax_sparse(&mut self, sparse: PaxSparse) -> Result<Result<Sparse, SparseFault>, TarFault> {
        let mut map = sparse.map;
        if sparse.is_before {
            let mut left = self.left;
            let bytes = &mut self.bytes;
            let read = map.push_blocks(|| {
                let mut block = [0; BLOCK];
                left = left.checked_sub(BLOCK as u64).ok_or(TarFault::Truncated)?;
                bytes.read_exact(&mut block)?;
                Ok(block)
            })?;
            self.left = left;
            if read.is_none() {
                return Ok(Err(SparseFault::Malformed));
            }
        }
        let Some(size) = sparse.size else {
            return Ok(Err(SparseFault::Malformed));
        };
        Ok(map.laid_out(size, self.left))
    }

    fn set_content(&mut self, size: u64) {
        self.sparse = None;
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    /// Passes over up to `count` bytes of the content, holes included.
    pub(crate) fn skip_content(&mut self, count: u64) -> Result<(), TarFault> {
        let Some(mut sparse) = self.sparse.take() else {
            return self.skip_stored(count);
        };
        let mut wanted = sparse.left().min(count);
        let mut skipped = Ok(());
        while wanted > 0 && skipped.is_ok() {
            let (Run::Hole(run) | Run::Stored(run)) = sparse.run();
            let run_count = run.min(wanted);
            if matches!(sparse.run(), Run::Stored(_)) {
                skipped = self.skip_stored(run_count);
            }
            sparse.pass(run_count);
            wanted -= run_count;
        }
        self.sparse = Some(sparse);
        skipped
    }

    fn skip_stored(&mut self, count: u64) -> Result<(), TarFault> {
        let wanted = self.left.min(count);
        let skipped = self.bytes.skip(wanted)?;
        self.left -= skipped.min(wanted);
        if skipped < wanted {
            Err(TarFault::Truncated)
        } else {
            Ok(())
        }
    }

    /// Skips what is left of the content, and its padding.
    fn pass_content(&mut self) -> Result<(), TarFault> {
        let count = self.left.saturating_add(self.padding);
        let least = self.left;
        (self.left, self.padding, self.sparse) = (0, 0, None);
        // An archive that was cut inside the last padding has lost nothing.
        if self.bytes.skip(count)? < least {
            Err(TarFault::Truncated)
        } else {
            Ok(())
        }
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
        Ok(content)
    }
}

fn until_nul(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Some(end) = bytes.iter().position(|byte| *byte == 0) {
        bytes.truncate(end);
    }
    bytes
}

/// What the headers say of devices and capabilities.
fn grants(header: &Header<'_>, extended: &Extended) -> Grants {
    let flag = header.flag();
    let numbers = || header.device().unwrap_or_default();
    let device = matches!(flag, b'3' | b'4').then(numbers);
    let device = device.map(|(major, minor)| Device {
        is_block: flag == b'4',
        major,
        minor,
    });
    Grants {
        device,
        capabilities: extended.capabilities,
    }
}

/// The owner by the extended headers, else by the header.
fn owner(header: &Header<'_>, extended: &Extended) -> Option<Owner> {
    let of_header = header.owner();
    let id = |extended: Option<u64>, header: Option<u32>| match extended {
        Some(id) => u32::try_from(id).ok(),
        None => header,
    };
    Some((
        id(extended.uid, of_header.map(|(uid, _)| uid))?,
        id(extended.gid, of_header.map(|(_, gid)| gid))?,
    ))
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
