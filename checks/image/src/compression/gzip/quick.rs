//! The loop in which almost all of the time goes: symbols as long as input and room last.
//!
//! Bits are taken eight bytes at a time and looked up before it is known what for; a match is
//! copied in steps that may write beyond its end, where the next bytes come to lie anyway.

use super::bits::Held;
use super::block::Codes;
use super::code::{END, FURTHER, LITERAL, OTHER};

/// Bytes of input that one turn of the loop may look at.
const INPUT: usize = 32;

/// The longest match, and the step beyond it.
pub(super) const ROOM: usize = 258 + 2 * STEP;

/// Bytes that plain bytes are made in.
pub(super) const SIZE: usize = (128 + 32) * 1024 + ROOM;

/// Bytes that are copied at once.
const STEP: usize = 16;

/// Where the plain bytes go.
#[derive(Debug)]
pub(super) struct Place<'w> {
    /// What was written, and room behind it.
    pub(super) out: &'w mut [u8; SIZE],
    /// Where the next byte goes.
    pub(super) at: usize,
    /// How far back matches may reach.
    pub(super) begin: usize,
}

/// Why the loop ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// There is no room for a match.
    Full,
    /// The input is short.
    Short,
    /// The block ended.
    End,
    /// Something is wrong with what comes next.
    Wrong(&'static str),
}

/// Takes up to seven bytes of the input, so that there are 56 bits at least.
#[inline(always)]
fn refill(input: &mut &[u8], held: &mut u64, count: &mut u32) {
    // What is held above the count are the bits that come next: they may be put there again.
    if let Some(word) = input.first_chunk::<8>() {
        *held |= u64::from_le_bytes(*word) << (*count & 63);
        *input = &input[((63 - (*count & 63)) / 8) as usize..];
        *count |= 56;
    }
}

/// Decodes from `input`; how many bytes of it were taken, and why it ended there.
///
/// It is one function of plain variables, which stay in registers: in parts, or by way of a
/// structure, the same takes up to a tenth more time.
#[expect(
    clippy::too_many_lines,
    reason = "one loop, whose parts would cost time"
)]
#[inline(never)]
pub(super) fn decode(
    codes: &Codes,
    input: &[u8],
    start: &mut Held,
    place: &mut Place<'_>,
) -> (usize, Stop) {
    let whole = input.len();
    let mut input = input;
    let (mut held, mut count) = (start.bits, start.count);
    let out = &mut *place.out;
    let begin = place.begin;
    let mut at = place.at;
    if at > SIZE - ROOM {
        return (0, Stop::Full);
    }
    if input.len() < INPUT {
        return (0, Stop::Short);
    }
    refill(&mut input, &mut held, &mut count);
    let mut entry = codes.lengths.at(held);
    let stop = loop {
        if at > SIZE - ROOM {
            break Stop::Full;
        }
        if input.len() < INPUT {
            break Stop::Short;
        }
        // Three literals of the root, or two and a length, leave bits enough.
        let mut saved = held;
        held >>= entry.bits();
        count = count.wrapping_sub(entry.0);
        if entry.is(LITERAL) {
            out[at] = entry.literal();
            at += 1;
            entry = codes.lengths.at(held);
            saved = held;
            held >>= entry.bits();
            count = count.wrapping_sub(entry.0);
            if entry.is(LITERAL) {
                out[at] = entry.literal();
                at += 1;
                entry = codes.lengths.at(held);
                saved = held;
                held >>= entry.bits();
                count = count.wrapping_sub(entry.0);
                if entry.is(LITERAL) {
                    out[at] = entry.literal();
                    at += 1;
                    entry = codes.lengths.at(held);
                    refill(&mut input, &mut held, &mut count);
                    continue;
                }
            }
        }
        if entry.is(OTHER) {
            if entry.is(FURTHER) {
                entry = codes.lengths.further(entry, held);
                saved = held;
                held >>= entry.bits();
                count = count.wrapping_sub(entry.0);
            }
            if entry.is(LITERAL) {
                out[at] = entry.literal();
                at += 1;
                entry = codes.lengths.at(held);
                refill(&mut input, &mut held, &mut count);
                continue;
            }
            if entry.is(END) {
                break Stop::End;
            }
            if entry.is(OTHER) {
                break Stop::Wrong("a length is invalid");
            }
        }
        let length = entry.value(saved);
        // Bits enough are left to look up by; then there are enough for the distance with its extra
        // bits and what the next symbol is looked up by. To ask whether there are costs more.
        let mut far = codes.distances.at(held);
        refill(&mut input, &mut held, &mut count);
        if far.is(OTHER) {
            held >>= far.bits();
            count = count.wrapping_sub(far.0);
            if !far.is(FURTHER) {
                break Stop::Wrong("a distance is invalid");
            }
            far = codes.distances.further(far, held);
            if far.is(OTHER) {
                break Stop::Wrong("a distance is invalid");
            }
        }
        let distance = far.value(held);
        held >>= far.bits();
        count = count.wrapping_sub(far.0);
        entry = codes.lengths.at(held);
        refill(&mut input, &mut held, &mut count);
        let from = at.wrapping_sub(distance);
        if from > at || from < begin {
            break Stop::Wrong("a distance reaches too far back");
        }
        repeat(out, from, at, length);
        at += length;
    };
    count &= 63;
    start.bits = held & ((1 << count) - 1);
    start.count = count;
    place.at = at;
    (whole - input.len(), stop)
}

/// Copies `length` bytes within `out`, and may write up to two steps more.
#[inline(always)]
fn repeat(out: &mut [u8; SIZE], mut from: usize, mut to: usize, length: usize) {
    let distance = to - from;
    let end = to + length;
    if distance >= STEP {
        step::<STEP>(out, from, to);
        step::<STEP>(out, from + STEP, to + STEP);
        while to + 2 * STEP < end {
            from += 2 * STEP;
            to += 2 * STEP;
            step::<STEP>(out, from, to);
            step::<STEP>(out, from + STEP, to + STEP);
        }
    } else {
        near(out, from, to, length);
    }
}

/// Copies bytes that repeat before a step is over.
#[inline(never)]
fn near(out: &mut [u8; SIZE], mut from: usize, mut to: usize, length: usize) {
    const HALF: usize = STEP / 2;
    let distance = to - from;
    let end = to + length;
    match distance {
        1 => {
            let byte = out[from];
            out[to..end].fill(byte);
        }
        HALF.. => {
            while to < end {
                step::<HALF>(out, from, to);
                from += HALF;
                to += HALF;
            }
        }
        _ => {
            // Each time as much is right as lies between the two.
            while to < end {
                step::<HALF>(out, from, to);
                to += distance;
                from += distance;
            }
        }
    }
}

/// Copies so many bytes; neither place is so near the end that there are fewer.
#[inline(always)]
fn step<const COUNT: usize>(out: &mut [u8; SIZE], from: usize, to: usize) {
    if from <= SIZE - COUNT && to <= SIZE - COUNT {
        out.copy_within(from..from + COUNT, to);
    }
}
