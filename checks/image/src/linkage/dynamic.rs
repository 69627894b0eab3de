//! The program headers and the dynamic section: what the loader goes by.

use std::borrow::Cow;

use super::bytes::{Bytes, Layout};

pub(super) const PT_LOAD: u32 = 1;
pub(super) const PT_DYNAMIC: u32 = 2;
pub(super) const PT_INTERP: u32 = 3;

/// A segment that is run.
pub(super) const PF_X: u32 = 1;

/// Tags of the dynamic section.
pub(super) const NEEDED: u64 = 1;
pub(super) const HASH: u64 = 4;
pub(super) const STRTAB: u64 = 5;
pub(super) const SYMTAB: u64 = 6;
pub(super) const STRSZ: u64 = 10;
pub(super) const SONAME: u64 = 14;
pub(super) const RPATH: u64 = 15;
pub(super) const RUNPATH: u64 = 29;
pub(super) const GNU_HASH: u64 = 0x6fff_fef5;
pub(super) const VERSYM: u64 = 0x6fff_fff0;
pub(super) const VERDEF: u64 = 0x6fff_fffc;
pub(super) const VERDEFNUM: u64 = 0x6fff_fffd;
pub(super) const VERNEED: u64 = 0x6fff_fffe;
pub(super) const VERNEEDNUM: u64 = 0x6fff_ffff;

/// Program headers, sections and entries that are looked at; no linker makes as many.
pub(super) const MOST: u64 = 4096;

/// The longest name or list of directories.
const LONGEST: usize = 64 * 1024;

/// The most bytes of names.
const MOST_NAMES: u64 = 64 << 20;

/// A part of the file, as the loader takes it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    pub(super) kind: u32,
    pub(super) flags: u32,
    pub(super) offset: u64,
    pub(super) address: u64,
    pub(super) size: u64,
}

/// Where the header tells of a table: its place at 64 and at 32 bits, the size of an entry, which
/// the number of them follows, and the least such size.
pub(super) struct Told {
    place: (usize, usize),
    entry: (usize, usize),
    least: (u64, u64),
}

pub(super) const SEGMENTS: Told = Told {
    place: (32, 28),
    entry: (54, 42),
    least: (56, 32),
};

pub(super) const SECTIONS: Told = Told {
    place: (40, 32),
    entry: (58, 46),
    least: (64, 40),
};

/// A table of the file.
pub(super) struct Table {
    pub(super) at: u64,
    entry: u16,
    count: u16,
}

impl Table {
    pub(super) fn size(&self) -> u64 {
        u64::from(self.entry) * u64::from(self.count)
    }
}

/// A table by the header; none where it cannot be one.
pub(super) fn table(layout: Layout, header: &[u8], told: Told) -> Option<Table> {
    let at = layout.word(header, told.place.0, told.place.1)?;
    let place = if layout.wide {
        told.entry.0
    } else {
        told.entry.1
    };
    let (entry, count) = (layout.u16(header, place)?, layout.u16(header, place + 2)?);
    let least = layout.size(told.least.0, told.least.1);
    let is_one = u64::from(entry) >= least && u64::from(count) <= MOST;
    is_one.then_some(Table { at, entry, count })
}

/// The program headers.
pub(super) fn segments(bytes: &dyn Bytes, layout: Layout, table: &Table) -> Option<Vec<Segment>> {
    let held = bytes.get(table.at, table.size())?;
    let segment = |one: &[u8]| {
        Some(Segment {
            kind: layout.u32(one, 0)?,
            flags: layout.u32(one, if layout.wide { 4 } else { 24 })?,
            offset: layout.word(one, 8, 4)?,
            address: layout.word(one, 16, 8)?,
            size: layout.word(one, 32, 16)?,
        })
    };
    held.chunks_exact(usize::from(table.entry))
        .map(segment)
        .collect()
}

/// A section of a type that is looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    pub(super) kind: u32,
    pub(super) link: u32,
    pub(super) address: u64,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// A file by its program headers.
pub(super) struct Loaded<'b> {
    pub(super) bytes: &'b dyn Bytes,
    pub(super) layout: Layout,
    segments: Vec<Segment>,
    sections: Vec<Section>,
}

impl<'b> Loaded<'b> {
    pub(super) fn read(bytes: &'b dyn Bytes, layout: Layout, header: &[u8]) -> Option<Self> {
        let table = table(layout, header, SEGMENTS)?;
        let segments = segments(bytes, layout, &table)?;
        Some(Self {
            bytes,
            layout,
            segments,
            sections: sections(bytes, layout, header).unwrap_or_default(),
        })
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// So many bytes as they are loaded at an address.
    pub(super) fn at(&self, address: u64, size: u64) -> Option<Cow<'b, [u8]>> {
        let bytes = self.bytes;
        let mut loads = self.segments.iter().filter(|one| one.kind == PT_LOAD);
        loads.find_map(|segment| {
            let inside = address.checked_sub(segment.address)?;
            let fits = inside.checked_add(size)? <= segment.size;
            bytes
                .get(segment.offset.checked_add(inside)?, size)
                .filter(|_| fits)
        })
    }

    /// How many bytes are loaded from an address to the end of its segment.
    pub(super) fn left(&self, address: u64) -> u64 {
        let mut loads = self.segments.iter().filter(|one| one.kind == PT_LOAD);
        let left = loads.find_map(|segment| {
            let left = segment
                .size
                .checked_sub(address.checked_sub(segment.address)?)?;
            (left > 0).then_some(left)
        });
        left.unwrap_or(0)
    }

