//! Overlay mounts inside a user namespace.

use super::Probe;

mod disk;
mod fuse;
mod kernel;
mod opaque;
mod tmpfs;
mod tmpfs_xattr;
mod whiteout;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &tmpfs::PROBE,
    &disk::PROBE,
    &whiteout::PROBE,
    &opaque::PROBE,
    &tmpfs_xattr::PROBE,
    &kernel::PROBE,
    &fuse::PROBE,
];
