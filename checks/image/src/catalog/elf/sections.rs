//! The parts of an ELF file that catalogers look at, found by its headers (elf(5)).
//!
//! Only the start of a large file and its end are held, and no instructions. Whether what is
//! needed lies in between is told as a fault by whoever needs it.

use std::ops::Range;

use object::elf::{
    DT_SONAME, DT_STRSZ, DT_STRTAB, DynamicTag, FileHeader32, FileHeader64, PF_W, PT_DYNAMIC,
    PT_LOAD, PT_NOTE, ProgramType, SHT_NOBITS,
};
use object::read::elf::{Dyn, FileHeader, ProgramHeader, SectionHeader};
use object::{Endianness, ReadRef};

use super::code::{LARGE, MOST};
use crate::catalog::Source;

/// The sections that are looked at.
const NAMES: [&str; 7] = [
    ".comment",
    ".dynstr",
    ".dep-v0",
    ".go.buildinfo",
    ".note.package",
    ".rodata",
    ".data",
];

/// Headers that are looked at; a file with more is no program and no library.
const MOST_HEADERS: usize = 4096;

/// The longest SONAME.
const LONGEST_NAME: u64 = 256;

/// An ELF file.
#[derive(Debug)]
pub(super) struct Elf<'d> {
    held: Held<'d>,
    endian: Endianness,
    sections: Vec<Section>,
    segments: Vec<Segment>,
    /// Whether the table of sections was there to be read.
    has_sections: bool,
    soname: Option<&'d str>,
}

#[derive(Debug, Clone, Copy)]
struct Section {
    name: &'static str,
    offset: u64,
    size: u64,
}

#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: ProgramType,
    offset: u64,
    address: u64,
    size: u64,
    writable: bool,
}

impl Segment {
    /// Whether it is loaded to be written to.
    fn is_data(&self) -> bool {
        self.kind == PT_LOAD && self.writable
    }
}

/// The bytes that are held: the start of a file without its gaps, and the end of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held<'d> {
    start: &'d [u8],
    gaps: &'d [Range<u64>],
    tail: &'d [u8],
    size: u64,
}

impl<'d> Held<'d> {
    pub(super) fn of(source: &Source<'d>) -> Self {
        Self {
            start: source.bytes,
            gaps: source.gaps,
            tail: source.tail,
            size: source.size.max(source.bytes.len() as u64),
        }
    }

    pub(super) fn get(self, offset: u64, size: u64) -> Option<&'d [u8]> {
        let part = |bytes: &'d [u8], from: u64| {
            let offset = usize::try_from(offset.checked_sub(from)?).ok()?;
            bytes.get(offset..offset.checked_add(usize::try_from(size).ok()?)?)
        };
        let start = self.from(offset).and_then(|bytes| {
            let size = usize::try_from(size).ok()?;
            bytes.get(..size)
        });
        let tail_at = self.size.checked_sub(self.tail.len() as u64)?;
        start.or_else(|| part(self.tail, tail_at))
    }

    /// The bytes of the start from a place on, up to the next gap.
    fn from(self, offset: u64) -> Option<&'d [u8]> {
        let before = self.gaps.iter().take_while(|gap| gap.end <= offset);
        let left_out: u64 = before.map(|gap| gap.end - gap.start).sum();
        let next = self.gaps.iter().find(|gap| gap.end > offset);
        if next.is_some_and(|gap| gap.start <= offset) {
            return None;
        }
        let place = |at: u64| usize::try_from(at.checked_sub(left_out)?).ok();
        let end = next.and_then(|gap| place(gap.start));
        let end = end.map_or(self.start.len(), |end| end.min(self.start.len()));
        self.start.get(place(offset)?..end)
    }

    /// Where in the file the start ends.
    fn reach(self) -> u64 {
        let gaps = self.gaps.iter().map(|gap| gap.end - gap.start);
        self.start.len() as u64 + gaps.sum::<u64>()
    }

    /// Whether the file has these bytes, held or not.
    fn has(self, offset: u64, size: u64) -> bool {
        offset.checked_add(size).is_some_and(|end| end <= self.size)
    }
}

