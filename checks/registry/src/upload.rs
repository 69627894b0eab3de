//! One blob on its way to a registry: in chunks that go on where a connection broke off, or whole.
//!
//! Source: the OCI distribution specification 1.1 ("Pushing blobs": a HEAD, a mount from another
//! repository, POST, PATCH with `Content-Range`, PUT with the digest).

mod part;

use std::cell::RefCell;

use ureq::Body;
use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};
use ureq::http::{Method, Response, StatusCode};

use crate::answer::text;
use crate::contents::Descriptor;
use crate::push_error::{PushError, Step};
use crate::session::{Ask, Refusal, Session};
use crate::transport::{Payload, next};
use crate::url::{Url, encode};
use crate::{Digest, Error, Progress, Source};
use part::{Hashing, Part};

/// Bytes that are sent with one request, unless the registry wants more.
pub(crate) const CHUNK: u64 = 32 << 20;

/// The largest smallest chunk that a registry may ask for.
const LARGEST: u64 = 1 << 30;

/// Bytes that must have gone for a break to count as the first one again.
const PROGRESS: u64 = 1 << 20;

/// Breaks in all before a blob counts as one that cannot be sent.
const BREAKS: u32 = 100;

/// How a blob came to be in a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It was there.
    There,
    /// The registry took it from another of its repositories.
    Mounted,
    /// It was sent.
    Sent,
}

/// A blob that is to be in a registry.
pub(crate) struct Upload<'a> {
    pub(crate) session: &'a Session,
    pub(crate) source: &'a dyn Source,
    pub(crate) blob: &'a Descriptor,
    /// Another repository of the same registry that has it.
    pub(crate) mount: Option<&'a str>,
    pub(crate) chunk: u64,
    pub(crate) progress: &'a dyn Progress,
}

/// Why an upload does not go on as it is.
enum Halt {
    /// The registry takes no chunks.
    NoChunks,
    /// What was sent is lost; without a reason it was waited for already.
    Lost(Option<Refusal>),
    /// It is over.
    End(PushError),
}

/// How often an upload broke off.
#[derive(Default)]
struct Breaks {
    since: u32,
    all: u32,
    /// The furthest place at a break.
    furthest: u64,
}

