//! GPUs: the devices, the driver and what containers need of them.

use super::Probe;

mod cdi;
mod ctk;
mod cuda_compat;
mod driver;
mod fabricmanager;
mod glibcfloor;
mod libmatch;
mod mig;
mod no_cgroups;
mod nodes;
mod nvcli;
mod pci;
mod peermem;
mod uvm;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &pci::PROBE,
    &driver::PROBE,
    &nodes::PROBE,
    &libmatch::PROBE,
    &uvm::PROBE,
    &cdi::PROBE,
    &ctk::PROBE,
    &no_cgroups::PROBE,
    &fabricmanager::PROBE,
    &mig::PROBE,
    &peermem::PROBE,
    &glibcfloor::PROBE,
    &cuda_compat::PROBE,
    &nvcli::PROBE,
];
