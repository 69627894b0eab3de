//! The codes of deflate (RFC 1951, section 3.2) as tables: what the next bits stand for.
//!
//! The root of a table is looked up by as many bits as most codewords have at most; an entry of
//! it may lead to a further table, by the bits behind them.

use super::Malformed;

/// The entry is a literal; its value is a byte.
pub(super) const LITERAL: u32 = 1 << 31;
/// The entry is none of a literal, a length and a distance; without another mark it is invalid.
pub(super) const OTHER: u32 = 1 << 15;
/// The entry leads to a further table: its value is the place, its width the bits to look up.
pub(super) const FURTHER: u32 = 1 << 14;
/// The entry ends the block.
pub(super) const END: u32 = 1 << 13;

/// The most bits of a codeword.
const LONGEST: usize = 15;

/// An entry of a table.
///
/// Bits 0 to 5 are how many bits it takes, extra bits included; 8 to 13 how many of them are the
/// codeword; 16 to 30 its value, to which the extra bits are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry(pub(super) u32);

impl Entry {
    /// The bits that it takes.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.0 & 63
    }

    /// Whether it has a mark.
    #[inline(always)]
    pub(super) fn is(self, mark: u32) -> bool {
        self.0 & mark != 0
    }

    /// The literal.
    #[inline(always)]
    pub(super) fn literal(self) -> u8 {
        (self.0 >> 16) as u8
    }

    /// The value with the extra bits out of `held`, which begins with the codeword.
    #[inline(always)]
    pub(super) fn value(self, held: u64) -> usize {
        let extra = (held & !(u64::MAX << self.bits())) >> (self.0 >> 8 & 63);
        (self.0 >> 16) as usize + extra as usize
    }
}

/// What the symbols stand for, without their codewords.
pub(super) const LENGTHS: [u32; 288] = lengths();
pub(super) const DISTANCES: [u32; 32] = distances();
/// The symbols of the code of code lengths stand for themselves.
pub(super) const PLAIN: [u32; 19] = plain();

const fn lengths() -> [u32; 288] {
    let mut all = [OTHER; 288];
    let mut symbol = 0;
    while symbol < 256 {
        all[symbol] = LITERAL | (symbol as u32) << 16;
        symbol += 1;
    }
    all[256] = OTHER | END;
    let mut step = 0;
    while step < 28 {
        let extra = if step < 8 { 0 } else { step / 4 - 1 };
        let base = if step < 8 {
            step
        } else {
            (4 + step % 4) << extra
        };
        all[257 + step as usize] = (3 + base) << 16 | extra;
        step += 1;
    }
    all[285] = 258 << 16;
    all
}

const fn distances() -> [u32; 32] {
    let mut all = [OTHER; 32];
    let mut step = 0;
    while step < 30 {
        let extra = if step < 4 { 0 } else { step / 2 - 1 };
        let base = if step < 4 {
            step
        } else {
            (2 + step % 2) << extra
        };
        all[step as usize] = (1 + base) << 16 | extra;
        step += 1;
    }
    all
}

const fn plain() -> [u32; 19] {
    let mut all = [0; 19];
    let mut symbol = 0;
    while symbol < 19 {
        all[symbol] = LITERAL | (symbol as u32) << 16;
        symbol += 1;
    }
    all
}

/// A code whose root is looked up by `ROOT` bits; it has `SIZE` entries at most, a power of two.
#[derive(Debug)]
pub(super) struct Code<const ROOT: usize, const SIZE: usize> {
    entries: [u32; SIZE],
}

impl<const ROOT: usize, const SIZE: usize> Default for Code<ROOT, SIZE> {
    fn default() -> Self {
        Self {
            entries: [OTHER; SIZE],
        }
    }
}

impl<const ROOT: usize, const SIZE: usize> Code<ROOT, SIZE> {
    /// What the next bits stand for; it may lead further.
    #[inline(always)]
    pub(super) fn at(&self, held: u64) -> Entry {
        Entry(self.entries[held as usize & ((1 << ROOT) - 1) & (SIZE - 1)])
    }

    /// What the bits behind those of `root` stand for.
    #[inline(always)]
    pub(super) fn further(&self, root: Entry, held: u64) -> Entry {
        let place = held & !(u64::MAX << (root.0 >> 8 & 63));
        Entry(self.entries[((root.0 >> 16) as usize + place as usize) & (SIZE - 1)])
    }

