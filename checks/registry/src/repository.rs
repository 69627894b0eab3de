//! A repository of a registry that answered: its manifests and its blobs.
//!
//! Sources: the OCI distribution specification 1.1 ("Pull"), and Docker's manifests of schema 2.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use ureq::http::Method;

use crate::answer::{media_type, text};
use crate::session::{Ask, Document, Session};
use crate::{BlobReader, Digest, Error, RateLimit};

/// The manifests that are asked for.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// A repository of a registry that answered; clones share its connections and its login.
#[derive(Clone)]
pub struct Repository {
    pub(crate) session: Arc<Session>,
}

/// A manifest or an index, as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The bytes, which have the digest.
    pub bytes: Vec<u8>,
    /// The digest.
    pub digest: Digest,
    /// The media type that the registry gives it.
    pub media_type: String,
}

impl Repository {
    pub(crate) fn new(session: Session) -> Self {
        Self {
            session: Arc::new(session),
        }
    }

    /// `HOST[:PORT]/NAME`, where it really is.
    pub fn place(&self) -> String {
        let endpoint = &self.session.endpoint;
        format!("{}/{}", endpoint.registry, endpoint.repository)
    }

    /// The limit on requests, as the registry told it with an answer so far.
    pub fn rate_limit(&self) -> Option<RateLimit> {
        self.session.rate()
    }

    /// A manifest by its tag or its digest, which its bytes must have.
    ///
    /// # Errors
    ///
    /// When there is none, it is larger than `limit` bytes, or the bytes are others.
    pub fn manifest(&self, reference: &str, limit: u64) -> Result<Manifest, Error> {
        let url = self.session.below(&format!("manifests/{reference}"));
        let ask = Ask {
            accept: MANIFESTS,
            ..Ask::new(Method::GET, url.clone())
        };
        let Document { headers, bytes } = self.session.fetch(&ask, limit)?;
        let media_type = media_type(&headers);
        let told = text(&headers, "docker-content-digest").and_then(|value| value.parse().ok());
        let url = url.to_string();
        check_kind(&url, &media_type, &bytes)?;
        let wanted: Option<Digest> = reference.parse().ok().or(told);
        let digest = match wanted {
            Some(wanted) => {
                let actual = wanted.same_kind(&bytes);
                if actual != wanted {
                    let (actual, wanted) = (actual.to_string(), wanted.to_string());
                    return Err(Error::Mismatch {
                        url,
                        actual,
                        wanted,
                    });
                }
                wanted
            }
            None => Digest::sha256(&bytes),
        };
        Ok(Manifest {
            bytes,
            digest,
            media_type,
        })
    }

    /// The digest that a tag stands for, by the headers alone where the registry tells it there.
    ///
    /// # Errors
    ///
    /// As [`Self::manifest`].
    pub(crate) fn resolve(&self, reference: &str, limit: u64) -> Result<Digest, Error> {
        let url = self.session.below(&format!("manifests/{reference}"));
        let answer = self.session.send(&Ask {
            accept: MANIFESTS,
            ..Ask::new(Method::HEAD, url)
        });
        let told = match answer {
            Ok(answer) => {
                text(answer.headers(), "docker-content-digest").and_then(|t| t.parse().ok())
            }
            // The answer to a HEAD says nothing of why, and some registries take none.
            Err(Error::NotFound { .. } | Error::Status { .. }) => None,
            Err(error) => return Err(error),
        };
        match told {
            Some(told) => Ok(told),
            None => Ok(self.manifest(reference, limit)?.digest),
        }
    }

    /// A blob from one of its bytes on; nothing is asked for before the first read.
    ///
    /// Its digest is not checked: whoever reads all of it can do so.
    pub fn blob(&self, digest: &Digest, size: u64, from: u64) -> BlobReader {
        BlobReader::new(Arc::clone(&self.session), digest, size, from)
    }

    /// A small blob whole, such as a configuration; its bytes have the digest.
    ///
    /// # Errors
    ///
    /// When there is none, it is larger than `limit` bytes, or the bytes are others.
    pub fn document(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        let url = self.session.below(&format!("blobs/{digest}"));
        let ask = Ask::new(Method::GET, url.clone());
        let Document { bytes, .. } = self.session.fetch(&ask, limit)?;
        let actual = digest.same_kind(&bytes);
        match actual == *digest {
            true => Ok(bytes),
            false => Err(Error::Mismatch {
                url: url.to_string(),
                actual: actual.to_string(),
                wanted: digest.to_string(),
            }),
        }
    }
}

/// Refuses what is no manifest, or one of the first schema.
fn check_kind(url: &str, media_type: &str, bytes: &[u8]) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(rename = "schemaVersion")]
        schema: Option<u32>,
    }
    let url = || url.to_owned();
    if media_type.starts_with("application/vnd.docker.distribution.manifest.v1+") {
        return Err(Error::OldManifest { url: url() });
    }
    let head: Head = serde_json::from_slice(bytes).map_err(|_| Error::NotARegistry {
        url: url(),
        what: match media_type {
            "text/html" => "a page in HTML".to_owned(),
            "" => "no manifest".to_owned(),
            other => format!("no manifest, but {other}"),
        },
    })?;
    match head.schema {
        Some(1) => Err(Error::OldManifest { url: url() }),
        _ => Ok(()),
    }
}

impl fmt::Debug for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Repository({})", self.place())
    }
}
