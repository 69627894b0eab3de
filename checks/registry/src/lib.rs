//! A client for container registries: thin, blocking, and true to the bytes.
//!
//! It speaks the OCI distribution specification 1.1, which is Docker's registry protocol too:
//! manifests are handed out with the bytes that the registry sent, blobs as streams that go on
//! where a connection broke off. Where to go and who to be is read from the files of podman and
//! docker: registries.conf, auth.json, config.json and certs.d. Nothing is written to disk.

mod answer;
mod authority;
mod blob;
mod challenge;
mod client;
mod credentials;
mod digest;
mod error;
mod name;
mod proxy;
mod registries;
mod repository;
mod retry;
mod session;
mod settings;
mod token;
mod transport;
mod url;

pub use blob::BlobReader;
pub use client::{Client, Found};
pub use digest::Digest;
pub use error::Error;
pub use name::{Name, NameError};
pub use repository::{Manifest, Repository};
pub use retry::Patience;
pub use settings::Settings;
