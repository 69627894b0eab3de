//! Fs: files and directories in a tree that the run made, and files that an image brings, one file a way of using them.

pub(crate) mod brought;
mod churn;
pub(crate) mod python;
pub(crate) mod read;
pub(crate) mod tree;
pub(crate) mod walk;

use crate::measurement::Measurement;

/// The measurements, in report order.
pub static MEASUREMENTS: &[&Measurement] = &[
    &walk::STAT,
    &walk::LIST,
    &read::SMALL,
    &python::IMPORT,
    &churn::CHURN,
    &brought::IMAGE,
];
