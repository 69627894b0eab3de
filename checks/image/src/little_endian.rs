//! Numbers at fixed places of a header, as little-endian file systems have them.

/// A number of `size` bytes; what lies beyond the end counts as zero.
pub(crate) fn number(bytes: &[u8], at: usize, size: usize) -> u64 {
    let field = bytes.iter().skip(at).take(size).enumerate();
    field.fold(0, |value, (place, byte)| {
        value | u64::from(*byte) << (8 * place)
    })
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    number(bytes, at, 2) as u16
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    number(bytes, at, 4) as u32
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    number(bytes, at, 8)
}