impl Upload<'_> {
    /// Sees to it that the blob is there.
    pub(crate) fn run(&self) -> Result<Arrival, PushError> {
        if self.is_there()? {
            return Ok(Arrival::There);
        }
        let mut mount = self.mount;
        let (mut whole, mut breaks) = (self.blob.size <= self.chunk, Breaks::default());
        let hashing = RefCell::new(Hashing::new(&self.blob.digest));
        loop {
            let Some(begun) = self.begin(mount.take())? else {
                // The registry may have mounted nothing, and said otherwise.
                match self.is_there()? {
                    true => return Ok(Arrival::Mounted),
                    false => continue,
                }
            };
            let sent = match whole {
                true => self.send_whole(&begun.location, &hashing),
                false => self.send_chunks(begun, &hashing, &mut breaks),
            };
            // What was read decides, whatever the registry says of it.
            hashing.borrow().check(self)?;
            let refusal = match sent {
                Ok(()) => return Ok(Arrival::Sent),
                Err(Halt::NoChunks) => {
                    whole = true;
                    continue;
                }
                Err(Halt::End(error)) => return Err(error),
                Err(Halt::Lost(refusal)) => refusal,
            };
            if let Some(refusal) = refusal {
                breaks.wait(self, refusal, 0)?;
            }
            // The answer to the last request may have been all that was lost.
            if self.is_there()? {
                return Ok(Arrival::Sent);
            }
        }
    }

    fn step(&self) -> Step {
        Step::Blob(self.blob.digest.clone())
    }

    fn wrong(&self, url: &Url, why: &str) -> PushError {
        PushError::on(self.step())(Error::Protocol {
            url: url.to_string(),
            why: why.to_owned(),
        })
    }

    /// Whether the registry has the blob, with its size.
    fn is_there(&self) -> Result<bool, PushError> {
        let url = self.session.below(&format!("blobs/{}", self.blob.digest));
        match self.session.send(&Ask::new(Method::HEAD, url)) {
            Ok(answer) => {
                let size = text(answer.headers(), CONTENT_LENGTH.as_str());
                let size = size.and_then(|size| size.parse::<u64>().ok());
                Ok(size.is_none_or(|size| size == self.blob.size))
            }
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(PushError::on(self.step())(error)),
        }
    }

    /// Begins an upload; none where the blob was mounted instead.
    fn begin(&self, mount: Option<&str>) -> Result<Option<Begun>, PushError> {
        let mut path = "blobs/uploads/".to_owned();
        if let Some(from) = mount {
            let digest = encode(&self.blob.digest.to_string());
            path = format!("{path}?mount={digest}&from={}", encode(from));
        }
        let ask = Ask {
            payload: Payload::EMPTY,
            also: mount,
            ..Ask::new(Method::POST, self.session.below(&path))
        };
        let answer = match self.session.send(&ask) {
            Ok(answer) => answer,
            // Who may not read the other repository may still push to this one.
            Err(_) if mount.is_some() => return self.begin(None),
            Err(error) => return Err(PushError::on(self.step())(error)),
        };
        if mount.is_some() && answer.status() == StatusCode::CREATED {
            return Ok(None);
        }
        let least = text(answer.headers(), "oci-chunk-min-length");
        let least = least.and_then(|least| least.parse().ok()).unwrap_or(0);
        Ok(Some(Begun {
            location: self.location(&ask.url, &answer)?,
            chunk: self.chunk.max(least).min(LARGEST),
        }))
    }

    /// Where an upload goes on.
    fn location(&self, from: &Url, answer: &Response<Body>) -> Result<Url, PushError> {
        let location = text(answer.headers(), LOCATION.as_str());
        if location.is_none() {
            return Err(self.wrong(from, "it does not say where to send the blob to"));
        }
        next(from, location, true).map_err(PushError::on(self.step()))
    }

    /// Sends all of it with one request.
    fn send_whole(&self, location: &Url, hashing: &RefCell<Hashing>) -> Result<(), Halt> {
        let part = Part::of(self, 0, self.blob.size, hashing);
        let answer = self.session.attempt(&Ask {
            payload: Payload::Stream {
                bytes: &part,
                size: self.blob.size,
            },
            ..Ask::new(Method::PUT, self.finished(location))
        });
        part.fault(self).map_err(Halt::End)?;
        let answer = answer.map_err(|refusal| self.halt(refusal))?;
        self.progress.sent(&self.blob.digest, self.blob.size);
        self.told(location, &answer).map_err(Halt::End)
    }

    /// Sends it a chunk at a time.
    fn send_chunks(
        &self,
        begun: Begun,
        hashing: &RefCell<Hashing>,
        breaks: &mut Breaks,
    ) -> Result<(), Halt> {
        let Begun {
            mut location,
            chunk,
        } = begun;
        let (mut position, mut resumed) = (0, false);
        while position < self.blob.size {
            let end = position.saturating_add(chunk).min(self.blob.size);
            match self.send_chunk(&location, position..end, hashing)? {
                Ok(answer) => {
                    location = self.location(&location, &answer).map_err(Halt::End)?;
                    // A registry may have taken less than it was sent.
                    let taken = reached(&answer).unwrap_or(end);
                    if taken > end || taken < position {
                        let why = "it has taken other bytes than it was sent";
                        return Err(Halt::End(self.wrong(&location, why)));
                    }
                    if taken == position {
                        let why = "it takes nothing of what it is sent";
                        return Err(Halt::End(self.wrong(&location, why)));
                    }
                    (position, resumed) = (taken, false);
                    self.progress.sent(&self.blob.digest, position);
                }
                // It has other bytes than it said, such as one where it said `0-0`.
                Err(refusal) if resumed && status(&refusal) == Some(416) => {
                    return Err(Halt::Lost(Some(refusal)));
                }
                Err(refusal) => {
                    breaks.wait(self, refusal, position).map_err(Halt::End)?;
                    (location, position) = self.resume(&location)?;
                    resumed = true;
                }
            }
        }
        let ask = Ask {
            payload: Payload::EMPTY,
            ..Ask::new(Method::PUT, self.finished(&location))
        };
        hashing.borrow().check(self).map_err(Halt::End)?;
        let answer = self.session.attempt(&ask);
        let answer = answer.map_err(|refusal| self.halt(refusal))?;
        self.told(&location, &answer).map_err(Halt::End)
    }

    /// Sends one chunk; the inner error is one after which the upload may go on.
    fn send_chunk(
        &self,
        location: &Url,
        range: std::ops::Range<u64>,
        hashing: &RefCell<Hashing>,
    ) -> Result<Result<Response<Body>, Refusal>, Halt> {
        let part = Part::of(self, range.start, range.end - range.start, hashing);
        let named = [(CONTENT_RANGE, format!("{}-{}", range.start, range.end - 1))];
        let answer = self.session.attempt(&Ask {
            headers: &named,
            payload: Payload::Stream {
                bytes: &part,
                size: range.end - range.start,
            },
            ..Ask::new(Method::PATCH, location.clone())
        });
        part.fault(self).map_err(Halt::End)?;
        match answer {
            Ok(answer) => Ok(Ok(answer)),
            Err(refusal) if refusal.again || status(&refusal) == Some(416) => Ok(Err(refusal)),
            Err(refusal) if range.start == 0 && refuses_chunks(&refusal) => Err(Halt::NoChunks),
            Err(refusal) => Err(self.halt(refusal)),
        }
    }

    /// Asks how far an upload came that broke off.
    fn resume(&self, location: &Url) -> Result<(Url, u64), Halt> {
        let answer = self.session.send(&Ask::new(Method::GET, location.clone()));
        let answer = match answer {
            Ok(answer) => answer,
            Err(error @ (Error::Unauthorized { .. } | Error::Forbidden { .. })) => {
                return Err(Halt::End(PushError::on(self.step())(error)));
            }
            Err(_) => return Err(Halt::Lost(None)),
        };
        let here = next(location, text(answer.headers(), LOCATION.as_str()), true);
        match (reached(&answer), here) {
            (Some(reached), Ok(here)) if reached <= self.blob.size => Ok((here, reached)),
            _ => Err(Halt::Lost(None)),
        }
    }

    /// The address that ends an upload.
    fn finished(&self, location: &Url) -> Url {
        let mark = if location.path.contains('?') {
            '&'
        } else {
            '?'
        };
        let digest = encode(&self.blob.digest.to_string());
        Url {
            path: format!("{}{mark}digest={digest}", location.path),
            ..location.clone()
        }
    }

    /// What is told of a blob that was sent: its digest must be the one that was meant.
    fn told(&self, url: &Url, answer: &Response<Body>) -> Result<(), PushError> {
        let told = text(answer.headers(), "docker-content-digest");
        match told.map(str::parse::<Digest>) {
            Some(Ok(told)) if told != self.blob.digest => {
                Err(PushError::on(self.step())(Error::Mismatch {
                    url: url.to_string(),
                    actual: told.to_string(),
                    wanted: self.blob.digest.to_string(),
                }))
            }
            _ => Ok(()),
        }
    }

    fn halt(&self, refusal: Refusal) -> Halt {
        // An upload that the registry forgot is begun anew.
        let forgotten = matches!(refusal.error, Error::NotFound { .. });
        match refusal.again || forgotten {
            true => Halt::Lost(Some(refusal)),
            false => Halt::End(PushError::on(self.step())(refusal.error)),
        }
    }
}

