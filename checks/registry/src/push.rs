//! An image on its way to a registry: exactly its bytes, read back before a tag shows them.
//!
//! The order is that of the OCI distribution specification 1.1 ("Push"): blobs, then the manifests
//! that name them, by digest. A tag is moved last, to what was read back; until then nobody who
//! pulls the tag sees anything of it.

use std::io::Read;

use ureq::Body;
use ureq::http::{Method, Response};

use crate::answer::text;
use crate::contents::{Contents, Descriptor};
use crate::name::is_tag;
use crate::push_error::{PushError, Step, TagState};
use crate::session::{Ask, Refusal};
use crate::source::DOCUMENT;
use crate::transport::Payload;
use crate::upload::{Arrival, CHUNK, Upload};
use crate::{Client, Digest, Error, Manifest, Name, Progress, Repository, Source};

/// Bytes that are read at a time.
const BUFFER: usize = 64 * 1024;

/// An image on its way to a registry.
pub struct Push<'a> {
    pub(crate) repository: Repository,
    source: &'a dyn Source,
    contents: Contents,
    chunk: u64,
}

/// What became of the blobs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pushed {
    /// Blobs that were there.
    pub there: usize,
    /// Blobs that the registry took from another repository.
    pub mounted: usize,
    /// Blobs that were sent.
    pub sent: usize,
    /// The bytes of those that were sent.
    pub bytes: u64,
}

/// An image that was read back from a registry, byte for byte what was pushed.
///
/// Only [`Push::read_back`] makes one: no tag is moved to what was not read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadBack {
    place: String,
    digest: Digest,
}

impl ReadBack {
    /// The digest of the image.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }
}

/// Where a tag must stand for it to be moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Before {
    /// Wherever it stands.
    Anywhere,
    /// Where it stood when it was looked at; none where there was no such tag.
    At(Option<Digest>),
}

impl Client {
    /// Begins to push an image: reads its manifests and greets the registry; nothing is sent yet.
    ///
    /// Of `to` the tag and the digest count for nothing here.
    ///
    /// # Errors
    ///
    /// When the image's manifests cannot be read, or the registry cannot be reached.
    pub fn push<'a>(&self, to: &Name, source: &'a dyn Source) -> Result<Push<'a>, PushError> {
        let contents = Contents::of(source).map_err(|why| PushError::Source {
            name: source.name(),
            why,
        })?;
        Ok(Push {
            repository: self.destination(to)?,
            source,
            contents,
            chunk: CHUNK,
        })
    }
}

