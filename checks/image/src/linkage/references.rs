//! How a file refers to its symbols: which it looks for only as it calls them, those that nothing but
//! its table of calls names (`DT_JMPREL`), where it does not ask for all at once; which it never looks
//! for; and which data of others it takes a copy of; elf(5), ld.so(8) `LD_BIND_NOW`, and of `R_*_COPY`
//! the supplements of the machines' ABIs.

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

/// The number of `R_*_COPY` by machine; of others it is not known how they refer to symbols.
const COPY: &[(u16, u64)] = &[
    (3, 5),
    (62, 5),
    (183, 1024),
    (21, 19),
    (22, 9),
    (40, 20),
    (243, 4),
];

/// How a file refers to its symbols, which are told by their places in its table.
#[derive(Default)]
pub(super) struct References {
    lazy: HashSet<u64>,
    /// All that is named anywhere; none where a table that may name more is not at hand.
    all: Option<HashSet<u64>>,
    copied: HashSet<u64>,
}

impl References {
    pub(super) fn of(dynamic: &Dynamic<'_>, machine: u16) -> Self {
        let Some((_, copy)) = COPY.iter().find(|(known, _)| *known == machine) else {
            return Self::default();
        };
        let is_long = dynamic.value(PLTREL) == Some(RELA);
        let (mut calls, mut others) = (Vec::new(), Vec::new());
        for (tag, size, is_long) in [
            (JMPREL, PLTRELSZ, is_long),
            (RELA, RELASZ, true),
            (REL, RELSZ, false),
        ] {
            match table(dynamic, tag, size, is_long) {
                Some(found) if tag == JMPREL => calls = found,
                Some(found) => others.extend(found),
                None if dynamic.value(tag).is_some() => return Self::default(),
                None => {}
            }
        }
        let places = |rows: &[(u64, u64)]| rows.iter().map(|(place, _)| *place).collect();
        let (mut lazy, early): (HashSet<u64>, HashSet<u64>) = (places(&calls), places(&others));
        lazy.retain(|place| !early.contains(place));
        let mut all = early;
        all.extend(&lazy);
        let copied = others.iter().filter(|(_, kind)| kind == copy);
        let copied = copied.map(|(place, _)| *place).collect();
        if asks_at_once(dynamic) {
            lazy.clear();
        }
        Self {
            lazy,
            all: Some(all),
            copied,
        }
    }

    /// Whether a symbol is looked for only as it is called.
    pub(super) fn is_lazy(&self, place: u64) -> bool {
        self.lazy.contains(&place)
    }

    /// Whether a symbol is never looked for.
    pub(super) fn is_idle(&self, place: u64) -> bool {
        self.all.as_ref().is_some_and(|all| !all.contains(&place))
    }

    /// Whether a copy of a symbol's data is taken.
    pub(super) fn is_copied(&self, place: u64) -> bool {
        self.copied.contains(&place)
    }
}

fn asks_at_once(dynamic: &Dynamic<'_>) -> bool {
    let has = |tag, bit| dynamic.value(tag).is_some_and(|flags| flags & bit != 0);
    dynamic.value(BIND_NOW).is_some() || has(FLAGS, 8) || has(FLAGS_1, 1)
}

/// The symbols that a table names by their places, each with the kind of the reference.
fn table(dynamic: &Dynamic<'_>, tag: u64, size: u64, is_long: bool) -> Option<Vec<(u64, u64)>> {
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
    let rows = rows.filter_map(|row| {
        let info = layout.word(row, 8, 4)?;
        Some((info >> shift, info & ((1 << shift) - 1)))
    });
    Some(rows.filter(|(place, _)| *place != 0).collect())
}
