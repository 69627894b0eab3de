//! The symbols that a file asks for and those that it gives.
//!
//! What it gives is kept as 64 bits a name, what it asks for as text, so that those of an image
//! with thousands of libraries can be held.

use super::PARTS;
use super::dynamic::{Dynamic, GNU_HASH, HASH, Loaded, STRTAB, SYMTAB, VERSYM, raw};
use super::references::References;
use super::versions::Versions;

const SHT_SYMTAB: u32 = 2;
const SHT_DYNSYM: u32 = 11;

/// Kinds and bindings of a symbol.
const WEAK: u8 = 2;
const LOCAL: u8 = 0;
const TYPE_DATA: u8 = 1;
const TYPE_SECTION: u8 = 3;
const TYPE_FILE: u8 = 4;

/// The bit of a version that only those see who ask for it.
const HIDDEN: u16 = 0x8000;

/// Stands for every version.
const ANY: &[u8] = b"*";

/// The most symbols of a file.
const MOST: u64 = 4 << 20;

/// The symbols of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symbols {
    /// Names that are asked for, one after the other.
    names: Box<str>,
    /// For each its length, its version, whether the file can do without, and whether it is looked
    /// for only as it is called.
    asked: Vec<(u16, u16, bool, bool)>,
    /// The names of versions.
    versions: Vec<(u16, String)>,
    /// Hashes of what is given: by name alone, and by name and version.
    given: Vec<u64>,
    /// Whether what is given bears versions.
    versioned: bool,
    /// Data of others of which it takes a copy as the process starts, with the room for it.
    copies: Vec<(String, u64)>,
    /// Bytes of the data that is given, by hashes of the names.
    sizes: Vec<(u64, u64)>,
}

/// A symbol that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import<'s> {
    /// Its name.
    pub name: &'s str,
    /// The version that it must be of.
    pub version: Option<&'s str>,
    /// Whether the file can do without.
    pub weak: bool,
    /// Whether it is looked for only as it is called, unless the environment says otherwise.
    pub lazy: bool,
}

/// A symbol of the table.
struct Symbol {
    name: u64,
    size: u64,
    binding: u8,
    kind: u8,
    is_defined: bool,
}

impl Symbols {
    /// Those that the loader looks at; none where they cannot be read.
    pub(super) fn of(dynamic: &Dynamic<'_>, versions: &Versions, machine: u16) -> Option<Self> {
        let (Some(table), Some(count)) = (dynamic.value(SYMTAB), count(dynamic)) else {
            return None;
        };
        let loaded = dynamic.loaded;
        let entry = loaded.layout.size(24, 16);
        let symbols = loaded.at(table, count.checked_mul(entry)?)?;
        let indices = dynamic
            .value(VERSYM)
            .and_then(|at| loaded.at(at, count * 2));
        let mut found = Self {
            versions: versions.by_index.clone(),
            versioned: !versions.defines.is_empty(),
            ..Self::default()
        };
        let mut names = String::new();
        let references = References::of(dynamic, machine);
        let size = usize::try_from(entry).ok()?;
        for (place, bytes) in symbols.chunks_exact(size).enumerate().skip(1) {
            let symbol = symbol(loaded, bytes)?;
            let name = dynamic.raw(symbol.name)?;
            if symbol.binding == LOCAL
                || matches!(symbol.kind, TYPE_SECTION | TYPE_FILE)
                || name.is_empty()
            {
                continue;
            }
            let index = indices
                .as_ref()
                .and_then(|all| loaded.layout.u16(all, place * 2));
            let place = u64::try_from(place).ok()?;
            let index = index.unwrap_or(1);
            if symbol.is_defined {
                found.give(&symbol, name, index);
                if references.is_copied(place) {
                    let name = String::from_utf8_lossy(name).into_owned();
                    found.copies.push((name, symbol.size));
                }
            } else if !references.is_idle(place)
                && let (Ok(text), Ok(length)) =
                    (std::str::from_utf8(name), u16::try_from(name.len()))
            {
                let (weak, lazy) = (symbol.binding == WEAK, references.is_lazy(place));
                found.asked.push((length, index & !HIDDEN, weak, lazy));
                names.push_str(text);
            }
        }
        found.names = names.into_boxed_str();
        found.sizes.sort_unstable();
        found.given.sort_unstable();
        found.given.dedup();
        Some(found)
    }

    fn give(&mut self, symbol: &Symbol, name: &[u8], index: u16) {
        let version = index & !HIDDEN;
        if index & HIDDEN == 0 {
            self.given.push(hash(name, b""));
            if symbol.kind == TYPE_DATA {
                self.sizes.push((hash(name, b""), symbol.size));
            }
        }
        let of = self.versions.iter().find(|(known, _)| *known == version);
        match of.filter(|_| version > 1) {
            Some((_, of)) => self.given.push(hash(name, of.as_bytes())),
            // What is of no version stands for each.
            None => self.given.push(hash(name, ANY)),
        }
    }