impl Push<'_> {
    /// Sends at most so many bytes with one request, unless the registry wants more.
    #[must_use]
    pub fn in_chunks_of(mut self, bytes: u64) -> Self {
        self.chunk = bytes.max(1);
        self
    }

    /// The digest of what is pushed.
    pub fn digest(&self) -> &Digest {
        &self.source.root().digest
    }

    /// Its manifest or index, with the media type that the registry is told.
    pub fn manifest(&self) -> &Manifest {
        self.contents.manifests.last().unwrap_or(self.source.root())
    }

    /// Where it is pushed to.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Layers that may not be passed on and stay where their makers keep them.
    pub fn foreign(&self) -> &[Descriptor] {
        &self.contents.foreign
    }

    /// Where a tag stands; none where there is none.
    ///
    /// # Errors
    ///
    /// When the registry does not say.
    pub fn tag(&self, tag: &str) -> Result<Option<Digest>, PushError> {
        let step = Step::LookAtTag(checked(tag)?.to_owned());
        self.stands(tag).map_err(PushError::on(step))
    }

    fn stands(&self, tag: &str) -> Result<Option<Digest>, Error> {
        match self.repository.manifest(tag, DOCUMENT) {
            Ok(manifest) => Ok(Some(manifest.digest)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sees to it that the registry has every blob of the image.
    ///
    /// # Errors
    ///
    /// When one cannot be read or sent.
    pub fn blobs(&self, progress: &dyn Progress) -> Result<Pushed, PushError> {
        let blobs = &self.contents.blobs;
        let bytes = blobs.iter().map(|blob| blob.size);
        progress.total(blobs.len(), bytes.fold(0, u64::saturating_add));
        let mut pushed = Pushed::default();
        for blob in blobs {
            let upload = Upload {
                session: &self.repository.session,
                source: self.source,
                blob,
                mount: self.neighbour(),
                chunk: self.chunk,
                progress,
            };
            let arrival = upload.run()?;
            match arrival {
                Arrival::There => pushed.there += 1,
                Arrival::Mounted => pushed.mounted += 1,
                Arrival::Sent => {
                    pushed.sent += 1;
                    pushed.bytes += blob.size;
                }
            }
            progress.arrived(&blob.digest, blob.size, arrival);
        }
        Ok(pushed)
    }

    /// The repository that the image is in, where it is another one of the same registry.
    fn neighbour(&self) -> Option<&str> {
        let from = &self.source.repository()?.session.endpoint;
        let to = &self.repository.session.endpoint;
        let is_other = from.registry == to.registry && from.repository != to.repository;
        is_other.then_some(&*from.repository)
    }

    /// Pushes the image's manifests by their digests, with exactly the bytes that they have.
    ///
    /// # Errors
    ///
    /// When the registry does not take one.
    pub fn manifest_by_digest(&self) -> Result<(), PushError> {
        for manifest in &self.contents.manifests {
            let name = manifest.digest.to_string();
            let put = self.repository.put(&name, manifest);
            put.map_err(PushError::on(Step::Manifest(manifest.digest.clone())))?;
        }
        Ok(())
    }

    /// Reads everything back, byte for byte; also what was there before.
    ///
    /// # Errors
    ///
    /// When something is not there, or not what was pushed.
    pub fn read_back(&self) -> Result<ReadBack, PushError> {
        for blob in &self.contents.blobs {
            self.repository.confirm(blob)?;
        }
        for manifest in &self.contents.manifests {
            let step = || Step::ReadBack(manifest.digest.clone());
            let found = self
                .repository
                .manifest(&manifest.digest.to_string(), DOCUMENT);
            let found = found.map_err(PushError::on(step()))?;
            if found.bytes != manifest.bytes {
                let why = "the registry gives other bytes than it was sent".to_owned();
                return Err(PushError::Differs { step: step(), why });
            }
        }
        Ok(ReadBack {
            place: self.repository.place(),
            digest: self.digest().clone(),
        })
    }

    /// Moves a tag to the image that was read back, and looks where it stands then.
    ///
    /// No registry moves a tag on a condition: who moves it in the moment between the look and
    /// the move is overwritten, and who does so afterwards is found out by the look that follows.
    ///
    /// # Errors
    ///
    /// When it stood elsewhere than `before` says, the registry does not move it, or it stands
    /// elsewhere afterwards.
    pub fn move_tag(&self, to: &ReadBack, tag: &str, before: &Before) -> Result<(), PushError> {
        checked(tag)?;
        let manifest = self.manifest();
        if manifest.digest != to.digest || to.place != self.repository.place() {
            return Err(PushError::Unread);
        }
        let failed = |state| {
            move |error| PushError::Tag {
                tag: tag.to_owned(),
                state,
                error: Box::new(error),
            }
        };
        if let Before::At(wanted) = before {
            let found = self.stands(tag).map_err(failed(TagState::Untouched))?;
            if found != *wanted && found.as_ref() != Some(&to.digest) {
                return Err(PushError::TagMoved {
                    tag: tag.to_owned(),
                    found,
                    wanted: wanted.clone(),
                });
            }
        }
        let put = self.repository.put(tag, manifest);
        match (put, self.stands(tag)) {
            // The answer may have been lost; where the tag stands is what counts.
            (_, Ok(Some(found))) if found == to.digest => Ok(()),
            (Ok(()), Ok(found)) => Err(PushError::TagMoved {
                tag: tag.to_owned(),
                found,
                wanted: Some(to.digest.clone()),
            }),
            (Err(error), Ok(found)) => Err(failed(TagState::At(found))(error)),
            (Ok(()) | Err(_), Err(error)) => Err(failed(TagState::Unknown)(error)),
        }
    }
}

impl Repository {
    /// Pushes a manifest under a digest or a tag.
    pub(crate) fn put(&self, reference: &str, manifest: &Manifest) -> Result<(), Error> {
        self.put_telling(reference, manifest).map(drop)
    }

    /// As [`Self::put`]; also gives the answer.
    pub(crate) fn put_telling(
        &self,
        reference: &str,
        manifest: &Manifest,
    ) -> Result<Response<Body>, Error> {
        let ask = self.putting(reference, manifest);
        let answer = self.session.send(&ask)?;
        is_of(&answer, manifest, &ask)?;
        Ok(answer)
    }

    /// As [`Self::put`], but tries it once.
    pub(crate) fn put_once(&self, reference: &str, manifest: &Manifest) -> Result<(), Refusal> {
        let ask = self.putting(reference, manifest);
        let answer = self.session.attempt(&ask)?;
        is_of(&answer, manifest, &ask).map_err(Refusal::at_last)
    }

    fn putting<'a>(&self, reference: &str, manifest: &'a Manifest) -> Ask<'a> {
        let url = self.session.below(&format!("manifests/{reference}"));
        Ask {
            payload: Payload::Bytes {
                media_type: &manifest.media_type,
                bytes: &manifest.bytes,
            },
            ..Ask::new(Method::PUT, url)
        }
    }

    /// Reads a blob as a whole: what a registry says of it may be true of what it once took.
    pub(crate) fn confirm(&self, blob: &Descriptor) -> Result<(), PushError> {
        let step = || Step::ReadBack(blob.digest.clone());
        let differs = |why| PushError::Differs { step: step(), why };
        let mut reader = self.blob(&blob.digest, blob.size, 0);
        let actual = digest_of(&mut reader, &blob.digest);
        match actual.map_err(|error| differs(error.to_string()))? {
            actual if actual == blob.digest => Ok(()),
            actual => Err(differs(format!("its digest there is {actual}"))),
        }
    }
}

/// Whether a registry took a manifest for what it is.
fn is_of(answer: &Response<Body>, manifest: &Manifest, ask: &Ask<'_>) -> Result<(), Error> {
    match text(answer.headers(), "docker-content-digest") {
        Some(told) if told != manifest.digest.to_string() => Err(Error::Mismatch {
            url: ask.url.to_string(),
            actual: told.chars().take(140).collect(),
            wanted: manifest.digest.to_string(),
        }),
        _ => Ok(()),
    }
}

/// The digest of all that comes, by the algorithm of another.
fn digest_of(bytes: &mut impl Read, like: &Digest) -> std::io::Result<Digest> {
    let mut hasher = like.hasher();
    let mut buffer = vec![0; BUFFER];
    loop {
        match bytes.read(&mut buffer)? {
            0 => return Ok(hasher.digest()),
            count => hasher.add(&buffer[..count]),
        }
    }
}

fn checked(tag: &str) -> Result<&str, PushError> {
    match is_tag(tag) {
        true => Ok(tag),
        false => Err(PushError::NoTag(tag.to_owned())),
    }
}
