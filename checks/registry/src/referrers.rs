//! What is attached to an image: bills of materials, notices, verdicts, signatures.
//!
//! Source: the OCI distribution specification 1.1 ("Listing referrers", "Pushing manifests with
//! subject", "Referrers tag schema"). A registry that knows referrers says so in `OCI-Subject`; for
//! another the client itself keeps an index under the tag `sha256-…`. No registry writes that on a
//! condition: of two that read it and then write it, the later one takes out what the other put in.
//! So it is read again until it holds what was written, and once more after whoever had read it
//! before has had time to write; and what could not be written is merged anew, never sent again.

use std::collections::{BTreeMap, HashSet};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::http::Method;
use ureq::http::header::LINK;

use crate::answer::text;
use crate::contents::{Descriptor, INDEX, MANIFEST};
use crate::push_error::{PushError, Step};
use crate::retry::some_of;
use crate::session::{Ask, Document, Refusal};
use crate::source::{DOCUMENT, SourceError};
use crate::transport::next;
use crate::upload::{CHUNK, Upload};
use crate::{Digest, Error, Manifest, Push, ReadBack, Repository, Silent, Source};

/// The configuration of an artifact that needs none, as the image specification has it.
const EMPTY: (&str, &[u8]) = ("application/vnd.oci.empty.v1+json", b"{}");

/// Pages of a list of referrers.
const PAGES: usize = 100;

/// Artifacts that may be attached to one image.
const MOST: usize = 10_000;

/// How often the index of a registry without referrers is written before that counts as failed.
const WRITES: u32 = 16;

/// How often a list that the registry keeps is looked at before that counts as failed: nobody but the registry
/// can put anything in.
const LOOKS: u32 = 5;

/// How much longer than the first pause between two such writes, or looks, the longest one is.
const LONGEST: u32 = 16;

/// How many times as long as our own slowest one, from its reading to its end, a write of another
/// may take.
const SLOWER: u32 = 4;

/// Characters of an algorithm and of a value in a tag of the schema.
const ALGORITHM: usize = 32;
const VALUE: usize = 64;

/// Something to be attached to an image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifact {
    /// What kind it is of, as a media type.
    pub artifact_type: String,
    /// Its documents.
    pub parts: Vec<Part>,
    /// What else is said of it.
    pub annotations: BTreeMap<String, String>,
}

/// A document of an artifact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Part {
    /// The media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What else is said of it, such as `org.opencontainers.image.title`.
    pub annotations: BTreeMap<String, String>,
}

/// Who keeps the list of what is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The registry.
    Registry,
    /// An index under a tag that is made of the digest.
    Tag,
}

/// An artifact that was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its manifest, as lists of referrers name it.
    pub manifest: Descriptor,
    /// Who keeps the list.
    pub holder: Holder,
}

