//! libfabric, opened when it is needed: dlopen(3). Which providers it has, and messages between two endpoints.
//!
//! Nothing is built against it. `library` asks what there is, `endpoint` sends and receives, `open` opens what that needs, `abi` has the layouts.

#![expect(
    unsafe_code,
    reason = "a library that is opened at run time has no safe wrapper"
)]

mod abi;
mod endpoint;
mod library;
mod open;

pub use endpoint::{Endpoint, Span};
pub use library::{About, Library, Offers, Provider};
