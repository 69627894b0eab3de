//! The central directory of a zip archive and the contents of its entries (PKWARE's APPNOTE,
//! 4.3 and 4.4, with Zip64).
//!
//! The bytes before the archive, such as the script of an executable jar, are allowed for.

mod outside;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::DeflateDecoder;

/// What is in front of each entry.
pub(crate) const ENTRY: &[u8; 4] = b"PK\x03\x04";

/// Entries that are looked at.
const MOST_ENTRIES: u64 = 1_000_000;

/// The end record with the longest comment.
const LONGEST_END: usize = 22 + 0xffff;

/// Plain bytes for one stored byte beyond which an entry counts as a bomb, and from when on.
const RATIO: u64 = 200;
const RATIO_FROM: u64 = 1024 * 1024;

/// An archive in memory.
#[derive(Debug)]
pub(crate) struct Zip<'a> {
    bytes: &'a [u8],
    directory: &'a [u8],
    count: u64,
    /// What lies before the archive.
    before: u64,
    /// Where its directory ends, and where the last end record begins.
    stop: usize,
    end: usize,
    /// Where the contents lie that were read; entries do not share bytes.
    read: BTreeMap<u64, u64>,
}

/// An entry of the central directory.
#[derive(Debug, Clone)]
pub(crate) struct Entry<'a> {
    pub(crate) name: Cow<'a, str>,
    method: u16,
    is_encrypted: bool,
    /// The checksum of the plain content.
    sum: u32,
    /// The size of the packed content, as the directory has it.
    pub(crate) packed: u64,
    /// The size of the plain content, as the directory has it.
    pub(crate) size: u64,
    offset: u64,
}

/// Whether a comment holds what no text has.
pub(crate) fn is_odd(comment: &[u8]) -> bool {
    let is_odd = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    comment.iter().any(is_odd)
}

