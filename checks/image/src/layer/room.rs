//! How much an image may make of its stored bytes: plain bytes, files, names, text to look at.
//!
//! What is compressed well, and listings that lead to the same names over and over, cost whoever
//! made the image next to nothing. So every stored byte earns room for all layers together, and
//! beside that there is some for the smallest image. It does not matter which layer is read first.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Limits;

/// What even the smallest image may have: entries, bytes of paths, of text, and of what
/// is unpacked of archives in it.
const ENTRIES: u64 = 200_000;
const NAMES: u64 = 32 * 1024 * 1024;
const TEXTS: u64 = 16 * 1024 * 1024;
const ARCHIVES: u64 = 256 * 1024 * 1024;

/// Bytes of the symbols of all libraries of an image.
const SYMBOLS: u64 = 512 * 1024 * 1024;

/// Stored bytes that earn room for one entry; empty files in order take a little more.
const FOR_ENTRY: u64 = 4;

/// Bytes of paths, of text that is looked at for licences, and of what is unpacked of archives,
/// for each stored byte.
const NAMES_RATIO: u64 = 16;
const TEXTS_RATIO: u64 = 8;
const ARCHIVES_RATIO: u64 = 20;

/// What is left of the room of an image.
#[derive(Debug)]
pub(crate) struct Room {
    plain: AtomicU64,
    entries: AtomicU64,
    names: AtomicU64,
    texts: AtomicU64,
    archives: AtomicU64,
    symbols: AtomicU64,
    ratio: u64,
}

impl Room {
    /// The room of an image without stored bytes.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            plain: AtomicU64::new(limits.ratio_from),
            entries: AtomicU64::new(ENTRIES),
            names: AtomicU64::new(NAMES),
            texts: AtomicU64::new(TEXTS),
            archives: AtomicU64::new(ARCHIVES),
            symbols: AtomicU64::new(SYMBOLS),
            ratio: limits.ratio,
        }
    }

    /// Makes room for so many stored bytes.
    pub(crate) fn earn(&self, stored: u64) {
        add(&self.plain, stored.saturating_mul(self.ratio));
        add(&self.entries, stored / FOR_ENTRY);
        add(&self.names, stored.saturating_mul(NAMES_RATIO));
        add(&self.texts, stored.saturating_mul(TEXTS_RATIO));
        add(&self.archives, stored.saturating_mul(ARCHIVES_RATIO));
    }

    /// Takes room for an entry whose names have so many bytes; false when there is none.
    pub(crate) fn entry(&self, names: usize) -> bool {
        take(&self.entries, 1) && take(&self.names, names as u64)
    }

    /// Takes room for a text that is looked at; false when there is none.
    pub(crate) fn text(&self, bytes: usize) -> bool {
        take(&self.texts, bytes as u64)
    }

    /// Takes room for the symbols of a library; false when there is none.
    pub(crate) fn symbols(&self, bytes: usize) -> bool {
        take(&self.symbols, bytes as u64)
    }

    /// Takes room for what is unpacked of an archive in a file; false when there is none.
    pub(crate) fn unpacked(&self, bytes: usize) -> bool {
        take(&self.archives, bytes as u64)
    }

    /// Takes room for the plain bytes of a layer; false when there is none.
    pub(crate) fn plain(&self, bytes: usize) -> bool {
        take(&self.plain, bytes as u64)
    }
}

fn add(room: &AtomicU64, more: u64) {
    let add = |room: u64| Some(room.saturating_add(more));
    let _ = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
}

/// Takes from a room; false, and nothing is taken, when there is not as much.
pub(crate) fn take(room: &AtomicU64, count: u64) -> bool {
    let take = |room: u64| room.checked_sub(count);
    let taken = room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
    taken.is_ok()
}

/// A reader of plain bytes for which there must be room.
pub(crate) struct Roomy<R, F> {
    inner: R,
    room: F,
    count: u64,
    is_full: bool,
}

impl<R: BufRead, F: Fn(usize) -> bool> Roomy<R, F> {
    /// Reads from `inner` what `room` says that there is room for.
    pub(crate) fn new(inner: R, room: F) -> Self {
        Self {
            inner,
            room,
            count: 0,
            is_full: false,
        }
    }
}

impl<R: BufRead, F: Fn(usize) -> bool> BufRead for Roomy<R, F> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.is_full {
            let why = format!(
                "it unpacks to more than {} bytes, which an image of this size does not",
                self.count
            );
            return Err(io::Error::other(why));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        if (self.room)(count) {
            self.count += count as u64;
        } else {
            self.is_full = true;
        }
        self.inner.consume(count);
    }
}

impl<R: BufRead, F: Fn(usize) -> bool> Read for Roomy<R, F> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_names_and_texts_end() {
        let room = Room::new(&Limits::default());
        room.earn(FOR_ENTRY * 5);
        assert!((0..ENTRIES + 5).all(|_| room.entry(0)));
        assert!(!room.entry(0));
        let room = Room::new(&Limits::default());
        assert!(room.entry(NAMES as usize) && !room.entry(1));
        room.earn(1);
        assert!(room.text(TEXTS as usize + 8) && !room.text(1));
        room.earn(u64::MAX);
        assert!(room.entry(1 << 40));
    }

    #[test]
    fn plain_bytes_end_for_all_readers_of_an_image_together() {
        let limits = Limits {
            ratio: 10,
            ratio_from: 100,
            ..Limits::default()
        };
        let room = Room::new(&limits);
        room.earn(5);
        let read = |bytes: &[u8]| {
            let small = io::BufReader::with_capacity(16, bytes);
            let mut out = Vec::new();
            Roomy::new(small, |count| room.plain(count)).read_to_end(&mut out)
        };
        assert_eq!(read(&[0; 100]).unwrap(), 100);
        assert_eq!(read(&[0; 40]).unwrap(), 40);
        assert!(read(&[0; 40]).unwrap_err().to_string().contains("unpacks"));
    }
}
