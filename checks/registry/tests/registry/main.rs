//! The client against a server on the loopback that misbehaves as a test wants it to.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes the files that it is about"
)]

mod hostile;
mod login;
mod memory;
mod mock;
mod neighbour;
mod places;
mod push;
mod referrers;
mod resolve;
mod resume;
mod server;
mod trial;