/// An upload that was begun.
struct Begun {
    location: Url,
    chunk: u64,
}

impl Breaks {
    /// Takes note of a break and waits; an error where there were too many.
    fn wait(&mut self, upload: &Upload<'_>, refusal: Refusal, at: u64) -> Result<(), PushError> {
        if at >= self.furthest.saturating_add(PROGRESS) {
            (self.since, self.furthest) = (0, at);
        }
        self.since += 1;
        self.all += 1;
        let patience = upload.session.transport.settings().patience;
        match self.all < BREAKS && patience.wait(self.since, refusal.wait) {
            true => Ok(()),
            false => Err(PushError::on(upload.step())(refusal.error)),
        }
    }
}

/// How many bytes the registry has: it names the last one.
fn reached(answer: &Response<Body>) -> Option<u64> {
    let range = text(answer.headers(), RANGE.as_str())?.trim();
    let range = range.strip_prefix("bytes=").unwrap_or(range);
    let last: u64 = range.strip_prefix("0-")?.parse().ok()?;
    // `0-0` is said of no byte as well as of one.
    if last == 0 {
        return Some(0);
    }
    last.checked_add(1)
}

fn status(refusal: &Refusal) -> Option<u16> {
    match refusal.error {
        Error::Status { status, .. } => Some(status),
        _ => None,
    }
}

/// Whether a registry takes blobs only whole.
fn refuses_chunks(refusal: &Refusal) -> bool {
    matches!(status(refusal), Some(400 | 405 | 411 | 413 | 415 | 501))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_how_far_it_came() {
        let said = |range: &str| {
            let answer = Response::builder().header("Range", range);
            reached(&answer.body(Body::builder().data("")).unwrap())
        };
        assert_eq!(said("0-99"), Some(100));
        assert_eq!(said("bytes=0-99"), Some(100));
        assert_eq!(said("0-0"), Some(0));
        for range in ["", "1-2", "0-", "0--1", "0-18446744073709551615"] {
            assert_eq!(said(range), None, "{range}");
        }
    }
}
