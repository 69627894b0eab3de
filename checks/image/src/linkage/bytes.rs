//! The bytes of a file, wherever they are, and the numbers in them.

use std::borrow::Cow;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// Bytes of a file that are at hand.
pub(crate) trait Bytes {
    /// So many bytes from a place on; none where they are not there.
    fn get(&self, at: u64, size: u64) -> Option<Cow<'_, [u8]>>;

    /// Whether so many are there.
    fn has(&self, at: u64, size: u64) -> bool {
        self.get(at, size).is_some()
    }

    /// Those from the start on that are at hand, so many at most.
    fn start(&self, most: u64) -> Option<Cow<'_, [u8]>>;
}

impl Bytes for &[u8] {
    fn start(&self, most: u64) -> Option<Cow<'_, [u8]>> {
        self.get(0, most.min(self.len() as u64))
    }

    fn get(&self, at: u64, size: u64) -> Option<Cow<'_, [u8]>> {
        let at = usize::try_from(at).ok()?;
        let end = at.checked_add(usize::try_from(size).ok()?)?;
        <[u8]>::get(self, at..end).map(Cow::Borrowed)
    }
}

/// The most bytes that are read of a file at once: the symbols of the largest libraries are less.
const MOST: u64 = 256 << 20;

/// A file of this machine.
pub(super) struct InFile<'f> {
    pub(super) file: &'f File,
    pub(super) size: u64,
}

impl Bytes for InFile<'_> {
    fn start(&self, most: u64) -> Option<Cow<'_, [u8]>> {
        self.get(0, most.min(self.size))
    }

    fn has(&self, at: u64, size: u64) -> bool {
        let end = at.checked_add(size);
        size <= MOST && end.is_some_and(|end| end <= self.size)
    }

    fn get(&self, at: u64, size: u64) -> Option<Cow<'_, [u8]>> {
        let is_there = self.has(at, size);
        let mut bytes = vec![0; usize::try_from(size).ok().filter(|_| is_there)?];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        Some(Cow::Owned(bytes))
    }
}

/// How numbers are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) wide: bool,
    pub(super) big: bool,
}

impl Layout {
    /// By the first bytes of a file, with its header.
    pub(super) fn of(bytes: &dyn Bytes) -> Option<(Self, Vec<u8>)> {
        let ident = bytes.get(0, 16)?;
        if !ident.starts_with(b"\x7fELF") {
            return None;
        }
        let (wide, size) = match ident[4] {
            1 => (false, 52),
            2 => (true, 64),
            _ => return None,
        };
        let big = match ident[5] {
            1 => false,
            2 => true,
            _ => return None,
        };
        let header = bytes.get(0, size)?.into_owned();
        Some((Self { wide, big }, header))
    }

    pub(super) fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let word = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.big {
            u16::from_be_bytes(word)
        } else {
            u16::from_le_bytes(word)
        })
    }

    pub(super) fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.big {
            u32::from_be_bytes(word)
        } else {
            u32::from_le_bytes(word)
        })
    }

    pub(super) fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let word = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
        Some(if self.big {
            u64::from_be_bytes(word)
        } else {
            u64::from_le_bytes(word)
        })
    }

    /// An address or an offset: of 64 bits at `wide`, or of 32 bits at `narrow`.
    pub(super) fn word(self, bytes: &[u8], wide: usize, narrow: usize) -> Option<u64> {
        match self.wide {
            true => self.u64(bytes, wide),
            false => self.u32(bytes, narrow).map(u64::from),
        }
    }

    /// Bytes of one of the structures.
    pub(super) fn size(self, wide: u64, narrow: u64) -> u64 {
        if self.wide { wide } else { narrow }
    }
}