    /// The symbols that are asked for.
    pub fn imports(&self) -> impl Iterator<Item = Import<'_>> {
        let mut at = 0;
        self.asked.iter().map(move |(length, version, weak, lazy)| {
            let end = at + usize::from(*length);
            let name = self.names.get(at..end).unwrap_or_default();
            at = end;
            let of = self.versions.iter().find(|(known, _)| known == version);
            Import {
                name,
                version: of.filter(|_| *version > 1).map(|(_, name)| &**name),
                weak: *weak,
                lazy: *lazy,
            }
        })
    }

    /// Whether a symbol is given, as the loader looks for it: a version is compared where both
    /// sides have versions.
    pub fn gives(&self, name: &str, version: Option<&str>) -> bool {
        let version = version.filter(|_| self.versioned).unwrap_or_default();
        let has = |version: &[u8]| {
            let wanted = hash(name.as_bytes(), version);
            self.given.binary_search(&wanted).is_ok()
        };
        has(version.as_bytes()) || (!version.is_empty() && has(ANY))
    }

    /// The data of others of which it takes a copy as the process starts, with the room for each.
    pub fn copies(&self) -> impl Iterator<Item = (&str, u64)> {
        self.copies.iter().map(|(name, size)| (&**name, *size))
    }

    /// The bytes of data that is given; none where it gives no such.
    pub fn size_of(&self, name: &str) -> Option<u64> {
        let wanted = hash(name.as_bytes(), b"");
        let at = self.sizes.binary_search_by_key(&wanted, |(hash, _)| *hash);
        Some(self.sizes[at.ok()?].1)
    }

    /// Bytes that it takes to keep them.
    pub fn size(&self) -> usize {
        let copies = self.copies.len() * 64 + self.sizes.len() * 16;
        let texts = self.names.len() + self.versions.len() * 48;
        texts + self.asked.len() * 6 + self.given.len() * 8 + copies
    }
}

/// Which functions of [`PARTS`] a program has in it, by the table of all its symbols, or by that
/// which the loader looks at.
pub(super) fn parts(loaded: &Loaded<'_>, symbols: Option<&Symbols>) -> Vec<&'static str> {
    let all = of_all(loaded).unwrap_or_default();
    let is_there = |part: &&&str| {
        let given = symbols.is_some_and(|symbols| symbols.gives(part, None));
        given || all.contains(&hash(part.as_bytes(), b""))
    };
    PARTS.iter().filter(is_there).copied().collect()
}

/// Whether a program has the table of all its symbols.
pub(super) fn has_all(loaded: &Loaded<'_>) -> bool {
    loaded.sections(SHT_SYMTAB).next().is_some()
}

/// Hashes of all that a program defines for others, which are kept for no longer than they are
/// looked at.
fn of_all(loaded: &Loaded<'_>) -> Option<Vec<u64>> {
    let table = loaded.sections(SHT_SYMTAB).next()?;
    let names = loaded.section(table.link)?;
    let entry = loaded.layout.size(24, 16);
    let size = table.size.min(MOST * entry);
    let symbols = loaded.bytes.get(table.offset, size)?;
    let names = loaded.bytes.get(names.offset, names.size)?;
    let mut found = Vec::new();
    for bytes in symbols.chunks_exact(usize::try_from(entry).ok()?) {
        let symbol = symbol(loaded, bytes)?;
        if symbol.is_defined && symbol.binding != LOCAL {
            found.push(hash(raw(&names, symbol.name)?, b""));
        }
    }
    Some(found)
}

fn symbol(loaded: &Loaded<'_>, bytes: &[u8]) -> Option<Symbol> {
    let layout = loaded.layout;
    let (info, section) = if layout.wide { (4, 6) } else { (12, 14) };
    let info = *bytes.get(info)?;
    Some(Symbol {
        name: layout.u32(bytes, 0)?.into(),
        size: layout.word(bytes, 16, 8)?,
        binding: info >> 4,
        kind: info & 15,
        is_defined: layout.u16(bytes, section)? != 0,
    })
}

/// How many symbols there are: no entry of the dynamic section says so.
fn count(dynamic: &Dynamic<'_>) -> Option<u64> {
    let (loaded, layout) = (dynamic.loaded, dynamic.loaded.layout);
    let table = dynamic.value(SYMTAB)?;
    let entry = layout.size(24, 16);
    let mut sections = loaded.sections(SHT_DYNSYM);
    let by_section = sections
        .find(|one| one.address == table)
        .map(|one| one.size / entry);
    let by_hash = || {
        let head = loaded.at(dynamic.value(HASH)?, 8)?;
        layout.u32(&head, 4).map(u64::from)
    };
    // Every linker puts the names right behind the symbols.
    let by_names = || {
        dynamic
            .value(STRTAB)?
            .checked_sub(table)
            .map(|size| size / entry)
    };
    let count = by_section
        .or_else(by_hash)
        .or_else(by_names)
        .or_else(|| by_gnu_hash(dynamic));
    count.filter(|count| *count <= MOST && count * entry <= loaded.left(table))
}

/// The last symbol of the longest chain of a table of GNU's hashes.
fn by_gnu_hash(dynamic: &Dynamic<'_>) -> Option<u64> {
    let (loaded, layout) = (dynamic.loaded, dynamic.loaded.layout);
    let table = dynamic.value(GNU_HASH)?;
    let head = loaded.at(table, 16)?;
    let number = |at| layout.u32(&head, at).map(u64::from);
    let (buckets, first, bloom) = (number(0)?, number(4)?, number(8)?);
    let at = table.checked_add(16 + bloom * layout.size(8, 4))?;
    let chains = at.checked_add(buckets * 4)?;
    let table = loaded.at(at, (buckets * 4).min(MOST * 4))?;
    let starts = table.chunks_exact(4).filter_map(|one| layout.u32(one, 0));
    let mut last = u64::from(starts.max()?);
    if last < first {
        return Some(first);
    }
    loop {
        let link = loaded.at(chains.checked_add((last - first) * 4)?, 4)?;
        last += 1;
        if layout.u32(&link, 0)? & 1 == 1 || last > MOST {
            return Some(last);
        }
    }
}

/// FNV-1a over a name and a version.
fn hash(name: &[u8], version: &[u8]) -> u64 {
    let bytes = name.iter().chain(b"@").chain(version);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
