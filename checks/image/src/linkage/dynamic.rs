//! The program headers and the dynamic section: what the loader goes by.

use std::borrow::Cow;

use super::bytes::{Bytes, Layout};

const PT_LOAD: u32 = 1;
const PT_DYNAMIC: u32 = 2;
const PT_INTERP: u32 = 3;

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
const MOST: u64 = 4096;

/// The longest name or list of directories.
const LONGEST: usize = 64 * 1024;

/// The most bytes of names.
const MOST_NAMES: u64 = 64 << 20;

#[derive(Debug, Clone, Copy)]
struct Segment {
    kind: u32,
    offset: u64,
    address: u64,
    size: u64,
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
        let table = layout.word(header, 32, 28)?;
        let at = if layout.wide { 54 } else { 42 };
        let (size, count) = (layout.u16(header, at)?, layout.u16(header, at + 2)?);
        let least = layout.size(56, 32);
        if u64::from(size) < least || u64::from(count) > MOST {
            return None;
        }
        let table = bytes.get(table, u64::from(size) * u64::from(count))?;
        let segment = |one: &[u8]| {
            Some(Segment {
                kind: layout.u32(one, 0)?,
                offset: layout.word(one, 8, 4)?,
                address: layout.word(one, 16, 8)?,
                size: layout.word(one, 32, 16)?,
            })
        };
        let segments = table.chunks_exact(usize::from(size)).map(segment);
        let segments = segments.collect::<Option<Vec<_>>>()?;
        Some(Self {
            bytes,
            layout,
            segments,
            sections: sections(bytes, layout, header).unwrap_or_default(),
        })
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
    let table = layout.word(header, 40, 32)?;
    let at = if layout.wide { 58 } else { 46 };
    let (size, count) = (layout.u16(header, at)?, layout.u16(header, at + 2)?);
    if u64::from(size) < layout.size(64, 40) || u64::from(count) > MOST {
        return None;
    }
    let table = bytes.get(table, u64::from(size) * u64::from(count))?;
    let section = |one: &[u8]| {
        Some(Section {
            kind: layout.u32(one, 4)?,
            address: layout.word(one, 16, 12)?,
            offset: layout.word(one, 24, 16)?,
            size: layout.word(one, 32, 20)?,
            link: layout.u32(one, if layout.wide { 40 } else { 24 })?,
        })
    };
    table.chunks_exact(usize::from(size)).map(section).collect()
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
        let layout = loaded.layout;
        let entry = layout.size(16, 8);
        let count = (segment.size / entry).min(MOST);
        let bytes = loaded.bytes.get(segment.offset, count * entry);
        let bytes = bytes.ok_or("its dynamic section is not there")?;
        let entries = bytes.chunks_exact(usize::try_from(entry).unwrap_or(16));
        let entries =
            entries.filter_map(|one| Some((layout.word(one, 0, 0)?, layout.word(one, 8, 4)?)));
        let entries: Vec<(u64, u64)> = entries.take_while(|(tag, _)| *tag != 0).collect();
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
