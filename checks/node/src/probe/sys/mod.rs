//! System calls that runtimes and applications use.

use super::Probe;

mod bpf;
mod close_range;
mod fsopen;
mod io_uring;
mod keyctl;
mod memfd;
mod mempolicy;
mod move_pages;
mod openat2;
mod perf;
mod pidfd;
mod userfaultfd;

/// The checks, in report order.
pub(super) static PROBES: &[&Probe] = &[
    &openat2::PROBE,
    &pidfd::PROBE,
    &close_range::PROBE,
    &fsopen::PROBE,
    &io_uring::PROBE,
    &userfaultfd::PROBE,
    &perf::PROBE,
    &mempolicy::PROBE,
    &move_pages::PROBE,
    &keyctl::PROBE,
    &memfd::PROBE,
    &bpf::PROBE,
];
