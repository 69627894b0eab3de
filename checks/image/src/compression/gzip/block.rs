//! The blocks of a deflate stream (RFC 1951, section 3.2.3).

use std::io::{self, BufRead};

use super::Malformed;
use super::bits::Bits;
use super::code::{Code, DISTANCES, END, Entry, FURTHER, LENGTHS, LITERAL, OTHER, PLAIN};
use super::quick::{self, Place, Stop};

/// The order in which the lengths of the code of code lengths come.
const ORDER: [usize; 19] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The most symbols of literals and lengths, and of distances, that a block may have.
const MOST_LENGTHS: usize = 286;
const MOST_DISTANCES: usize = 30;

/// The codes of a block.
#[derive(Debug, Default)]
pub(super) struct Codes {
    /// Literals, lengths and the end.
    pub(super) lengths: Code<11, 4096>,
    /// Distances.
    pub(super) distances: Code<8, 1024>,
    /// The code lengths.
    of_lengths: Code<7, 128>,
}

/// What a stream is in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Block {
    /// Before a block.
    Next,
    /// So many stored bytes are left.
    Stored(usize),
    /// Symbols of the codes at hand.
    Coded,
}

/// A deflate stream.
#[derive(Debug)]
pub(super) struct Deflate {
    codes: Box<Codes>,
    /// Whether the codes are those of blocks that bring none.
    is_fixed: bool,
    block: Block,
    is_last: bool,
}

impl Default for Deflate {
    fn default() -> Self {
        Self {
            codes: Box::default(),
            is_fixed: false,
            block: Block::Next,
            is_last: false,
        }
    }
}

impl Deflate {
    /// Goes back to the start of a stream.
    pub(super) fn again(&mut self) {
        (self.block, self.is_last) = (Block::Next, false);
    }

    /// Decodes until the place is full, or the stream ends: whether it did.
    pub(super) fn decode<R: BufRead>(
        &mut self,
        bits: &mut Bits<R>,
        place: &mut Place<'_>,
    ) -> io::Result<bool> {
        loop {
            match self.block {
                Block::Next if self.is_last => return Ok(true),
                Block::Next => self.begin(bits)?,
                Block::Stored(left) => {
                    let copied = stored(left, bits, place)?;
                    self.block = match left - copied {
                        0 => Block::Next,
                        left => Block::Stored(left),
                    };
                    if left != copied {
                        return Ok(false);
                    }
                }
                Block::Coded => match coded(&self.codes, bits, place)? {
                    Stop::End => self.block = Block::Next,
                    _ => return Ok(false),
                },
            }
        }
    }

    /// Reads the header of a block.
    fn begin<R: BufRead>(&mut self, bits: &mut Bits<R>) -> io::Result<()> {
        self.is_last = bits.take(1)? == 1;
        self.block = match bits.take(2)? {
            0 => {
                bits.align();
                let (length, check) = (bits.take(16)?, bits.take(16)?);
                if length != !check & 0xffff {
                    return Err(Malformed("the length of a stored block is damaged").into());
                }
                Block::Stored(length as usize)
            }
            1 => {
                self.fixed()?;
                Block::Coded
            }
            2 => {
                self.dynamic(bits)?;
                Block::Coded
            }
            _ => return Err(Malformed("a block is of no known kind").into()),
        };
        Ok(())
    }

    /// The codes of blocks that bring none (section 3.2.6).
    fn fixed(&mut self) -> Result<(), Malformed> {
        if self.is_fixed {
            return Ok(());
        }
        let mut lengths = [8; 288];
        lengths[144..256].fill(9);
        lengths[256..280].fill(7);
        self.codes.lengths.build(&lengths, &LENGTHS, false)?;
        self.codes.distances.build(&[5; 32], &DISTANCES, false)?;
        self.is_fixed = true;
        Ok(())
    }

    /// The codes that a block brings (section 3.2.7).
    fn dynamic<R: BufRead>(&mut self, bits: &mut Bits<R>) -> io::Result<()> {
        self.is_fixed = false;
        let of_lengths = bits.take(5)? as usize + 257;
        let of_distances = bits.take(5)? as usize + 1;
        let of_order = bits.take(4)? as usize + 4;
        if of_lengths > MOST_LENGTHS || of_distances > MOST_DISTANCES {
            return Err(Malformed("a block has too many symbols").into());
        }
        let mut order = [0; 19];
        for place in &ORDER[..of_order] {
            order[*place] = bits.take(3)? as u8;
        }
        self.codes.of_lengths.build(&order, &PLAIN, true)?;
        let mut all = [0; MOST_LENGTHS + MOST_DISTANCES];
        let all = &mut all[..of_lengths + of_distances];
        self.code_lengths(bits, all)?;
        let (lengths, distances) = all.split_at(of_lengths);
        if lengths[256] == 0 {
            return Err(Malformed("a block has no end").into());
        }
        self.codes.lengths.build(lengths, &LENGTHS, false)?;
        self.codes.distances.build(distances, &DISTANCES, false)?;
        Ok(())
    }

