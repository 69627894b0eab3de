//! How far a push has come, for whoever wants to show it.

use crate::{Arrival, Digest};

/// What is told while blobs are pushed.
pub trait Progress {
    /// So many blobs of so many bytes in all will be looked at.
    fn total(&self, blobs: usize, bytes: u64);

    /// The registry has so many bytes of a blob; less than before where some were lost.
    fn sent(&self, blob: &Digest, bytes: u64);

    /// The registry has a blob.
    fn arrived(&self, blob: &Digest, bytes: u64, arrival: Arrival);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _blobs: usize, _bytes: u64) {}

    fn sent(&self, _blob: &Digest, _bytes: u64) {}

    fn arrived(&self, _blob: &Digest, _bytes: u64, _arrival: Arrival) {}
}
