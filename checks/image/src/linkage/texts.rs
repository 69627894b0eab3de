//! The texts of a program: the segments of which nothing is run or written to, elf(5).

use std::borrow::Cow;
use std::ops::Range;

use super::dynamic::{Loaded, PT_LOAD, Segment};

/// The most bytes of a segment that are searched.
pub(super) const MOST: u64 = 16 << 20;

/// The most bytes of all of a file: of one in an archive no more is held.
const ALL: u64 = 64 << 20;

/// Flags of a segment that can be written to, or run.
const OTHER: u32 = 1 | 2;

/// Whether a segment holds texts.
pub(super) fn has_texts(segment: &Segment) -> bool {
    segment.kind == PT_LOAD && segment.flags & OTHER == 0
}

/// What is at hand of these segments, each byte once.
pub(super) fn of<'b, 's>(
    loaded: &Loaded<'b>,
    segments: impl Iterator<Item = &'s Segment>,
) -> Vec<Cow<'b, [u8]>> {
    let bytes = loaded.bytes;
    let range = |one: &Segment| one.offset..one.offset.saturating_add(one.size.min(MOST));
    let is_there = |range: &Range<u64>| bytes.has(range.start, range.end - range.start);
    let ranges = apart(segments.map(range).filter(is_there).collect());
    let ranges = ranges.into_iter();
    ranges
        .filter_map(|range| bytes.get(range.start, range.end - range.start))
        .collect()
}

/// The same in order, where thousands may be of the same place.
fn apart(mut all: Vec<Range<u64>>) -> Vec<Range<u64>> {
    all.sort_unstable_by_key(|range| (range.start, range.end));
    let mut apart: Vec<Range<u64>> = Vec::new();
    for range in all {
        match apart.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    let mut room = ALL;
    for range in &mut apart {
        range.end = range.end.min(range.start.saturating_add(room));
        room -= range.end - range.start;
    }
    apart.retain(|range| !range.is_empty());
    apart
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::super::bytes::Layout;
    use super::super::{Linkage, marks, opened};
    use super::*;

    /// The most program headers that are looked at.
    const HEADERS: u16 = super::super::dynamic::MOST as u16;

    /// A program of which each header names the same texts, but for one that names more than there is.
    fn folded(texts: &[u8]) -> Vec<u8> {
        let at = 64 + usize::from(HEADERS) * 56;
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(at, 0);
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(16, &[3, 0, 62, 0]);
        put(32, &64_u64.to_le_bytes());
        put(54, &56_u16.to_le_bytes());
        put(56, &HEADERS.to_le_bytes());
        for row in 0..usize::from(HEADERS) {
            let row = 64 + row * 56;
            put(row, &PT_LOAD.to_le_bytes());
            put(row + 4, &4_u32.to_le_bytes());
            put(row + 8, &(at as u64).to_le_bytes());
            put(row + 32, &MOST.to_le_bytes());
        }
        file[64 + 8..64 + 16].copy_from_slice(&(at as u64 + 1).to_le_bytes());
        file.resize(at + MOST as usize - texts.len(), 0);
        file.extend(texts);
        file
    }

    #[test]
    fn texts_that_thousands_of_headers_name_are_searched_once() {
        let file = folded(b"\0libmpi.so.40\0Open MPI v%d\0mpi_param_check\0");
        let begun = Instant::now();
        let linkage = Linkage::read(&&file[..]).unwrap().unwrap();
        assert_eq!(linkage.marks, ["Open MPI"]);
        let bytes = &&file[..];
        let (layout, header) = Layout::of(bytes).unwrap();
        let loaded = Loaded::read(bytes, layout, &header).unwrap();
        assert_eq!(marks::of(&loaded), ["Open MPI"]);
        assert_eq!(opened::of(&loaded), ["libmpi.so.40"]);
        // 64 GiB for each text would take minutes.
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(10), "{took:?}");
    }

    #[test]
    fn each_byte_is_there_once_and_no_more_than_so_many() {
        let found = apart(vec![30..39, 0..10, 5..15, 0..3, 15..20, 7..7]);
        assert_eq!(found, [0..15, 15..20, 30..39]);
        let many = (0..4096).map(|row| row * 2 * MOST..(row * 2 + 1) * MOST);
        let found = apart(many.collect());
        assert_eq!(
            found.iter().map(|one| one.end - one.start).sum::<u64>(),
            ALL
        );
    }
}