/// The content of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Packed<'a> {
    /// It is stored as it is.
    Stored(&'a [u8]),
    /// It is compressed (RFC 1951).
    Deflated(&'a [u8]),
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let field = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(field.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(field.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let field = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_le_bytes(field.try_into().ok()?))
}

impl<'a> Zip<'a> {
    /// Finds the central directory.
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let end = end_record(bytes).ok_or("it is no zip archive, or its end is missing")?;
        Self::at(bytes, end).ok_or_else(|| "its directory of files does not lie in it".to_owned())
    }

    fn at(bytes: &'a [u8], end: usize) -> Option<Self> {
        let mut count = u64::from(u16_at(bytes, end + 10)?);
        let mut size = u64::from(u32_at(bytes, end + 12)?);
        let mut offset = u64::from(u32_at(bytes, end + 16)?);
        let mut stop = end;
        if let Some(record) = end_record_64(bytes, end) {
            count = u64_at(bytes, record + 32)?;
            size = u64_at(bytes, record + 40)?;
            offset = u64_at(bytes, record + 48)?;
            stop = record;
        }
        let start = (stop as u64).checked_sub(size)?;
        Some(Self {
            bytes,
            directory: bytes.get(usize::try_from(start).ok()?..stop)?,
            count,
            before: start.checked_sub(offset)?,
            stop,
            end,
            read: BTreeMap::new(),
        })
    }

    /// Goes through the entries in their order; returns what is wrong with the directory.
    pub(crate) fn each(&self, mut take: impl FnMut(Entry<'a>)) -> Option<String> {
        let mut at = 0;
        for place in 0..self.count.min(MOST_ENTRIES) {
            let Some((entry, next)) = self.entry(at) else {
                let count = self.count;
                return Some(format!("only {place} of its {count} entries could be read"));
            };
            take(entry);
            at = next;
        }
        (self.count > MOST_ENTRIES).then(|| {
            let count = self.count;
            format!("only the first {MOST_ENTRIES} of its {count} entries were read")
        })
    }

    /// The first entry with a name.
    pub(crate) fn find(&self, name: &str) -> Option<Entry<'a>> {
        let mut found = None;
        self.each(|entry| {
            if entry.name == name && found.is_none() {
                found = Some(entry);
            }
        });
        found
    }

    fn entry(&self, at: usize) -> Option<(Entry<'a>, usize)> {
        let directory = self.directory;
        if directory.get(at..at + 4)? != b"PK\x01\x02" {
            return None;
        }
        let (name, extra, comment) = (
            usize::from(u16_at(directory, at + 28)?),
            usize::from(u16_at(directory, at + 30)?),
            usize::from(u16_at(directory, at + 32)?),
        );
        let extra_at = at + 46 + name;
        let mut entry = Entry {
            name: String::from_utf8_lossy(directory.get(at + 46..extra_at)?),
            method: u16_at(directory, at + 10)?,
            is_encrypted: u16_at(directory, at + 8)? & 1 != 0,
            sum: u32_at(directory, at + 16)?,
            packed: u64::from(u32_at(directory, at + 20)?),
            size: u64::from(u32_at(directory, at + 24)?),
            offset: u64::from(u32_at(directory, at + 42)?),
        };
        let wide = directory.get(extra_at..extra_at + extra)?;
        widen(
            wide,
            &mut [&mut entry.size, &mut entry.packed, &mut entry.offset],
        );
        Some((entry, extra_at + extra + comment))
    }

    /// The plain content of an entry, of at most `limit` bytes.
    pub(crate) fn content(
        &mut self,
        entry: &Entry<'_>,
        limit: u64,
    ) -> Result<Cow<'a, [u8]>, String> {
        if entry.is_encrypted {
            return Err("it is encrypted".to_owned());
        }
        if entry.size > limit {
            return Err(format!("it has {} bytes, and {limit} are read", entry.size));
        }
        if entry.size > RATIO_FROM && entry.size / RATIO > entry.packed {
            return Err(format!("its {} bytes grow to {}", entry.packed, entry.size));
        }
        let stored = self.stored_once(entry)?;
        match entry.method {
            0 => Ok(Cow::Borrowed(stored)),
            8 => {
                let mut plain = Vec::new();
                let mut inflated = DeflateDecoder::new(stored).take(entry.size);
                inflated
                    .read_to_end(&mut plain)
                    .map_err(|error| error.to_string())?;
                if (plain.len() as u64) < entry.size {
                    return Err("its content is cut off".to_owned());
                }
                Ok(Cow::Owned(plain))
            }
            method => Err(format!(
                "it is compressed by method {method}, which is not read"
            )),
        }
    }

    /// The content of an entry as it is stored.
    pub(crate) fn packed(&mut self, entry: &Entry<'_>) -> Result<Packed<'a>, String> {
        if entry.is_encrypted {
            return Err("it has files that are encrypted".to_owned());
        }
        let stored = self.stored_once(entry)?;
        match entry.method {
            0 => Ok(Packed::Stored(stored)),
            8 => Ok(Packed::Deflated(stored)),
            method => Err(format!(
                "it is compressed by method {method}, which is not read"
            )),
        }
    }

    /// The stored bytes of an entry, which no other entry may share.
    fn stored_once(&mut self, entry: &Entry<'_>) -> Result<&'a [u8], String> {
        let (start, stored) = self
            .stored(entry)
            .ok_or("its content does not lie in the archive")?;
        self.take(start, stored.len() as u64)?;
        Ok(stored)
    }

    fn stored(&self, entry: &Entry<'_>) -> Option<(u64, &'a [u8])> {
        let header = usize::try_from(self.before.checked_add(entry.offset)?).ok()?;
        if self.bytes.get(header..header.checked_add(4)?)? != ENTRY {
            return None;
        }
        let name = usize::from(u16_at(self.bytes, header + 26)?);
        let extra = usize::from(u16_at(self.bytes, header + 28)?);
        let start = header + 30 + name + extra;
        let stop = start.checked_add(usize::try_from(entry.packed).ok()?)?;
        Some((start as u64, self.bytes.get(start..stop)?))
    }

    /// Notes which bytes an entry takes.
    fn take(&mut self, start: u64, len: u64) -> Result<(), String> {
        let end = start + len;
        let before = self.read.range(..end).next_back();
        if len > 0 && before.is_some_and(|(_, taken)| *taken > start) {
            return Err("it shares its bytes with another entry".to_owned());
        }
        self.read.insert(start, end);
        Ok(())
    }
}

/// Where the end record begins.
fn end_record(bytes: &[u8]) -> Option<usize> {
    let from = bytes.len().saturating_sub(LONGEST_END);
    let tail = &bytes[from..];
    let starts = (0..tail.len().saturating_sub(21)).rev();
    let mut ends = starts.filter(|at| tail[*at..].starts_with(b"PK\x05\x06"));
    Some(from + ends.next()?)
}

/// Where the end record of Zip64 begins, where there is one.
fn end_record_64(bytes: &[u8], end: usize) -> Option<usize> {
    let locator = end.checked_sub(20)?;
    if bytes.get(locator..locator + 4)? != b"PK\x06\x07" {
        return None;
    }
    // The record lies right before its locator, unless it was extended; the written offset does
    // not count what lies before the archive.
    let near = locator.checked_sub(56);
    let written = usize::try_from(u64_at(bytes, locator + 8)?).ok();
    let is_record = |at: &usize| {
        let head = bytes.get(*at..at.saturating_add(4));
        *at < locator && head == Some(b"PK\x06\x06")
    };
    near.filter(is_record).or(written.filter(is_record))
}

/// Takes the wide fields from the extra field 1 of Zip64, in place of those that are full.
pub(crate) fn widen(mut extra: &[u8], fields: &mut [&mut u64]) {
    const NARROW: u64 = 0xffff_ffff;
    while let (Some(id), Some(len)) = (u16_at(extra, 0), u16_at(extra, 2)) {
        let end = 4 + usize::from(len);
        let Some(field) = extra.get(4..end) else {
            return;
        };
        if id == 1 {
            let mut at = 0;
            for narrow in &mut *fields {
                if **narrow == NARROW {
                    **narrow = u64_at(field, at).unwrap_or(NARROW);
                    at += 8;
                }
            }
        }
        extra = &extra[end..];
    }
}

/// Builds archives for tests.
#[cfg(test)]
pub(crate) mod build {
    use std::io::Write;

    /// An archive with these entries, deflated or stored.
    pub(crate) fn zip(entries: &[(&str, &[u8], bool)]) -> Vec<u8> {
        let (mut out, mut directory) = (Vec::new(), Vec::new());
        for (name, plain, deflate) in entries {
            let packed = if *deflate {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
                encoder.write_all(plain).unwrap();
                encoder.finish().unwrap()
            } else {
                plain.to_vec()
            };
            let offset = out.len() as u32;
            let mut head = Vec::new();
            head.extend([20, 0, 0, 0, if *deflate { 8 } else { 0 }, 0]);
            head.extend([0; 8]);
            head.extend((packed.len() as u32).to_le_bytes());
            head.extend((plain.len() as u32).to_le_bytes());
            head.extend((name.len() as u16).to_le_bytes());
            head.extend([0, 0]);
            out.extend(b"PK\x03\x04");
            out.extend(&head);
            out.extend(name.as_bytes());
            out.extend(packed);
            directory.extend(b"PK\x01\x02\x14\x00");
            directory.extend(&head);
            directory.extend([0; 10]);
            directory.extend(offset.to_le_bytes());
            directory.extend(name.as_bytes());
        }
        let (start, size) = (out.len() as u32, directory.len() as u32);
        out.extend(directory);
        out.extend(b"PK\x05\x06\0\0\0\0");
        for _ in 0..2 {
            out.extend((entries.len() as u16).to_le_bytes());
        }
        out.extend(size.to_le_bytes());
        out.extend(start.to_le_bytes());
        out.extend([0, 0]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::build::zip;
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
        let mut zip = Zip::open(bytes)?;
        let entry = zip.find(name).unwrap();
        zip.content(&entry, 1 << 24).map(Cow::into_owned)
    }

    #[test]
    fn stored_and_deflated() {
        let bytes = zip(&[("a", b"plain", false), ("b/c", &b"x".repeat(1000), true)]);
        assert_eq!(read(&bytes, "a").unwrap(), b"plain");
        assert_eq!(read(&bytes, "b/c").unwrap(), b"x".repeat(1000));
        let mut script = b"#!/bin/sh\nexec java -jar $0\n".to_vec();
        script.extend(bytes);
        assert_eq!(read(&script, "a").unwrap(), b"plain");
    }

    #[test]
    fn a_bomb_is_not_inflated() {
        let bytes = zip(&[("a", &vec![0; 8 << 20], true)]);
        assert!(read(&bytes, "a").is_err_and(|why| why.contains("grow to")));
    }

    #[test]
    fn entries_that_share_bytes_are_refused() {
        let bytes = zip(&[("a", b"plain", false), ("b", b"other", false)]);
        let mut zip = Zip::open(&bytes).unwrap();
        let mut entries = [zip.find("a").unwrap(), zip.find("b").unwrap()];
        entries[1].offset = entries[0].offset;
        assert!(zip.content(&entries[0], 100).is_ok());
        assert!(
            zip.content(&entries[1], 100)
                .unwrap_err()
                .contains("shares")
        );
    }

    #[test]
    fn cut_archives_and_directories_that_lie() {
        let bytes = zip(&[("a", b"plain", false)]);
        assert!(Zip::open(&bytes[..bytes.len() - 1]).is_err());
        let mut many = bytes.clone();
        let end = many.len();
        many[end - 12..end - 10].copy_from_slice(&500u16.to_le_bytes());
        let mut entries = 0;
        let fault = Zip::open(&many).unwrap().each(|_| entries += 1);
        assert_eq!(entries, 1);
        assert_eq!(fault.unwrap(), "only 1 of its 500 entries could be read");
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0..200usize, value in any::<u8>(), cut in 0..200usize) {
            let mut bytes = zip(&[("META-INF/MANIFEST.MF", b"A: b\n", true), ("x", b"y", false)]);
            let len = bytes.len();
            bytes[at % len] = value;
            bytes.truncate(len - cut.min(len) / 4);
            if let Ok(mut zip) = Zip::open(&bytes) {
                let mut entries = Vec::new();
                let _ = zip.each(|entry| entries.push(entry));
                for entry in entries {
                    let _ = zip.content(&entry, 1000);
                }
            }
        }
    }
}