impl<'d> ReadRef<'d> for Held<'d> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.size)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'d [u8], ()> {
        self.get(offset, size).ok_or(())
    }

    fn read_bytes_at_until(self, _: Range<u64>, _: u8) -> Result<&'d [u8], ()> {
        // Names are compared in place, since looking for their ends has no bound.
        Err(())
    }
}

impl<'d> Elf<'d> {
    /// Reads the headers; none where there are none that fit together.
    pub(super) fn read(source: &Source<'d>) -> Option<Self> {
        let held = Held::of(source);
        match source.bytes.get(4) {
            Some(1) => Self::of::<FileHeader32<Endianness>>(held),
            Some(2) => Self::of::<FileHeader64<Endianness>>(held),
            _ => None,
        }
    }

    fn of<H: FileHeader<Endian = Endianness>>(held: Held<'d>) -> Option<Self> {
        let header = H::parse(held).ok()?;
        let endian = header.endian().ok()?;
        let segments = header.program_headers(endian, held).unwrap_or(&[]);
        let segments = segments.iter().take(MOST_HEADERS).map(|segment| Segment {
            kind: segment.p_type(endian),
            offset: segment.p_offset(endian).into(),
            address: segment.p_vaddr(endian).into(),
            size: segment.p_filesz(endian).into(),
            writable: segment.p_flags(endian).contains(PF_W),
        });
        let segments: Vec<Segment> = segments.collect();
        let (sections, has_sections) = match named::<H>(header, endian, held) {
            Some(sections) => (sections, true),
            None => (Vec::new(), header.e_shoff(endian).into() == 0),
        };
        let mut elf = Self {
            held,
            endian,
            sections,
            segments,
            has_sections,
            soname: None,
        };
        elf.soname = elf.soname_of::<H>();
        Some(elf)
    }

    /// The bytes of the file that are held from its start.
    pub(super) fn start(&self) -> &'d [u8] {
        self.held.start
    }

    /// The name by which programs ask for the library.
    pub(super) fn soname(&self) -> Option<&'d str> {
        self.soname
    }

    /// Whether numbers in the file have their most significant byte first.
    pub(super) fn is_big_endian(&self) -> bool {
        self.endian == Endianness::Big
    }

    /// The sections that are called so; an error where the file has one that is not held.
    pub(super) fn sections(&self, name: &str) -> Result<Vec<&'d [u8]>, String> {
        let of_name = self.sections.iter().filter(|section| section.name == name);
        let of_name = of_name.filter(|section| self.held.has(section.offset, section.size));
        let bytes = of_name.map(|section| {
            let bytes = self.held.get(section.offset, section.size);
            bytes.ok_or_else(|| self.not_held(name))
        });
        bytes.collect()
    }

    /// Like [`Self::sections`], of a name that the file is expected to have.
    ///
    /// An error, too, where the table of sections was not held.
    pub(super) fn expected(&self, name: &str) -> Result<Vec<&'d [u8]>, String> {
        if !self.has_sections && self.is_cut() {
            return Err(self.not_held(name));
        }
        self.sections(name)
    }

    fn not_held(&self, name: &str) -> String {
        let size = self.held.size;
        format!("its section {name} lies in a part that is not read of a file of {size} bytes")
    }

    /// Whether only a part of the file is held.
    fn is_cut(&self) -> bool {
        self.held.size > self.held.reach()
    }

    /// The bytes of the segments that hold notes.
    pub(super) fn notes(&self) -> impl Iterator<Item = &'d [u8]> {
        let notes = self
            .segments
            .iter()
            .filter(|segment| segment.kind == PT_NOTE);
        notes.filter_map(|segment| self.held.get(segment.offset, segment.size))
    }

    /// Whether it is so large that more than instructions was left out.
    pub(super) fn is_shortened(&self) -> bool {
        self.held.size > LARGE && !self.held.gaps.is_empty()
    }

    /// The held bytes of the first segment that is loaded to be written to.
    pub(super) fn data_segment(&self) -> Option<&'d [u8]> {
        let data = self.segments.iter().find(|segment| segment.is_data())?;
        let whole = self.held.get(data.offset, data.size);
        whole.or_else(|| self.held.from(data.offset))
    }

    /// The ranges of the file that are loaded to be written to, in order.
    pub(super) fn written(&self) -> Vec<Range<u64>> {
        let segments = self.segments.iter().take(MOST);
        let ranges = segments
            .filter(|segment| segment.is_data())
            .filter_map(|data| {
                let end = data.offset.checked_add(data.size)?;
                Some(data.offset..end)
            });
        let mut ranges: Vec<Range<u64>> = ranges.collect();
        ranges.sort_by_key(|range| range.start);
        ranges
    }

    /// The held bytes from an address to the end of its segment.
    pub(super) fn at(&self, address: u64) -> Option<&'d [u8]> {
        self.segments.iter().find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            let left = segment.size.checked_sub(inside)?;
            let offset = segment.offset.checked_add(inside)?;
            (segment.kind == PT_LOAD && left > 0).then_some(())?;
            let whole = self.held.get(offset, left);
            whole.or_else(|| self.held.from(offset))
        })
    }

    fn soname_of<H: FileHeader<Endian = Endianness>>(&self) -> Option<&'d str> {
        let dynamic = self.segments.iter().find(|one| one.kind == PT_DYNAMIC)?;
        let entry = size_of::<H::Dyn>() as u64;
        let count = usize::try_from(dynamic.size / entry)
            .ok()?
            .min(MOST_HEADERS);
        let entries = self
            .held
            .read_slice_at::<H::Dyn>(dynamic.offset, count)
            .ok()?;
        let value = |tag: DynamicTag| {
            let found = entries.iter().find(|one| one.d_tag(self.endian) == tag)?;
            Some::<u64>(found.d_val(self.endian).into())
        };
        let (name, size) = (value(DT_SONAME)?, value(DT_STRSZ)?);
        let left = size.checked_sub(name)?.min(LONGEST_NAME);
        let text = self.at(value(DT_STRTAB)?.checked_add(name)?)?;
        let text = text.get(..text.len().min(usize::try_from(left).ok()?))?;
        let end = text.iter().position(|byte| *byte == 0)?;
        let name = std::str::from_utf8(&text[..end]).ok()?;
        Some(name).filter(|name| !name.is_empty())
    }
}

