//! The tables of the SPDX licence list, as `build.rs` made them.

use zerocopy::FromBytes;

use super::tables::Tables;

/// Bytes at an address that numbers may have.
#[repr(C, align(4))]
struct Aligned<B: ?Sized>(B);

static BLOCK: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/tables")));

/// The tables, where they lie in the program.
pub(crate) fn tables() -> Tables {
    Tables::new(<[u32]>::ref_from_bytes(&BLOCK.0).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::tables::Maker;
    use super::super::{index, phrase, vendor};
    use super::*;

    #[test]
    fn the_block_is_that_of_the_sources() {
        let mut maker = Maker::default();
        index::listed::texts().write(&mut maker);
        phrase::listed::wordings().write(&mut maker);
        vendor::make::write(&vendor::listed::rows(), &mut maker);
        let fresh = maker.finish();
        assert!(<[u32]>::ref_from_bytes(&BLOCK.0).unwrap() == fresh);
        assert!(fresh.len() * 4 < 12 << 20, "{}", fresh.len());
    }
}