    /// Reads code lengths, which are coded themselves, and may repeat.
    fn code_lengths<R: BufRead>(&self, bits: &mut Bits<R>, all: &mut [u8]) -> io::Result<()> {
        let mut at = 0;
        while at < all.len() {
            bits.fill()?;
            let entry = self.codes.of_lengths.at(bits.held.bits);
            if entry.is(OTHER) {
                return Err(Malformed("a code length is invalid").into());
            }
            bits.take(entry.bits())?;
            let (length, count) = match (entry.literal(), at.checked_sub(1)) {
                (16, None) => return Err(Malformed("no code length is there to repeat").into()),
                (16, Some(last)) => (all[last], 3 + bits.take(2)?),
                (17, _) => (0, 3 + bits.take(3)?),
                (18, _) => (0, 11 + bits.take(7)?),
                (length, _) => (length, 1),
            };
            let end = at + count as usize;
            let Some(repeated) = all.get_mut(at..end) else {
                return Err(Malformed("there are too many code lengths").into());
            };
            repeated.fill(length);
            at = end;
        }
        Ok(())
    }
}

/// Copies up to `left` stored bytes as long as there is room: how many.
fn stored<R: BufRead>(left: usize, bits: &mut Bits<R>, place: &mut Place<'_>) -> io::Result<usize> {
    let room = place.out.len() - place.at;
    let wanted = left.min(room);
    let mut copied = 0;
    while copied < wanted {
        let out = &mut place.out[place.at..];
        // Bytes that are held come first.
        let count = if bits.held.count > 0 {
            out[0] = bits.take(8)? as u8;
            1
        } else {
            let ahead = bits.ahead()?;
            let count = ahead.len().min(wanted - copied);
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            out[..count].copy_from_slice(&ahead[..count]);
            bits.inner.consume(count);
            count
        };
        place.at += count;
        copied += count;
    }
    Ok(copied)
}

/// Decodes symbols until the place is full or the block ends.
fn coded<R: BufRead>(codes: &Codes, bits: &mut Bits<R>, place: &mut Place<'_>) -> io::Result<Stop> {
    loop {
        let mut held = bits.held;
        let ahead = bits.ahead()?;
        let (taken, stop) = quick::decode(codes, ahead, &mut held, place);
        bits.held = held;
        bits.inner.consume(taken);
        match stop {
            Stop::Short => {}
            Stop::Wrong(why) => return Err(Malformed(why).into()),
            Stop::Full | Stop::End => return Ok(stop),
        }
        // What lies on the edge of the input is read with care.
        if !symbol(codes, bits, place)? {
            return Ok(Stop::End);
        }
    }
}

/// Decodes one symbol, for which there is room: false where it ends the block.
fn symbol<R: BufRead>(
    codes: &Codes,
    bits: &mut Bits<R>,
    place: &mut Place<'_>,
) -> io::Result<bool> {
    bits.fill()?;
    let mut entry = codes.lengths.at(bits.held.bits);
    if entry.is(FURTHER) {
        bits.take(entry.bits())?;
        entry = codes.lengths.further(entry, bits.held.bits);
    }
    let length = value(entry, bits)?;
    if entry.is(LITERAL) {
        place.out[place.at] = entry.literal();
        place.at += 1;
        return Ok(true);
    }
    if entry.is(OTHER) {
        return match entry.is(END) {
            true => Ok(false),
            false => Err(Malformed("a length is invalid").into()),
        };
    }
    bits.fill()?;
    let mut entry = codes.distances.at(bits.held.bits);
    if entry.is(FURTHER) {
        bits.take(entry.bits())?;
        entry = codes.distances.further(entry, bits.held.bits);
    }
    if entry.is(OTHER) {
        return Err(Malformed("a distance is invalid").into());
    }
    let distance = value(entry, bits)?;
    if distance > place.at - place.begin {
        return Err(Malformed("a distance reaches too far back").into());
    }
    for at in place.at..place.at + length {
        place.out[at] = place.out[at - distance];
    }
    place.at += length;
    Ok(true)
}

/// Takes the bits of an entry, and gives its value.
fn value<R: BufRead>(entry: Entry, bits: &mut Bits<R>) -> io::Result<usize> {
    let value = entry.value(bits.held.bits);
    bits.take(entry.bits())?;
    Ok(value)
}
