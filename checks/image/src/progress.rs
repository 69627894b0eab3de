//! How far a scan has come, for whoever wants to show it.

/// What is told while a scan runs; the calls come from several threads.
pub trait Progress {
    /// The stored bytes that will be read in all; zero where that is not known.
    fn total(&self, bytes: u64);

    /// A layer is begun: its digest as the image names it, its place from 1, and how many there are.
    fn layer(&self, name: &str, place: usize, of: usize);

    /// So many more stored bytes were read.
    fn read(&self, bytes: u64);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _bytes: u64) {}

    fn layer(&self, _name: &str, _place: usize, _of: usize) {}

    fn read(&self, _bytes: u64) {}
}
