//! Which functions a file looks for only as it calls them: those that nothing but its table of calls
//! names (`DT_JMPREL`), where it does not ask for all at once; elf(5), ld.so(8) `LD_BIND_NOW`.

use std::collections::HashSet;

use super::dynamic::Dynamic;

const RELA: u64 = 7;
const RELASZ: u64 = 8;
const REL: u64 = 17;
const RELSZ: u64 = 18;
const PLTRELSZ: u64 = 2;
const PLTREL: u64 = 20;
const JMPREL: u64 = 23;
const BIND_NOW: u64 = 24;
const FLAGS: u64 = 30;
const FLAGS_1: u64 = 0x6fff_fffb;

/// The most bytes of a table.
const MOST: u64 = 64 << 20;

/// The places of their symbols; none where a table that may name them otherwise is not at hand.
pub(super) fn lazy(dynamic: &Dynamic<'_>) -> HashSet<u64> {
    let has = |tag, bit| dynamic.value(tag).is_some_and(|flags| flags & bit != 0);
    if dynamic.value(BIND_NOW).is_some() || has(FLAGS, 8) || has(FLAGS_1, 1) {
        return HashSet::new();
    }
    let is_long = dynamic.value(PLTREL) == Some(RELA);
    let Some(mut calls) = table(dynamic, JMPREL, PLTRELSZ, is_long) else {
        return HashSet::new();
    };
    for (tag, size, is_long) in [(RELA, RELASZ, true), (REL, RELSZ, false)] {
        match table(dynamic, tag, size, is_long) {
            Some(others) => calls.retain(|place| !others.contains(place)),
            None if dynamic.value(tag).is_some() => return HashSet::new(),
            None => {}
        }
    }
    calls
}

/// The places of the symbols that a table names.
fn table(dynamic: &Dynamic<'_>, tag: u64, size: u64, is_long: bool) -> Option<HashSet<u64>> {
    let (loaded, layout) = (dynamic.loaded, dynamic.loaded.layout);
    let bytes = dynamic.value(size)?.min(MOST);
    let entry = if is_long {
        layout.size(24, 12)
    } else {
        layout.size(16, 8)
    };
    let table = loaded.at(dynamic.value(tag)?, bytes - bytes % entry)?;
    let shift = if layout.wide { 32 } else { 8 };
    let rows = table.chunks_exact(usize::try_from(entry).ok()?);
    let places = rows.filter_map(|row| Some(layout.word(row, 8, 4)? >> shift));
    Some(places.filter(|place| *place != 0).collect())
}
