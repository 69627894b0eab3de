//! The bytes of a blob as a stream, which goes on where a connection broke off.
//!
//! Source: the OCI distribution specification 1.1 ("Pulling blobs"), and range requests of RFC
//! 9110, section 14.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

use ureq::http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use ureq::http::{Method, StatusCode};

use crate::answer::{media_type, text};
use crate::session::{Ask, Session};
use crate::{Digest, Error};

/// Bytes that must have come for a break to count as the first one again.
const PROGRESS: u64 = 1 << 20;

/// Breaks in all before a blob counts as unreadable.
const BREAKS: u32 = 100;

/// Bytes that are thrown away at a time.
const BUFFER: usize = 64 * 1024;

/// A reader of exactly the bytes that a blob has.
pub struct BlobReader {
    session: Arc<Session>,
    path: String,
    size: u64,
    position: u64,
    body: Option<Box<dyn Read + Send>>,
    /// Breaks since so many bytes had come.
    breaks: u32,
    counted_from: u64,
    all_breaks: u32,
}

impl BlobReader {
    pub(crate) fn new(session: Arc<Session>, digest: &Digest, size: u64, from: u64) -> Self {
        Self {
            session,
            path: format!("blobs/{digest}"),
            size,
            position: from.min(size),
            body: None,
            breaks: 0,
            counted_from: from,
            all_breaks: 0,
        }
    }

    fn url(&self) -> crate::url::Url {
        self.session.below(&self.path)
    }

    fn wrong(&self, why: impl Into<String>) -> Error {
        Error::Protocol {
            url: self.url().to_string(),
            why: why.into(),
        }
    }

    /// Asks for the bytes from the position on; also says how many come before them.
    fn open(&self) -> Result<(Box<dyn Read + Send>, u64), Error> {
        let range = [(RANGE, format!("bytes={}-", self.position))];
        let answer = self.session.send(&Ask {
            headers: if self.position > 0 { &range } else { &[] },
            ..Ask::new(Method::GET, self.url())
        })?;
        let headers = answer.headers();
        let begins = match answer.status() {
            StatusCode::PARTIAL_CONTENT => begin(text(headers, CONTENT_RANGE.as_str()))
                .ok_or_else(|| self.wrong("the answer is a part, but does not say which"))?,
            // A server that knows no ranges begins anew.
            _ => 0,
        };
        let length: Option<u64> =
            text(headers, CONTENT_LENGTH.as_str()).and_then(|n| n.parse().ok());
        let ends = length.map(|length| begins.saturating_add(length));
        if ends.is_some_and(|end| end != self.size)
            && answer.status() != StatusCode::PARTIAL_CONTENT
        {
            if media_type(headers) == "text/html" {
                return Err(Error::NotARegistry {
                    url: self.url().to_string(),
                    what: "a page in HTML".to_owned(),
                });
            }
            let size = self.size;
            let length = length.unwrap_or_default();
            return Err(self.wrong(format!(
                "the blob has {length} bytes, but the manifest says {size}"
            )));
        }
        if begins > self.position {
            return Err(self.wrong("the answer is another part than was asked for"));
        }
        let body = Box::new(answer.into_body().into_reader());
        Ok((body, self.position - begins))
    }

    fn fault(&self, error: io::Error) -> Error {
        self.session.transport.fault(&self.url(), &error.into())
    }

    /// Takes note of a break; an error where there were too many.
    fn broke(&mut self, error: Error) -> io::Result<()> {
        self.body = None;
        if self.position - self.counted_from >= PROGRESS {
            (self.breaks, self.counted_from) = (0, self.position);
        }
        self.breaks += 1;
        self.all_breaks += 1;
        let again = error.is_passing() && self.all_breaks < BREAKS && {
            let patience = self.session.transport.settings().patience;
            patience.wait(self.breaks, None)
        };
        match (again, error) {
            (true, _) => Ok(()),
            (false, Error::Unreachable { url, why }) => {
                let why = format!(
                    "{why}, after {} of {} bytes and {} tries",
                    self.position, self.size, self.breaks
                );
                Err(io::Error::other(Error::Unreachable { url, why }))
            }
            (false, error) => Err(io::Error::other(error)),
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size - self.position).unwrap_or(usize::MAX);
        let wanted = out.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        loop {
            let mut body = match self.body.take() {
                Some(body) => body,
                None => {
                    // A session has been patient already.
                    let (mut body, known) = self.open().map_err(io::Error::other)?;
                    match discard(&mut body, known) {
                        Ok(skipped) if skipped == known => body,
                        Ok(_) => {
                            self.broke(self.fault(io::ErrorKind::UnexpectedEof.into()))?;
                            continue;
                        }
                        Err(error) => {
                            self.broke(self.fault(error))?;
                            continue;
                        }
                    }
                }
            };
            match body.read(&mut out[..wanted]) {
                Ok(0) => {
                    self.broke(self.fault(io::ErrorKind::UnexpectedEof.into()))?;
                }
                Ok(count) => {
                    self.position += count as u64;
                    self.body = Some(body);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => self.body = Some(body),
                Err(error) => {
                    self.broke(self.fault(error))?;
                }
            }
        }
    }
}

/// The first byte of `bytes FIRST-LAST/SIZE`.
fn begin(range: Option<&str>) -> Option<u64> {
    let range = range?.trim().strip_prefix("bytes ")?;
    range.split('-').next()?.trim().parse().ok()
}

fn discard(body: &mut impl Read, count: u64) -> io::Result<u64> {
    let mut buffer = vec![0; BUFFER.min(usize::try_from(count).unwrap_or(BUFFER))];
    let mut left = count;
    while left > 0 {
        let step = usize::try_from(left).unwrap_or(BUFFER).min(BUFFER);
        match body.read(&mut buffer[..step])? {
            0 => break,
            read => left -= read as u64,
        }
    }
    Ok(count - left)
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BlobReader({} at {} of {})",
            self.path, self.position, self.size
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_where_it_begins() {
        assert_eq!(begin(Some("bytes 5-9/10")), Some(5));
        assert_eq!(begin(Some("bytes 0-9/*")), Some(0));
        for text in ["", "bytes", "bytes */10", "items 1-2/3"] {
            assert_eq!(begin(Some(text)), None, "{text}");
        }
    }
}
