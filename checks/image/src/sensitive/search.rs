//! Finds any of the literals of all detectors in one go.
//!
//! Every text of an image goes through here, so it runs at about a byte a cycle: three bytes at
//! every second place are hashed into a table of bits, and few places are left to be compared.
//! Of each literal the four bytes count that are the rarest in texts; of those, one of the two
//! triples begins at an even place. (The searches of aho-corasick were four times slower with as
//! many literals.)

/// Bits of the hash.
const BITS: u32 = 17;

/// A place where a literal may be told.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hash: u32,
    /// The literal, by its place in the list.
    literal: u32,
    /// How far before the triple the literal begins, plus one.
    back: u32,
}

/// The literals, ready to be searched.
#[derive(Debug)]
pub(super) struct Literals {
    list: Vec<&'static [u8]>,
    bits: Box<[u64; 1 << (BITS - 6)]>,
    /// Sorted by hash.
    entries: Vec<Entry>,
}

impl Literals {
    /// Takes literals of three bytes or more.
    pub(super) fn new(list: Vec<&'static [u8]>) -> Self {
        let mut literals = Self {
            list: Vec::new(),
            bits: Box::new([0; 1 << (BITS - 6)]),
            entries: Vec::new(),
        };
        for (place, literal) in list.iter().enumerate() {
            literals.add(place as u32, literal);
        }
        literals.entries.sort_by_key(|entry| entry.hash);
        literals.list = list;
        literals
    }

    fn add(&mut self, literal: u32, bytes: &[u8]) {
        let mut add = |triple: [u8; 3], back: u32| {
            let hash = hash(u32::from_le_bytes([triple[0], triple[1], triple[2], 0]));
            self.bits[(hash >> 6) as usize] |= 1 << (hash & 63);
            self.entries.push(Entry {
                hash,
                literal,
                back,
            });
        };
        if let [first, second, third] = *bytes {
            add([first, second, third], 1);
            for before in 0..=255 {
                add([before, first, second], 0);
            }
            return;
        }
        let rarest = bytes
            .windows(4)
            .enumerate()
            .min_by_key(|(_, part)| part.iter().map(|byte| commonness(*byte)).sum::<u32>());
        if let Some((from, part)) = rarest {
            add([part[0], part[1], part[2]], from as u32 + 1);
            add([part[1], part[2], part[3]], from as u32 + 2);
        }
    }

    /// Calls `take` with each place where a literal begins and with the literal's number, about in
    /// the order of the places.
    pub(super) fn each(&self, text: &[u8], mut take: impl FnMut(usize, usize)) {
        let mut at = 0;
        while let Some(eight) = text[at..].first_chunk::<8>() {
            let eight = u64::from_le_bytes(*eight);
            let triples = [eight as u32, (eight >> 16) as u32, (eight >> 32) as u32];
            let [first, second, third] = triples.map(|four| hash(four & 0xff_ffff));
            if self.has(first) | self.has(second) | self.has(third) != 0 {
                for (step, hash) in [first, second, third].into_iter().enumerate() {
                    self.compare(text, at + 2 * step, hash, &mut take);
                }
            }
            at += 6;
        }
        while let Some([first, second, third]) = text.get(at..).and_then(<[u8]>::first_chunk::<3>) {
            let hash = hash(u32::from_le_bytes([*first, *second, *third, 0]));
            self.compare(text, at, hash, &mut take);
            at += 2;
        }
    }

    /// The bit of a hash.
    fn has(&self, hash: u32) -> u64 {
        self.bits[(hash >> 6) as usize] >> (hash & 63) & 1
    }

    /// Compares the literals whose triple has that hash.
    fn compare(&self, text: &[u8], at: usize, hash: u32, take: &mut impl FnMut(usize, usize)) {
        if self.has(hash) == 0 {
            return;
        }
        let from = self.entries.partition_point(|entry| entry.hash < hash);
        let same = self.entries[from..]
            .iter()
            .take_while(|entry| entry.hash == hash);
        for entry in same {
            let start = (at + 1).checked_sub(entry.back as usize);
            let literal = self.list[entry.literal as usize];
            let begins = start
                .and_then(|start| text.get(start..))
                .is_some_and(|rest| rest.starts_with(literal));
            if let Some(start) = start.filter(|_| begins) {
                take(start, entry.literal as usize);
            }
        }
    }
}

/// Spreads three bytes (the lowest ones) over the bits of the table.
fn hash(triple: u32) -> u32 {
    triple.wrapping_mul(0x9e37_79b1) >> (32 - BITS)
}

/// How common a byte is in texts, roughly.
fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b' ' | b'-' => 10,
        b'a'..=b'z' | b'\n' => 7,
        b'_' | b'.' | b'=' | b'/' => 5,
        b'A'..=b'Z' | b'0'..=b'9' => 4,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIST: [&[u8]; 5] = [b"abc", b"abcd", b"bcab", b"://", b"\nINCREMENT "];

    /// The places as a plain search has them.
    fn plainly(text: &[u8]) -> Vec<(usize, usize)> {
        let at = |from: usize| {
            let fits = move |(_, literal): &(usize, &&[u8])| text[from..].starts_with(literal);
            LIST.iter()
                .enumerate()
                .filter(fits)
                .map(move |(place, _)| (from, place))
        };
        (0..text.len()).flat_map(at).collect()
    }

    fn found(text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        Literals::new(LIST.to_vec()).each(text, |at, literal| found.push((at, literal)));
        found.sort_unstable();
        found
    }

    #[test]
    fn places_at_the_ends() {
        for text in [
            &b"abc"[..],
            b"xabc",
            b"abcd",
            b"xabcd",
            b"://",
            b"x://",
            b"xx://",
            b"",
            b"ab",
            b"\nINCREMENT x",
        ] {
            assert_eq!(found(text), plainly(text), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn the_same_places_as_a_plain_search(text in "[abcd:/ \n]{0,80}") {
            prop_assert_eq!(found(text.as_bytes()), plainly(text.as_bytes()));
        }
    }
}
