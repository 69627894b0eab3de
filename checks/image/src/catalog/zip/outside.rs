//! What of a zip archive belongs to no entry: what lies before it, between and behind its parts, and
//! what headers carry beside names and sizes. No unpacker shows it, and whoever has the archive has
//! it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{ENTRY, Entry, MOST_ENTRIES, Zip, is_odd, u16_at};

/// The bits of the flags of an entry that say that its sizes come behind it.
const DESCRIBED: u16 = 8;

/// The lengths of the records at the end: that of Zip64 with its locator, and the last one.
const WIDE_END: usize = 56 + 20;
const END: usize = 22;

/// The bytes of an archive that belong to no entry.
#[derive(Debug, Default)]
pub(crate) struct Outside<'a> {
    /// What lies before the first entry.
    pub(crate) before: &'a [u8],
    /// Comments and extra fields.
    pub(crate) notes: Vec<u8>,
    /// Whether there are others than zeros between the parts or behind them, or a comment is none.
    pub(crate) is_more: bool,
}

impl<'a> Zip<'a> {
    /// Tells what belongs to no entry.
    pub(crate) fn outside(&self) -> Outside<'a> {
        let mut outside = Outside::default();
        let mut parts = Vec::new();
        // Entries may share one header, which is noted once: notes are no longer than the archive.
        let mut headers = BTreeSet::new();
        let mut at = 0;
        for _ in 0..self.count.min(MOST_ENTRIES) {
            let Some((entry, next)) = self.entry(at) else {
                break;
            };
            let fields = at + 46 + usize::from(u16_at(self.directory, at + 28).unwrap_or(0));
            outside.note(self.directory.get(fields..next));
            if headers.insert(entry.offset) {
                parts.extend(self.local(&entry, &mut outside));
            }
            at = next;
        }
        let directory = self.stop - self.directory.len();
        parts.push(directory..directory + at.min(self.directory.len()));
        parts.push(self.stop..(self.end.min(self.stop + WIDE_END)));
        let comment = self.bytes.get(self.end + END..).unwrap_or_default();
        let length = usize::from(u16_at(self.bytes, self.end + END - 2).unwrap_or(0));
        parts.push(self.end..self.end + END + length.min(comment.len()));
        outside.note(Some(comment));
        outside.is_more |= is_odd(comment);
        parts.sort_by_key(|part| part.start);
        let first = parts.first().map_or(0, |part| part.start);
        outside.before = self.bytes.get(..first).unwrap_or_default();
        outside.is_more |= self.has_more(first, &parts);
        outside
    }

    /// Whether anything but zeros lies between parts, in order, from a place on.
    fn has_more(&self, from: usize, parts: &[Range<usize>]) -> bool {
        let is_more = |range: Range<usize>| {
            let between = self.bytes.get(range).unwrap_or_default();
            between.iter().any(|byte| *byte != 0)
        };
        let mut at = from;
        for part in parts {
            if part.start > at && is_more(at..part.start) {
                return true;
            }
            at = at.max(part.end);
        }
        is_more(at.min(self.bytes.len())..self.bytes.len())
    }

    /// Where an entry lies with its header and what describes it behind; none where it does not lie
    /// in the archive.
    fn local(&self, entry: &Entry<'_>, outside: &mut Outside<'a>) -> Option<Range<usize>> {
        let header = usize::try_from(self.before.checked_add(entry.offset)?).ok()?;
        if self.bytes.get(header..header.checked_add(4)?)? != ENTRY {
            return None;
        }
        let flags = u16_at(self.bytes, header + 6)?;
        let name = header + 30..header + 30 + usize::from(u16_at(self.bytes, header + 26)?);
        let start = name.end + usize::from(u16_at(self.bytes, header + 28)?);
        let end = start.checked_add(usize::try_from(entry.packed).ok()?)?;
        if self.bytes.get(name.clone())? != entry.name.as_bytes() {
            outside.note(self.bytes.get(name.clone()));
        }
        outside.note(self.bytes.get(name.end..start));
        let behind = self.bytes.get(end..)?;
        let described = match flags & DESCRIBED {
            0 => 0,
            _ => described(entry, behind),
        };
        Some(header..end + described)
    }
}

impl Outside<'_> {
    fn note(&mut self, bytes: Option<&[u8]>) {
        if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
            self.notes.extend_from_slice(bytes);
            self.notes.push(b'\n');
        }
    }
}

/// The length of the checksum and the sizes behind an entry, which may have a magic and may be wide.
fn described(entry: &Entry<'_>, behind: &[u8]) -> usize {
    let narrow = |size: u64| (size as u32).to_le_bytes().to_vec();
    let wide = |size: u64| size.to_le_bytes().to_vec();
    for magic in [&b"PK\x07\x08"[..], b""] {
        for sizes in [
            [wide(entry.packed), wide(entry.size)],
            [narrow(entry.packed), narrow(entry.size)],
        ] {
            let sum = entry.sum.to_le_bytes();
            let whole = [magic, &sum, &sizes.concat()].concat();
            if behind.starts_with(&whole) {
                return whole.len();
            }
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::super::build::zip;
    use super::*;

    fn outside(bytes: &[u8]) -> (Vec<u8>, Vec<u8>, bool) {
        let zip = Zip::open(bytes).unwrap();
        let outside = zip.outside();
        (outside.before.to_vec(), outside.notes, outside.is_more)
    }

    #[test]
    fn what_belongs_to_no_entry_is_told() {
        let plain = zip(&[("a", b"plain", false), ("b", &b"x".repeat(1000), true)]);
        let nothing = (Vec::new(), Vec::new(), false);
        assert_eq!(outside(&plain), nothing);
        let script = [&b"#!/bin/sh\n"[..], &plain].concat();
        assert_eq!(outside(&script).0, b"#!/bin/sh\n");
        assert!(!outside(&script).2);
        let directory = plain.windows(4).position(|four| four == b"PK\x01\x02");
        let (entries, end) = plain.split_at(directory.unwrap());
        let mut hidden = [entries, b"hidden", end].concat();
        let field = hidden.len() - 6;
        hidden[field] += 6;
        assert_eq!(outside(&hidden), (Vec::new(), Vec::new(), true));
        let mut commented = plain.clone();
        let length = commented.len();
        commented[length - 2] = 4;
        commented.extend(b"note");
        assert_eq!(outside(&commented), (Vec::new(), b"note\n".to_vec(), false));
        let mut odd = commented.clone();
        odd[length] = 1;
        assert!(outside(&odd).2);
        let behind = [&commented[..], b"more"].concat();
        assert!(outside(&behind).2);
    }
}
