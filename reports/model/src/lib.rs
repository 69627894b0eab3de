//! The types of hpcctl's reports: a leaf crate that checks fill and writers read.
//!
//! Field names and the words of each enum are promises to whoever reads the JSON; the
//! schemas generated from these types are committed under `reports/schemas/`.

pub mod abi;
pub mod bench;
mod commands;
pub mod doctor;
pub mod envelope;
pub mod fleet;
pub mod gate;
mod hex;
pub mod history;
pub mod license;
pub mod lint;
pub mod matched;
pub mod nightly;
pub mod publish;
pub mod scan;
pub mod stage;
mod tried;
pub mod why;

pub use commands::commands;
pub use envelope::{Envelope, HostInfo, Tool, Unknown};
pub use hex::hex;
pub use tried::TriedImage;
