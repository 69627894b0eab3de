//! User and group ids: ranges, maps and the programs that set them.

use super::Probe;

mod files_undeletable;
mod newuidmap;
mod nfs_chown;
mod overlap;
mod subid_file;
mod subid_nss;
mod subid_runtime;
mod suid_mount;
mod suid_runtimes;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &subid_file::PROBE,
    &newuidmap::PROBE,
    &suid_mount::PROBE,
    &suid_runtimes::PROBE,
    &overlap::PROBE,
    &subid_nss::PROBE,
    &subid_runtime::PROBE,
    &nfs_chown::PROBE,
    &files_undeletable::PROBE,
];