impl Push<'_> {
    /// Attaches an artifact to the image that was read back, and looks whether the registry lists it.
    /// Where clients keep the list, [`Self::confirm_attached`] writes it, once for all of them.
    ///
    /// # Errors
    ///
    /// When it cannot be pushed, or is not listed afterwards.
    pub fn attach(&self, to: &ReadBack, artifact: &Artifact) -> Result<Attached, PushError> {
        if to.digest() != self.digest() {
            return Err(PushError::Unread);
        }
        let step = || Step::Attach(self.digest().clone());
        let made = Made::new(artifact, self.subject());
        self.send(&made)?;
        let name = made.root.digest.to_string();
        let answer = self.repository.put_telling(&name, &made.root);
        let answer = answer.map_err(PushError::on(step()))?;
        let subject = text(answer.headers(), "oci-subject").map(str::parse::<Digest>);
        let manifest = self.repository.manifest(&name, DOCUMENT);
        if manifest.map_err(PushError::on(step()))?.bytes != made.root.bytes {
            let why = "the registry gives other bytes than it was sent".to_owned();
            return Err(PushError::Differs { step: step(), why });
        }
        let attached = Attached {
            manifest: made.descriptor(artifact),
            holder: match subject {
                Some(Ok(subject)) if subject == *self.digest() => Holder::Registry,
                _ => Holder::Tag,
            },
        };
        if attached.holder == Holder::Registry {
            self.confirm_attached(std::slice::from_ref(&attached))?;
        }
        Ok(attached)
    }

    /// Makes sure that artifacts are listed, and stay so: another client may overwrite an index.
    ///
    /// # Errors
    ///
    /// When one is not, and cannot be listed again.
    pub fn confirm_attached(&self, all: &[Attached]) -> Result<(), PushError> {
        let step = || Step::Attach(self.digest().clone());
        let patience = self.repository.session.transport.settings().patience;
        let by_tag = all.iter().any(|one| one.holder == Holder::Tag);
        let (mut writes, mut refused, mut calm) = (0, 0, false);
        let mut slowest = Duration::ZERO;
        loop {
            let found = self.repository.referrers(self.digest());
            let (found, _) = found.map_err(PushError::on(step()))?;
            let missing = missing(all, &found);
            if missing.is_empty() {
                if calm || !by_tag {
                    return Ok(());
                }
                calm = true;
                // Whoever read the index before it held ours has written it by then.
                let others = slowest.saturating_mul(SLOWER).min(patience.longest);
                thread::sleep(patience.pause + some_of(patience.pause) + others);
                continue;
            }
            calm = false;
            let most = match missing.iter().any(|one| one.holder == Holder::Tag) {
                true => WRITES,
                false => LOOKS,
            };
            if writes >= most {
                return Err(PushError::Differs {
                    step: step(),
                    why: "the registry does not list what was attached".to_owned(),
                });
            }
            if writes > 0 {
                thread::sleep(some_of(patience.pause * LONGEST.min(1 << (writes - 1))));
            }
            writes += 1;
            let begun = Instant::now();
            let index = missing.iter().filter(|one| one.holder == Holder::Tag);
            let index: Vec<&Descriptor> = index.map(|one| &one.manifest).collect();
            match self.repository.add_to_index(self.digest(), &index) {
                Ok(()) => (slowest, refused) = (slowest.max(begun.elapsed()), 0),
                // What others wrote meanwhile is read anew.
                Err(Refusal { error, wait, again }) => {
                    refused += 1;
                    if !again || !patience.wait(refused, wait) {
                        return Err(PushError::on(step())(error));
                    }
                }
            }
        }
    }

    fn subject(&self) -> Descriptor {
        let root = self.manifest();
        Descriptor {
            media_type: root.media_type.clone(),
            digest: root.digest.clone(),
            size: root.bytes.len() as u64,
            artifact_type: None,
            annotations: BTreeMap::new(),
            urls: Vec::new(),
        }
    }

    /// Sends the documents of an artifact.
    fn send(&self, made: &Made) -> Result<(), PushError> {
        for blob in &made.blobs {
            Upload {
                session: &self.repository.session,
                source: made,
                blob: &blob.0,
                mount: None,
                chunk: CHUNK,
                progress: &Silent,
            }
            .run()?;
            self.repository.confirm(&blob.0)?;
        }
        Ok(())
    }
}

impl Repository {
    /// What is attached to an image, and who keeps the list.
    ///
    /// # Errors
    ///
    /// When the registry does not say.
    pub fn referrers(&self, digest: &Digest) -> Result<(Vec<Descriptor>, Holder), Error> {
        match self.listed(digest) {
            Ok(found) => Ok((found, Holder::Registry)),
            // Who does not know the question has no list (the specification asks for 404; some
            // answer 400 or 405).
            Err(
                Error::NotFound { .. }
                | Error::NotARegistry { .. }
                | Error::Status {
                    status: 400 | 405 | 501,
                    ..
                },
            ) => Ok((descriptors(&self.index(digest)?), Holder::Tag)),
            Err(error) => Err(error),
        }
    }