    /// Makes the table for symbols whose codewords have these lengths, zero for none.
    ///
    /// As in zlib, a code must use up all its codewords, or it is one codeword of one bit, or
    /// none at all; `is_whole` demands the first of a code that has any.
    pub(super) fn build(
        &mut self,
        lengths: &[u8],
        symbols: &[u32],
        is_whole: bool,
    ) -> Result<(), Malformed> {
        let mut counts = [0_u16; LONGEST + 1];
        for length in lengths {
            counts[usize::from(*length & 15)] += 1;
        }
        counts[0] = 0;
        let longest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let mut left = 1_i32;
        for count in &counts[1..] {
            left = 2 * left - i32::from(*count);
            if left < 0 {
                return Err(Malformed("a code has too many codewords"));
            }
        }
        if left > 0 && (longest > 1 || is_whole && longest > 0) {
            return Err(Malformed("a code is incomplete"));
        }
        if left > 0 {
            self.entries[..1 << ROOT].fill(OTHER);
        }
        let mut places = [0_u16; LONGEST + 1];
        for length in 1..LONGEST {
            places[length + 1] = places[length] + counts[length];
        }
        let mut sorted = [0_u32; 288];
        for (length, symbol) in lengths.iter().zip(symbols) {
            if *length > 0 {
                let place = &mut places[usize::from(*length & 15)];
                sorted[usize::from(*place)] = *symbol;
                *place += 1;
            }
        }
        let (code, sorted) = self.root(&counts, &sorted);
        self.behind(code, &counts, sorted);
        Ok(())
    }

    /// Lays the codewords into the root that it has room for: the next codeword, and the symbols
    /// that are left.
    fn root<'s>(&mut self, counts: &[u16; LONGEST + 1], sorted: &'s [u32]) -> (u32, &'s [u32]) {
        let (mut code, mut sorted) = (0_u32, sorted.iter());
        for (length, count) in counts.iter().enumerate().take(ROOT + 1).skip(1) {
            // What is known by fewer bits is the same whatever the next bit is.
            let known = 1 << (length - 1);
            self.entries.copy_within(..known, known);
            for _ in 0..*count {
                let symbol = sorted.next().unwrap_or(&OTHER);
                let slot = reversed(code, length) & (SIZE - 1);
                self.entries[slot] = symbol + length as u32 * 0x101;
                code += 1;
            }
            code <<= 1;
        }
        (code, sorted.as_slice())
    }

    /// Lays longer codewords into further tables, one for each start that some of them share.
    fn behind(&mut self, mut code: u32, counts: &[u16; LONGEST + 1], sorted: &[u32]) {
        let mut sorted = sorted.iter();
        let (mut start, mut end, mut width) = (1 << ROOT, 1 << ROOT, 0);
        let mut head = usize::MAX;
        for length in ROOT + 1..=LONGEST {
            for left in (1..=counts[length]).rev() {
                let word = reversed(code, length);
                let slot = word & ((1 << ROOT) - 1);
                if slot != head {
                    (head, start) = (slot, end);
                    width = width_of(length - ROOT, left, &counts[length + 1..]);
                    end += 1 << width;
                    let entry = (start << 16 | width << 8 | ROOT) as u32;
                    self.entries[slot] = entry | OTHER | FURTHER;
                }
                let bits = length - ROOT;
                let symbol = sorted.next().unwrap_or(&OTHER);
                for slot in (word >> ROOT..1 << width).step_by(1 << bits) {
                    self.entries[(start + slot) & (SIZE - 1)] = symbol + bits as u32 * 0x101;
                }
                code += 1;
            }
            code <<= 1;
        }
    }
}

/// How many bits a further table is looked up by that begins with `left` codewords of `width`
/// bits behind the root, before longer ones.
fn width_of(mut width: usize, left: u16, longer: &[u16]) -> usize {
    let mut room = (1_i32 << width) - i32::from(left);
    for count in longer {
        if room <= 0 {
            break;
        }
        width += 1;
        room = 2 * room - i32::from(*count);
    }
    width
}

/// A codeword as it comes in the stream, the highest bit first.
fn reversed(code: u32, length: usize) -> usize {
    (code.reverse_bits() >> (32 - length)) as usize
}