    /// The loader that it asks for.
    pub(super) fn interpreter(&self) -> Option<String> {
        let segment = self.segments.iter().find(|one| one.kind == PT_INTERP)?;
        let bytes = self.bytes.get(segment.offset, segment.size.min(4096))?;
        text(&bytes, 0)
    }

    /// The sections of a type.
    pub(super) fn sections(&self, kind: u32) -> impl Iterator<Item = Section> {
        self.sections
            .iter()
            .copied()
            .filter(move |one| one.kind == kind)
    }

    /// A section by its number.
    pub(super) fn section(&self, number: u32) -> Option<Section> {
        self.sections.get(number as usize).copied()
    }
}

/// The table of sections, which a file can be loaded without.
fn sections(bytes: &dyn Bytes, layout: Layout, header: &[u8]) -> Option<Vec<Section>> {
    let table = table(layout, header, SECTIONS)?;
    let held = bytes.get(table.at, table.size())?;
    let section = |one: &[u8]| {
        Some(Section {
            kind: layout.u32(one, 4)?,
            address: layout.word(one, 16, 12)?,
            offset: layout.word(one, 24, 16)?,
            size: layout.word(one, 32, 20)?,
            link: layout.u32(one, if layout.wide { 40 } else { 24 })?,
        })
    };
    held.chunks_exact(usize::from(table.entry))
        .map(section)
        .collect()
}

/// The dynamic section.
pub(super) struct Dynamic<'b> {
    pub(super) loaded: &'b Loaded<'b>,
    entries: Vec<(u64, u64)>,
    names: Cow<'b, [u8]>,
}

impl<'b> Dynamic<'b> {
    /// Reads it; none where there is none.
    pub(super) fn read(loaded: &'b Loaded<'b>) -> Result<Option<Self>, &'static str> {
        let Some(segment) = loaded.segments.iter().find(|one| one.kind == PT_DYNAMIC) else {
            return Ok(None);
        };
        let entries = entries(loaded.bytes, loaded.layout, segment);
        let entries = entries.ok_or("its dynamic section is not there")?;
        let mut dynamic = Self {
            loaded,
            entries,
            names: Cow::Borrowed(&[]),
        };
        if let (Some(at), Some(size)) = (dynamic.value(STRTAB), dynamic.value(STRSZ)) {
            let names = loaded.at(at, size.min(MOST_NAMES));
            dynamic.names = names.ok_or("its names are not there")?;
        }
        Ok(Some(dynamic))
    }

    pub(super) fn value(&self, tag: u64) -> Option<u64> {
        let found = self.entries.iter().find(|(known, _)| *known == tag);
        found.map(|(_, value)| *value)
    }

    /// The name at a place of the table of names.
    pub(super) fn text(&self, at: u64) -> Option<String> {
        text(&self.names, at)
    }

    /// The bytes of a name.
    pub(super) fn raw(&self, at: u64) -> Option<&[u8]> {
        raw(&self.names, at)
    }

    pub(super) fn name(&self, tag: u64) -> Option<String> {
        self.text(self.value(tag)?).filter(|name| !name.is_empty())
    }

    pub(super) fn names(&self, tag: u64) -> Vec<String> {
        let places = self.entries.iter().filter(|(known, _)| *known == tag);
        places.filter_map(|(_, at)| self.text(*at)).collect()
    }
}

/// The entries of the dynamic section, tags with values.
fn entries(bytes: &dyn Bytes, layout: Layout, segment: &Segment) -> Option<Vec<(u64, u64)>> {
    let entry = layout.size(16, 8);
    let count = (segment.size / entry).min(MOST);
    let bytes = bytes.get(segment.offset, count * entry)?;
    let entries = bytes.chunks_exact(usize::try_from(entry).ok()?);
    let entries =
        entries.filter_map(|one| Some((layout.word(one, 0, 0)?, layout.word(one, 8, 4)?)));
    Some(entries.take_while(|(tag, _)| *tag != 0).collect())
}

/// Whether it is that of a library, or may be as it is not held.
pub(super) fn is_library(bytes: &dyn Bytes, layout: Layout, segment: &Segment) -> bool {
    entries(bytes, layout, segment)
        .is_none_or(|entries| entries.iter().any(|(tag, _)| *tag == SONAME))
}

/// The addresses of all that is read for it.
pub(super) fn places(bytes: &dyn Bytes, layout: Layout, segment: &Segment) -> Vec<u64> {
    const READ: [u64; 7] = [HASH, STRTAB, SYMTAB, GNU_HASH, VERSYM, VERDEF, VERNEED];
    let entries = entries(bytes, layout, segment).unwrap_or_default();
    let read = entries.iter().filter(|(tag, _)| READ.contains(tag));
    read.map(|(_, address)| *address).collect()
}

/// The bytes from a place to the next NUL.
pub(super) fn raw(names: &[u8], at: u64) -> Option<&[u8]> {
    let rest = names.get(usize::try_from(at).ok()?..)?;
    let rest = &rest[..rest.len().min(LONGEST)];
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(&rest[..end])
}

fn text(names: &[u8], at: u64) -> Option<String> {
    raw(names, at).map(|name| String::from_utf8_lossy(name).into_owned())
}