/// The sections with one of the names that are looked at.
fn named<H: FileHeader<Endian = Endianness>>(
    header: &H,
    endian: Endianness,
    held: Held<'_>,
) -> Option<Vec<Section>> {
    let headers = header.section_headers(endian, held).ok()?;
    let strings = header.section_strings_index(endian, held).ok()?;
    let strings = headers.get(strings.0)?;
    let (start, size) = (
        strings.sh_offset(endian).into(),
        strings.sh_size(endian).into(),
    );
    let is_called = |name: &str, at: u64| {
        let length = name.len() as u64 + 1;
        let inside = at.checked_add(length).is_some_and(|end| end <= size);
        let bytes = start.checked_add(at).and_then(|at| held.get(at, length));
        inside && bytes.is_some_and(|bytes| bytes.strip_suffix(b"\0") == Some(name.as_bytes()))
    };
    let mut sections = Vec::new();
    for section in headers.iter().take(MOST_HEADERS) {
        let at = u64::from(section.sh_name(endian));
        let name = NAMES.iter().find(|name| is_called(name, at));
        if let Some(name) = name
            && section.sh_type(endian) != SHT_NOBITS
        {
            sections.push(Section {
                name,
                offset: section.sh_offset(endian).into(),
                size: section.sh_size(endian).into(),
            });
        }
    }
    Some(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_behind_gaps_are_found_and_gaps_are_not() {
        let held = Held {
            start: b"abcdefgh",
            gaps: &[2..5, 8..10],
            tail: b"xyz",
            size: 20,
        };
        assert_eq!(held.get(0, 2), Some(&b"ab"[..]));
        assert_eq!(held.get(5, 3), Some(&b"cde"[..]));
        assert_eq!(held.get(10, 3), Some(&b"fgh"[..]));
        assert_eq!(held.get(17, 3), Some(&b"xyz"[..]));
        for (offset, size) in [(0, 3), (2, 1), (4, 2), (5, 4), (9, 1), (10, 4), (18, 3)] {
            assert_eq!(held.get(offset, size), None, "{offset} {size}");
        }
        assert_eq!(held.from(6), Some(&b"de"[..]));
        assert_eq!(held.reach(), 13);
    }
}