    /// The list that the registry keeps, page after page.
    fn listed(&self, digest: &Digest) -> Result<Vec<Descriptor>, Error> {
        let mut url = self.session.below(&format!("referrers/{digest}"));
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let ask = Ask {
                accept: INDEX,
                ..Ask::new(Method::GET, url.clone())
            };
            let Document { headers, bytes } = self.session.fetch(&ask, DOCUMENT)?;
            let link = text(&headers, LINK.as_str()).and_then(next_page);
            let page: Option<Value> = serde_json::from_slice(&bytes).ok();
            let page = page.filter(|page| page["manifests"].is_array());
            let page = page.ok_or_else(|| Error::NotARegistry {
                url: url.to_string(),
                what: "no list of referrers".to_owned(),
            })?;
            found.extend(descriptors(&page));
            if found.len() > MOST {
                break;
            }
            match link {
                Some(link) => url = next(&url, Some(link), true)?,
                None => return Ok(found),
            }
        }
        Err(Error::Protocol {
            url: url.to_string(),
            why: format!("more than {MOST} artifacts, or {PAGES} pages of them, are attached"),
        })
    }

    /// The index that clients keep, with all that others wrote there; an empty one where there
    /// is none.
    fn index(&self, digest: &Digest) -> Result<Value, Error> {
        let tag = schema_tag(digest);
        let manifest = match self.manifest(&tag, DOCUMENT) {
            Ok(manifest) => manifest,
            Err(Error::NotFound { .. }) => {
                return Ok(json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": []}));
            }
            Err(error) => return Err(error),
        };
        let index: Option<Value> = serde_json::from_slice(&manifest.bytes).ok();
        let index = index.filter(|index| index["manifests"].is_array());
        index.ok_or_else(|| Error::Protocol {
            url: self.session.below(&format!("manifests/{tag}")).to_string(),
            why: "the index of what is attached lists nothing".to_owned(),
        })
    }

    /// Writes descriptors into the index that clients keep, once.
    fn add_to_index(&self, digest: &Digest, all: &[&Descriptor]) -> Result<(), Refusal> {
        if all.is_empty() {
            return Ok(());
        }
        let mut index = self.index(digest).map_err(Refusal::at_last)?;
        let known = descriptors(&index);
        let mut known: HashSet<&Digest> = known.iter().map(|old| &old.digest).collect();
        if let Some(list) = index["manifests"].as_array_mut() {
            let new = all.iter().filter(|one| known.insert(&one.digest));
            list.extend(new.map(|one| json!(one)));
        }
        let bytes = index.to_string().into_bytes();
        let manifest = Manifest {
            digest: Digest::sha256(&bytes),
            bytes,
            media_type: INDEX.to_owned(),
        };
        self.put_once(&schema_tag(digest), &manifest)
    }
}

/// Those that a list does not name.
fn missing<'a>(all: &'a [Attached], found: &[Descriptor]) -> Vec<&'a Attached> {
    let is_listed = |one: &Attached| {
        let mut found = found.iter();
        found.any(|other| other.digest == one.manifest.digest)
    };
    all.iter().filter(|one| !is_listed(one)).collect()
}

/// What a list names; what cannot be read of it names nothing that could be checked.
fn descriptors(index: &Value) -> Vec<Descriptor> {
    let all = index["manifests"].as_array().into_iter().flatten();
    all.filter_map(|one| Descriptor::deserialize(one).ok())
        .collect()
}

/// The tag under which clients keep the index.
fn schema_tag(digest: &Digest) -> String {
    let cut = |text: &str, most| text.chars().take(most).collect::<String>();
    let (algorithm, value) = (digest.algorithm(), digest.hex());
    format!("{}-{}", cut(algorithm, ALGORITHM), cut(value, VALUE))
}

