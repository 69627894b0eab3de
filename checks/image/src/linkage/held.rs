//! The parts of a file that its linkage is read from, held as the file passes by once: a layer is
//! a stream, and what lies behind cannot be read again.
//!
//! Which parts that are is told by what has passed: the ELF header names the tables of program
//! headers and of sections; the program headers the dynamic section, before which linkers put all
//! that it names, in the first segment that is loaded; the dynamic section what lies behind it, as
//! patchelf(1) moves it. What a program is made of stands at its end.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use memchr::memmem;

use super::bytes::{Bytes, Layout};
use super::dynamic::{self, MOST, PT_DYNAMIC, PT_INTERP, PT_LOAD, Segment};
use super::{marks, opened, texts};

/// The most bytes of the first segment, and of what the dynamic section names behind itself.
const LEAD: u64 = 32 << 20;

/// The most bytes that are held of the segment of the dynamic section before it.
const BEFORE: u64 = 8 << 20;

/// The most bytes at the end of a program: its symbols.
const END: u64 = 16 << 20;

/// The most bytes of all.
const ALL: usize = 64 << 20;

/// What is held of a file.
#[derive(Debug, Default)]
pub(crate) struct Held {
    bytes: Vec<u8>,
    /// Where in the file each part begins, and where it is in the bytes; in order.
    parts: Vec<(u64, Range<usize>)>,
    /// What the first segment names, once it is there.
    names: OnceCell<Names>,
}

/// What stands in the first segment.
#[derive(Debug, Clone, Copy)]
struct Names {
    /// Whether one of the functions that open libraries does.
    may_open: bool,
    /// Whether no library does.
    are_none: bool,
}

impl Held {
    /// Nothing yet, in a buffer.
    pub(crate) fn in_buffer(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// What its first segment names; none where that is not there.
    fn names(&self, first: Option<&Segment>) -> Option<Names> {
        if let Some(known) = self.names.get() {
            return Some(*known);
        }
        let first = first?;
        let names = self.get(first.offset, first.size.min(LEAD))?;
        // It is asked for each part, of which there may be thousands.
        let found = self.names.get_or_init(|| Names {
            may_open: opened::may_open(&names),
            are_none: memmem::find(&names, b".so").is_none(),
        });
        Some(*found)
    }

    /// The buffer, with all that is held.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes what was put at the end of the buffer as the part that begins at a place of the file.
    pub(crate) fn took(&mut self, at: u64) {
        let from = self.parts.last().map_or(0, |(_, part)| part.end);
        let end = self.bytes.len();
        match self.parts.last_mut() {
            Some((start, part)) if *start + part.len() as u64 == at => part.end = end,
            _ => self.parts.push((at, from..end)),
        }
    }

    /// How much of the start of a file is held whatever it is: of glibc, which tells its release in
    /// a text, all.
    pub(crate) fn least(path: &str) -> u64 {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name == "libc.so.6" || name.starts_with("libc-2.") {
            true => super::release::MOST,
            false => 0,
        }
    }

    /// The next part to hold of a file of so many bytes that has passed up to a place.
    pub(crate) fn next(&self, at: u64, size: u64) -> Option<Range<u64>> {
        let room = ALL.saturating_sub(self.bytes.len()) as u64;
        let ahead = wanted(self, size)
            .into_iter()
            .map(|range| range.start.max(at)..range.end.min(size));
        let next = ahead
            .filter(|range| !range.is_empty())
            .min_by_key(|range| (range.start, u64::MAX - range.end))?;
        let end = next.end.min(next.start.saturating_add(room));
        (next.start < end).then_some(next.start..end)
    }
}

impl Bytes for Held {
    fn start(&self, most: u64) -> Option<Cow<'_, [u8]>> {
        let (_, part) = self.parts.first()?;
        self.get(0, most.min(part.len() as u64))
    }

    fn get(&self, at: u64, size: u64) -> Option<Cow<'_, [u8]>> {
        self.parts.iter().find_map(|(start, part)| {
            let from = usize::try_from(at.checked_sub(*start)?).ok()?;
            let from = part.start.checked_add(from)?;
            let end = from.checked_add(usize::try_from(size).ok()?)?;
            let fits = from >= part.start && end <= part.end;
            self.bytes
                .get(from..end)
                .filter(|_| fits)
                .map(Cow::Borrowed)
        })
    }
}

