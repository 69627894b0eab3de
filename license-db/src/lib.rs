//! Which licence a text bears, what a package's metadata declare, and what that asks of
//! whoever publishes it.
//!
//! Everything here is pure: bytes and strings in, values out; no file is opened and nothing
//! is printed. What is known about licences is data under `data/`, each row with a source
//! and a date.

pub mod conflict;
pub mod copyright;
mod data;
pub mod declared;
pub mod difference;
pub mod expression;
pub mod identify;
pub mod known;
pub mod policy;
pub mod redistribution;

pub use identify::{Identification, Identifier};
