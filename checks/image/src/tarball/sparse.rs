//! Sparse files: where in a file the stored bytes belong; all else are zeros.
//!
//! The forms are those of GNU tar ("Storing Sparse Files"): the old one with its map in the
//! header and in blocks after it, and pax 0.0, 0.1 and 1.0.

use super::header::{BLOCK, HeaderFault};
use super::walk::TarFault;

/// Parts that one map may have; the memory that it takes is bounded by this.
const MOST: usize = 64 * 1024;

/// Zeros that are shown where a file begins with a hole.
pub(super) static ZEROS: [u8; 4096] = [0; 4096];

/// Why a map cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SparseFault {
    /// The parts overlap, or do not fit the file or what is stored of it.
    #[error("its sparse map is malformed")]
    Malformed,
    /// There are more parts than are held.
    #[error("its sparse map has more than {MOST} parts")]
    TooLong,
}

impl From<HeaderFault> for SparseFault {
    fn from(_: HeaderFault) -> Self {
        Self::Malformed
    }
}

/// The map of a sparse file while it is gathered.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Map {
    parts: Vec<(u64, u64)>,
    too_long: bool,
}

impl Map {
    /// Adds a part: where it begins, and how long it is.
    pub(super) fn push(&mut self, offset: u64, length: u64) {
        if self.parts.len() >= MOST {
            self.too_long = true;
        } else if length > 0 {
            self.parts.push((offset, length));
        }
    }

    /// Adds the parts of pax 0.1: `OFFSET,LENGTH,OFFSET,LENGTH…`.
    pub(super) fn push_list(&mut self, list: &[u8]) -> Option<()> {
        let list = std::str::from_utf8(list).ok()?;
        let mut numbers = list.split(',').filter(|number| !number.is_empty());
        while let Some(offset) = numbers.next() {
            self.push(offset.parse().ok()?, numbers.next()?.parse().ok()?);
        }
        Some(())
    }

    /// Reads the map of pax 1.0, which stands before the content in blocks: the number of parts,
    /// then the two numbers of each, a line for each number.
    pub(super) fn push_blocks(
        &mut self,
        mut next: impl FnMut() -> Result<[u8; BLOCK], TarFault>,
    ) -> Result<Option<()>, TarFault> {
        let mut lines = Lines::default();
        let Some(count) = lines.number(&mut next)? else {
            return Ok(None);
        };
        for _ in 0..count {
            let Some(offset) = lines.number(&mut next)? else {
                return Ok(None);
            };
            let Some(length) = lines.number(&mut next)? else {
                return Ok(None);
            };
            self.push(offset, length);
        }
        Ok(Some(()))
    }

    /// Makes a reading position of the map of a file of `size` bytes, of which `stored` are there.
    pub(super) fn laid_out(self, size: u64, stored: u64) -> Result<Sparse, SparseFault> {
        if self.too_long {
            return Err(SparseFault::TooLong);
        }
        let (mut end, mut sum) = (0_u64, 0_u64);
        for (offset, length) in &self.parts {
            if *offset < end {
                return Err(SparseFault::Malformed);
            }
            end = offset.checked_add(*length).ok_or(SparseFault::Malformed)?;
            // The parts lie beside one another below `end`, so the sum cannot overflow.
            sum += length;
        }
        // What no part of the map takes would be in no file.
        if end > size || sum != stored {
            return Err(SparseFault::Malformed);
        }
        Ok(Sparse {
            parts: self.parts,
            next: 0,
            at: 0,
            size,
        })
    }
}

/// The lines of blocks.
struct Lines {
    block: [u8; BLOCK],
    at: usize,
}

impl Default for Lines {
    fn default() -> Self {
        let block = [0; BLOCK];
        Self { block, at: BLOCK }
    }
}

impl Lines {
    /// The number of the next line; none where it is none.
    fn number(
        &mut self,
        next: &mut impl FnMut() -> Result<[u8; BLOCK], TarFault>,
    ) -> Result<Option<u64>, TarFault> {
        let mut number = 0_u64;
        loop {
            if self.at == BLOCK {
                (self.block, self.at) = (next()?, 0);
            }
            let byte = self.block[self.at];
            self.at += 1;
            let digit = match byte {
                b'\n' => return Ok(Some(number)),
                b'0'..=b'9' => u64::from(byte - b'0'),
                _ => return Ok(None),
            };
            let Some(longer) = number.checked_mul(10).and_then(|n| n.checked_add(digit)) else {
                return Ok(None);
            };
            number = longer;
        }
    }
}

/// A reading position in a sparse file.
#[derive(Debug)]
pub(super) struct Sparse {
    parts: Vec<(u64, u64)>,
    next: usize,
    at: u64,
    size: u64,
}

/// What comes next in a sparse file, and for how many bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    Hole(u64),
    Stored(u64),
}

impl Sparse {
    /// How many bytes are left, holes included.
    pub(super) fn left(&self) -> u64 {
        self.size - self.at
    }

    /// What comes next; a hole of no bytes at the end.
    pub(super) fn run(&self) -> Run {
        match self.parts.get(self.next) {
            Some((offset, length)) if *offset <= self.at => Run::Stored(offset + length - self.at),
            Some((offset, _)) => Run::Hole(offset - self.at),
            None => Run::Hole(self.left()),
        }
    }

    /// Goes on by `count` bytes, which are no more than the run has.
    pub(super) fn pass(&mut self, count: u64) {
        self.at += count;
        if let Some((offset, length)) = self.parts.get(self.next)
            && self.at >= offset + length
        {
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(parts: &[(u64, u64)]) -> Map {
        let mut map = Map::default();
        parts
            .iter()
            .for_each(|(offset, length)| map.push(*offset, *length));
        map
    }

    #[test]
    fn holes_and_parts_follow_one_another() {
        let mut sparse = map(&[(4, 2), (6, 1), (10, 0)]).laid_out(10, 3).unwrap();
        let mut runs = Vec::new();
        while sparse.left() > 0 {
            let run = sparse.run();
            let (Run::Hole(count) | Run::Stored(count)) = run;
            sparse.pass(count);
            runs.push(run);
        }
        let expected = [Run::Hole(4), Run::Stored(2), Run::Stored(1), Run::Hole(3)];
        assert_eq!(runs, expected);
    }

    #[test]
    fn maps_that_do_not_fit_are_refused() {
        for (parts, size, stored) in [
            (&[(4, 2), (5, 1)][..], 10, 10),
            (&[(0, 11)], 10, 20),
            (&[(0, 5)], 10, 4),
            (&[(u64::MAX, 2)], u64::MAX, 4),
        ] {
            assert!(map(parts).laid_out(size, stored).is_err(), "{parts:?}");
        }
        assert!(map(&vec![(0, 1); MOST + 1]).laid_out(1, 1).is_err());
        assert_eq!(Map::default().push_list(b"1,2,3"), None);
        assert_eq!(Map::default().push_list(b"1,x"), None);
    }

    proptest! {
        #[test]
        fn any_map_ends(parts in proptest::collection::vec((0_u64..50, 0_u64..20), 0..6), size in 0_u64..100) {
            if let Ok(mut sparse) = map(&parts).laid_out(size, 100) {
                let mut sum = 0;
                for _ in 0..20 {
                    let (Run::Hole(count) | Run::Stored(count)) = sparse.run();
                    sparse.pass(count);
                    sum += count;
                }
                prop_assert_eq!((sum, sparse.left()), (size, 0));
            }
        }
    }
}