/// The parts that matter, by what is held of a file.
fn wanted(held: &Held, size: u64) -> Vec<Range<u64>> {
    let Some((layout, header)) = Layout::of(held) else {
        return Vec::new();
    };
    let tables = [
        dynamic::table(layout, &header, dynamic::SEGMENTS),
        dynamic::table(layout, &header, dynamic::SECTIONS),
    ];
    let mut wanted: Vec<Range<u64>> = tables
        .iter()
        .flatten()
        .map(|table| range(table.at, table.size()))
        .collect();
    let segments = tables[0]
        .as_ref()
        .and_then(|table| dynamic::segments(held, layout, table));
    match segments {
        Some(segments) => wanted.extend(of_segments(held, layout, &segments, size)),
        // They lie at the end: all that may matter is held until they come, and what lies before
        // them, where BOLT puts the dynamic section.
        None => wanted.extend(tables[0].iter().flat_map(|table| {
            [
                0..table.at.min(LEAD),
                table.at.saturating_sub(BEFORE)..table.at,
            ]
        })),
    }
    wanted
}

fn of_segments(held: &Held, layout: Layout, segments: &[Segment], size: u64) -> Vec<Range<u64>> {
    let loads = || segments.iter().filter(|one| one.kind == PT_LOAD);
    let end = |one: &Segment| one.offset.saturating_add(one.size);
    let mut wanted = Vec::new();
    let first = loads().min_by_key(|one| one.offset);
    wanted.extend(first.map(|one| range(one.offset, one.size.min(LEAD))));
    // patchelf(1) makes a segment of its own for the names, which leaves the rest of the first one.
    let is_code = |one: &&Segment| one.flags & dynamic::PF_X != 0;
    let code = loads().filter(is_code).map(|one| one.offset).min();
    let split = loads().filter(|one| code.is_some_and(|code| one.offset < code));
    wanted.extend(split.map(|one| range(one.offset, one.size.min(LEAD))));
    // Texts come before what tells a program from a library.
    let names = held.names(first);
    if names.is_some_and(|names| names.may_open) {
        let read = segments.iter().filter(|one| texts::has_texts(one));
        wanted.extend(read.map(|one| range(one.offset, one.size.min(texts::MOST))));
    }
    // So do those of a program that may have a library in it; a static one names none.
    let has = |kind| segments.iter().any(|one| one.kind == kind);
    if has(PT_INTERP) || !has(PT_DYNAMIC) || names.is_some_and(|names| names.are_none) {
        let read = marks::segments(segments);
        wanted.extend(read.map(|one| range(one.offset, one.size.min(texts::MOST))));
    }
    let interpreter = segments.iter().find(|one| one.kind == PT_INTERP);
    wanted.extend(interpreter.map(|one| range(one.offset, one.size.min(4096))));
    let dynamic = segments.iter().find(|one| one.kind == PT_DYNAMIC);
    if let Some(dynamic) = dynamic {
        let length = dynamic.size.min(MOST * 16);
        wanted.push(range(dynamic.offset, length));
        let around = loads().find(|one| one.offset <= dynamic.offset && dynamic.offset < end(one));
        let before = around.map(|one| one.offset..dynamic.offset);
        wanted.extend(before.filter(|range| range.end - range.start <= BEFORE));
        let places = dynamic::places(held, layout, dynamic);
        wanted.extend(places.iter().filter_map(|address| {
            let load = loads().find(|one| {
                address
                    .checked_sub(one.address)
                    .is_some_and(|inside| inside < one.size)
            })?;
            let inside = address - load.address;
            let start = load.offset.checked_add(inside)?;
            (start > dynamic.offset).then(|| range(start, (load.size - inside).min(LEAD)))
        }));
    }
    if !dynamic.is_some_and(|segment| dynamic::is_library(held, layout, segment)) {
        let last = loads().map(end).max().unwrap_or(0);
        wanted.push(last.max(size.saturating_sub(END))..size);
    }
    wanted
}

