//! A client for container registries: thin, blocking, and true to the bytes.
//!
//! It speaks the OCI distribution specification 1.1, which is Docker's registry protocol too:
//! manifests are handed out with the bytes that the registry sent, blobs as streams that go on
//! where a connection broke off, and both go up as they are stored: nothing is written anew. Where
//! to go and who to be is read from the files of podman and
//! docker: registries.conf, auth.json, config.json and certs.d. Nothing is written to disk.

mod answer;
mod authority;
mod blob;
mod challenge;
mod client;
mod contents;
mod credentials;
mod digest;
mod error;
mod name;
mod progress;
mod proxy;
mod push;
mod push_error;
mod rate;
mod referrers;
mod registries;
mod repository;
mod retry;
mod session;
mod settings;
mod source;
mod token;
mod transport;
mod upload;
mod url;

pub use blob::BlobReader;
pub use client::{Client, Found, Resolved};
pub use contents::Descriptor;
pub use digest::{Digest, DigestError, Hasher};
pub use error::Error;
pub use name::{Name, NameError};
pub use progress::{Progress, Silent};
pub use push::{Before, Push, Pushed, ReadBack};
pub use push_error::{PushError, Step, TagState};
pub use rate::RateLimit;
pub use referrers::{Artifact, Attached, Holder, Part};
pub use repository::{Manifest, Repository};
pub use retry::Patience;
pub use settings::Settings;
pub use source::{Source, SourceError, copy_blob};
pub use upload::Arrival;