/// The next page of `<URL>; rel="next"` (RFC 8288).
fn next_page(link: &str) -> Option<&str> {
    let (url, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let parameters = parameters.to_ascii_lowercase();
    (parameters.contains("rel=\"next\"") || parameters.contains("rel=next")).then_some(url)
}

/// The documents of an artifact, as they are pushed.
struct Made {
    root: Manifest,
    blobs: Vec<(Descriptor, Vec<u8>)>,
}

impl Made {
    fn new(artifact: &Artifact, subject: Descriptor) -> Self {
        let of = |media_type: &str, bytes: &[u8], annotations: &BTreeMap<_, _>| Descriptor {
            media_type: media_type.to_owned(),
            digest: Digest::sha256(bytes),
            size: bytes.len() as u64,
            artifact_type: None,
            annotations: annotations.clone(),
            urls: Vec::new(),
        };
        let config = of(EMPTY.0, EMPTY.1, &BTreeMap::new());
        let parts = artifact.parts.iter();
        let parts = parts.map(|part| {
            let descriptor = of(&part.media_type, &part.bytes, &part.annotations);
            (descriptor, part.bytes.clone())
        });
        let mut blobs: Vec<(Descriptor, Vec<u8>)> = parts.collect();
        if blobs.is_empty() {
            // A manifest has a layer, be it an empty one.
            blobs.push((config.clone(), EMPTY.1.to_vec()));
        }
        let layers: Vec<&Descriptor> = blobs.iter().map(|blob| &blob.0).collect();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": artifact.artifact_type,
            "config": config,
            "layers": layers,
            "subject": subject,
        });
        if !artifact.annotations.is_empty() {
            manifest["annotations"] = json!(artifact.annotations);
        }
        let bytes = manifest.to_string().into_bytes();
        blobs.push((config, EMPTY.1.to_vec()));
        Self {
            root: Manifest {
                digest: Digest::sha256(&bytes),
                bytes,
                media_type: MANIFEST.to_owned(),
            },
            blobs,
        }
    }

    /// The artifact, as a list names it.
    fn descriptor(&self, artifact: &Artifact) -> Descriptor {
        Descriptor {
            media_type: MANIFEST.to_owned(),
            digest: self.root.digest.clone(),
            size: self.root.bytes.len() as u64,
            artifact_type: Some(artifact.artifact_type.clone()),
            annotations: artifact.annotations.clone(),
            urls: Vec::new(),
        }
    }
}

impl Source for Made {
    fn name(&self) -> String {
        "the artifact".to_owned()
    }

    fn root(&self) -> &Manifest {
        &self.root
    }

    fn manifest(&self, _digest: &Digest, _limit: u64) -> Result<Vec<u8>, SourceError> {
        Err(SourceError("an artifact has no index".to_owned()))
    }

    fn blob(
        &self,
        digest: &Digest,
        _size: u64,
        from: u64,
    ) -> Result<Box<dyn std::io::Read + Send + '_>, SourceError> {
        let blob = self.blobs.iter().find(|(known, _)| known.digest == *digest);
        let (_, bytes) = blob.ok_or_else(|| SourceError("it is not there".to_owned()))?;
        let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
        Ok(Box::new(&bytes[from..]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_made_of_a_digest() {
        let digest = Digest::sha256(b"abc");
        assert_eq!(schema_tag(&digest), format!("sha256-{}", digest.hex()));
        let long: Digest = format!("sha512:{}", "a".repeat(128)).parse().unwrap();
        assert_eq!(schema_tag(&long), format!("sha512-{}", "a".repeat(64)));
    }

    #[test]
    fn pages_follow_one_another() {
        assert_eq!(next_page("</v2/a?n=1>; rel=\"next\""), Some("/v2/a?n=1"));
        for link in ["</v2/a>; rel=\"prev\"", "/v2/a; rel=next", "</v2/a"] {
            assert_eq!(next_page(link), None, "{link}");
        }
    }

    #[test]
    fn an_artifact_says_what_it_is_of() {
        let subject = Descriptor {
            media_type: INDEX.to_owned(),
            digest: Digest::sha256(b"x"),
            size: 1,
            artifact_type: None,
            annotations: BTreeMap::new(),
            urls: Vec::new(),
        };
        let artifact = Artifact {
            artifact_type: "application/spdx+json".to_owned(),
            ..Artifact::default()
        };
        let made = Made::new(&artifact, subject.clone());
        let document: Value = serde_json::from_slice(&made.root.bytes).unwrap();
        assert_eq!(document["subject"], json!(subject));
        assert_eq!(document["artifactType"], "application/spdx+json");
        assert_eq!(document["layers"][0]["size"], 2);
        assert_eq!(
            made.descriptor(&artifact).size,
            made.root.bytes.len() as u64
        );
    }
}
