//! Images: where they are kept, and the programs that make and mount them.

use super::Probe;

mod cache;
mod fuse2fs;
mod git;
mod mksquashfs;
mod squashfuse;
mod unsquashfs;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &mksquashfs::PROBE,
    &unsquashfs::PROBE,
    &squashfuse::PROBE,
    &fuse2fs::PROBE,
    &git::PROBE,
    &cache::PROBE,
];
