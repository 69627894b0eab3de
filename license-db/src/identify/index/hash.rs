//! The numbers that stand for runs of words.

/// Words in a shingle.
pub(crate) const SHINGLE: usize = 4;

/// The buckets of the postings, by the upper bits of the hash.
pub(super) const BUCKET_BITS: u32 = 16;

/// The bucket of a shingle.
pub(super) fn bucket(hash: u32) -> usize {
    (hash >> (32 - BUCKET_BITS)) as usize
}

/// The hash of one shingle.
pub(crate) fn shingle_hash(words: &[u32]) -> u32 {
    let mixed = words.iter().fold(0x9e37_79b9_7f4a_7c15u64, |hash, word| {
        (hash.rotate_left(23) ^ u64::from(*word)).wrapping_mul(0xff51_afd7_ed55_8ccd)
    });
    u32::try_from(mixed >> 32).unwrap_or(0)
}

/// The hash of all words of a text, in two halves.
pub(super) fn whole(words: &[u32]) -> [u32; 2] {
    let hash = words.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, word| {
        (hash.rotate_left(7) ^ u64::from(*word)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    });
    let half = |n: u64| u32::try_from(n & u64::from(u32::MAX)).unwrap_or(0);
    [half(hash >> 32), half(hash)]
}