fn range(start: u64, size: u64) -> Range<u64> {
    start..start.saturating_add(size)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use proptest::prelude::*;

    use super::super::Linkage;
    use super::*;

    /// What is held of a file that passes by.
    fn passed(file: &[u8]) -> Held {
        let mut held = Held::in_buffer(Vec::new());
        let mut at = file.len().min(4096);
        held.buffer().extend_from_slice(&file[..at]);
        held.took(0);
        while let Some(part) = held.next(at as u64, file.len() as u64) {
            assert!(part.start >= at as u64 && part.end <= file.len() as u64);
            at = part.end as usize;
            held.buffer()
                .extend_from_slice(&file[part.start as usize..at]);
            held.took(part.start);
        }
        held
    }

    fn own() -> Vec<u8> {
        let path = std::env::current_exe().unwrap();
        let blob = crate::blob::Blob::open(&path).unwrap();
        blob.bytes(u64::MAX).unwrap()
    }

    /// A library whose parts lie apart, each at a place of its own: the program headers, the names
    /// and the dynamic section.
    fn apart(headers: usize, names: usize, dynamic: usize) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(headers.max(names).max(dynamic) + 4096, 0);
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(16, &[3, 0, 62, 0]);
        put(32, &(headers as u64).to_le_bytes());
        put(54, &[56, 0, 4, 0]);
        put(names, b"\0libfar.so.1\0");
        let mut entries = Vec::new();
        for (tag, value) in [
            (dynamic::SONAME, 1),
            (dynamic::STRTAB, names),
            (dynamic::STRSZ, 13),
        ] {
            entries.extend(tag.to_le_bytes());
            entries.extend((value as u64).to_le_bytes());
        }
        put(dynamic, &entries);
        let segments = [
            (PT_LOAD, 0, 4096),
            (PT_LOAD, names, 64),
            (PT_LOAD, dynamic, 64),
            (PT_DYNAMIC, dynamic, 64),
        ];
        for (row, (kind, at, size)) in segments.into_iter().enumerate() {
            let at = (at as u64).to_le_bytes();
            let size = (size as u64).to_le_bytes();
            let row = headers + row * 56;
            put(row, &kind.to_le_bytes());
            put(row + 8, &at);
            put(row + 16, &at);
            put(row + 32, &size);
        }
        file
    }

    #[test]
    fn the_first_segment_is_searched_once_for_thousands_of_parts() {
        const FIRST: usize = 30 << 20;
        let headers = MOST as usize;
        let mut file = b"\x7fELF\x02\x01\x01".to_vec();
        file.resize(FIRST + headers * 128, 0);
        let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
        put(16, &[3, 0, 62, 0]);
        put(32, &64_u64.to_le_bytes());
        put(54, &56_u16.to_le_bytes());
        put(56, &(headers as u16).to_le_bytes());
        for number in 0..headers {
            let (at, size) = match number {
                0 => (0, FIRST),
                _ => (FIRST + number * 128, 64),
            };
            let row = 64 + number * 56;
            put(row, &PT_LOAD.to_le_bytes());
            put(row + 4, &4_u32.to_le_bytes());
            put(row + 8, &(at as u64).to_le_bytes());
            put(row + 32, &(size as u64).to_le_bytes());
        }
        let begun = Instant::now();
        let held = passed(&file);
        assert_eq!(held.parts.len(), headers);
        // 30 MiB for each of them would take minutes.
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{took:?}");
    }

    #[test]
    fn what_is_held_tells_the_same_as_all() {
        const FAR: usize = 2 << 20;
        for (what, file, most) in [
            ("this program", own(), usize::MAX),
            ("names behind", apart(64, 3 * FAR, 2 * FAR), 16 * 1024),
            ("headers behind", apart(2 * FAR, 64, 3 * FAR), 3 * FAR),
        ] {
            let held = passed(&file);
            let told = Linkage::read(&held).unwrap();
            assert_eq!(told, Linkage::read(&&file[..]).unwrap(), "{what}");
            assert!(told.is_some(), "{what}");
            assert!(held.bytes.len() < most, "{what}: {}", held.bytes.len());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_file_passes(flips in proptest::collection::vec((0_usize..4096, any::<u8>()), 0..60)) {
            let mut file = apart(64, 3 << 16, 2 << 16);
            for (at, byte) in flips {
                file[at] = byte;
            }
            let _ = Linkage::read(&passed(&file));
        }
    }
}
