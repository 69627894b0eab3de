//! MPI: the libraries of the node, and the memory that ranks share.

use super::Probe;

mod cma_same;
mod cma_sibling;
mod families;
mod hwloc;
mod knem;
mod launcher;
mod pals;
mod pmi;
mod shm_size;
mod xpmem;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &families::PROBE,
    &launcher::PROBE,
    &cma_same::PROBE,
    &cma_sibling::PROBE,
    &shm_size::PROBE,
    &pmi::PROBE,
    &xpmem::PROBE,
    &knem::PROBE,
    &hwloc::PROBE,
    &pals::PROBE,
];
