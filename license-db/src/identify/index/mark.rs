//! What the SPDX template says of each word of a text, sixteen words in a number.

/// What the SPDX template says of a word of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mark {
    /// The word has to be there.
    #[default]
    Own,
    /// The word may be missing.
    Optional,
    /// Other words may stand in its place, such as the name of the holder.
    Replaceable,
}

/// How many marks a number holds.
const IN_ONE: usize = 16;

/// Marks as numbers.
pub(crate) fn pack(marks: &[Mark]) -> Vec<u32> {
    let pack_one = |marks: &[Mark]| {
        let shifted = marks.iter().zip((0u32..).step_by(2));
        shifted.fold(0, |sum, (mark, shift)| sum | (*mark as u32) << shift)
    };
    marks.chunks(IN_ONE).map(pack_one).collect()
}

/// The mark at a place.
pub(crate) fn mark_at(packed: &[u32], at: usize) -> Mark {
    let number = packed.get(at / IN_ONE).copied().unwrap_or(0);
    match number >> (at % IN_ONE * 2) & 3 {
        1 => Mark::Optional,
        2 => Mark::Replaceable,
        _ => Mark::Own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_is_read() {
        let kinds = [Mark::Own, Mark::Optional, Mark::Replaceable];
        let marks: Vec<Mark> = (0..50).map(|n| kinds[n * 7 % 3]).collect();
        let packed = pack(&marks);
        assert_eq!(packed.len(), 4);
        assert!((0..50).all(|at| mark_at(&packed, at) == marks[at]));
        assert_eq!(mark_at(&packed, 999), Mark::Own);
    }
}
