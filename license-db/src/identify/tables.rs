//! The tables of the identifier as one block of numbers: made when the program is built (or from
//! the licences of a site), and read where it lies, without a copy or a start.
//!
//! The block is a head (a mark, then where each section begins, then its end) and the sections.
//! `make.rs` beside each reader writes them; numbers are in the byte order of the machine.

use std::borrow::Cow;
use std::collections::HashMap;

use zerocopy::IntoBytes;

/// The first number of a block; another layout has another one.
const MARK: u32 = 0x6870_6302;

/// The sections of a block.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Section {
    /// Four a template: name, first word, words, shingles.
    Templates,
    /// The words of all templates.
    Words,
    /// What each of the words is, packed.
    Marks,
    /// The hashes of the shingles, sorted.
    Shingles,
    /// Where each of them stands: the template in the upper half, the word in the lower.
    Places,
    /// The first shingle of each bucket of hashes.
    Buckets,
    /// Three a template, sorted: the upper and the lower half of the hash of its words, itself.
    Exact,
    /// Where the own words of each template begin.
    OwnStarts,
    /// The words that few other templates have.
    Own,
    /// A hash table of three a slot: first word, first rule, rules.
    Firsts,
    /// Four a rule of the phrases: name, flags, first step, numbers of its steps.
    Rules,
    /// The steps of the rules.
    Steps,
    /// Two a family: its name, and what a text means by it.
    Readings,
    /// Four a vendor's text: name, name of the family, words, runs of the sample.
    Vendors,
    /// One bit a run: most runs of a file are none of them.
    VendorBits,
    /// Two a run, sorted: its hash, and the text.
    VendorRuns,
    /// Where each name ends.
    NameEnds,
    /// The bytes of the names.
    Names,
}

/// How many sections there are.
const SECTIONS: usize = Section::Names as usize + 1;

/// A block that is being made.
#[derive(Debug, Default)]
pub(crate) struct Maker {
    sections: [Vec<u32>; SECTIONS],
    names: HashMap<String, u32>,
    bytes: Vec<u8>,
}

impl Maker {
    /// The numbers of a section, to add to.
    pub(crate) fn section(&mut self, section: Section) -> &mut Vec<u32> {
        &mut self.sections[section as usize]
    }

    /// The number that stands for a name.
    pub(crate) fn name(&mut self, name: &str) -> u32 {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        let number = to_u32(self.names.len());
        self.bytes.extend_from_slice(name.as_bytes());
        let end = to_u32(self.bytes.len());
        self.section(Section::NameEnds).push(end);
        self.names.insert(name.to_owned(), number);
        number
    }

    /// The whole block.
    pub(crate) fn finish(mut self) -> Vec<u32> {
        let bytes = std::mem::take(&mut self.bytes);
        let packed = bytes.chunks(4).map(|chunk| {
            let mut four = [0; 4];
            four.iter_mut()
                .zip(chunk)
                .for_each(|(to, from)| *to = *from);
            u32::from_ne_bytes(four)
        });
        self.section(Section::Names).extend(packed);
        let mut block = vec![MARK];
        let mut at = SECTIONS + 2;
        for section in &self.sections {
            block.push(to_u32(at));
            at += section.len();
        }
        block.push(to_u32(at));
        block.extend(self.sections.iter().flatten());
        block
    }
}

/// A number of a table; none is larger.
pub(crate) fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A block that is read.
#[derive(Debug)]
pub(crate) struct Tables {
    block: Cow<'static, [u32]>,
}

impl Tables {
    /// Takes a block; one with another layout reads as empty.
    pub(crate) fn new(block: impl Into<Cow<'static, [u32]>>) -> Self {
        let block = block.into();
        let fits = block.first() == Some(&MARK);
        Self {
            block: if fits { block } else { Cow::Borrowed(&[]) },
        }
    }

    /// The numbers of a section.
    pub(crate) fn section(&self, section: Section) -> &[u32] {
        let at = section as usize + 1;
        let (Some(start), Some(end)) = (self.block.get(at), self.block.get(at + 1)) else {
            return &[];
        };
        self.block
            .get(*start as usize..*end as usize)
            .unwrap_or_default()
    }

    /// The row of a table whose rows have `N` numbers.
    pub(crate) fn row<const N: usize>(&self, section: Section, row: usize) -> Option<&[u32; N]> {
        self.section(section).as_chunks::<N>().0.get(row)
    }

    /// Every name.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        (0..to_u32(self.section(Section::NameEnds).len())).map(|number| self.name(number))
    }

    /// The name that a number stands for.
    pub(crate) fn name(&self, number: u32) -> &str {
        let ends = self.section(Section::NameEnds);
        let end_of = |n: u32| ends.get(n as usize).map_or(0, |end| *end as usize);
        let start = number.checked_sub(1).map_or(0, end_of);
        let bytes = self.section(Section::Names).as_bytes();
        let name = bytes.get(start..end_of(number)).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut maker = Maker::default();
        let (mit, isc) = (maker.name("MIT"), maker.name("ISC"));
        assert_eq!(maker.name("MIT"), mit);
        maker.section(Section::Words).extend([1, 2, 3]);
        maker.section(Section::Rules).extend([9, 8, 7, 6]);
        let tables = Tables::new(maker.finish());
        assert_eq!(tables.section(Section::Words), [1, 2, 3]);
        assert_eq!(tables.section(Section::Own), [0; 0]);
        assert_eq!(tables.row(Section::Rules, 0), Some(&[9, 8, 7, 6]));
        assert_eq!(tables.row::<4>(Section::Rules, 1), None);
        assert_eq!((tables.name(mit), tables.name(isc)), ("MIT", "ISC"));
        assert_eq!(tables.name(7), "");
        assert_eq!(tables.names().collect::<Vec<_>>(), ["MIT", "ISC"]);
    }

    #[test]
    fn another_block_is_empty() {
        for block in [vec![], vec![1, 2, 3], vec![MARK], vec![MARK, 9, 2, 900]] {
            let tables = Tables::new(block);
            assert!(tables.section(Section::Templates).is_empty());
            assert!(tables.section(Section::Words).is_empty());
        }
    }
}
