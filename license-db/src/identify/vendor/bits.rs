//! The bits that turn most runs away before they are looked up.

/// How many bits there are.
pub(super) const BITS: usize = 1 << 18;

/// The bit of a run.
pub(super) fn bit(run: u32) -> usize {
    run as usize % BITS
}
