//! Gzip (RFC 1952), read as it comes: members that follow one another, each with a header, which
//! may carry something, and a checksum.
//!
//! Half of what a scan costs is spent in here, so that layers have a decoder of their own: it takes
//! five sixths of the time of flate2 with zlib-rs. Matches lie in the bytes that the walk reads,
//! symbols are looked up before it is known whether bits have to be taken in, and the checksum is
//! made with the widest instructions there are. Deflate without gzip is inflated by flate2.

mod bits;
mod block;
mod code;
mod header;
mod quick;

use std::io::{self, BufRead, Read};

use crc32fast::Hasher;

pub(super) use self::header::Header;

use self::bits::Bits;
use self::block::Deflate;
use self::quick::{Place, SIZE};
use super::Beside;

#[cfg(test)]
mod tests;

/// How far back matches reach.
const WINDOW: usize = 32 * 1024;

/// What is wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Malformed(&'static str);

impl From<Malformed> for io::Error {
    fn from(Malformed(why): Malformed) -> Self {
        let why = format!("the gzip stream is damaged: {why}");
        Self::new(io::ErrorKind::InvalidData, why)
    }
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Header,
    Body,
    Trailer,
    End,
    /// Nothing, since something was wrong.
    Wrong,
}

/// Reads the members of a stream as one, and shows the header of each.
#[derive(Debug)]
pub(super) struct Members<'b, R> {
    bits: Bits<R>,
    deflate: Deflate,
    next: Next,
    /// What was made last, behind what matches may reach back to.
    out: Box<[u8; SIZE]>,
    /// What of it was not used up yet.
    start: usize,
    end: usize,
    /// Where the member begins, or how far back it is kept.
    begin: usize,
    /// The checksum of the member so far, and its bytes modulo 2^32.
    crc: Hasher,
    size: u32,
    /// What went wrong behind the bytes that were made last.
    error: Option<io::Error>,
    beside: Option<&'b Beside>,
}

impl<'b, R: BufRead> Members<'b, R> {
    pub(super) fn new(stored: R, beside: Option<&'b Beside>) -> Self {
        Self {
            bits: Bits::new(stored),
            deflate: Deflate::default(),
            next: Next::Header,
            out: place(),
            start: 0,
            end: 0,
            begin: 0,
            crc: Hasher::new(),
            size: 0,
            error: None,
            beside,
        }
    }

    /// Goes on, and says with what.
    fn step(&mut self) -> io::Result<Next> {
        match self.next {
            Next::Header => {
                let header = Header::read(&mut self.bits)?;
                if let Some(beside) = self.beside {
                    beside.gzip(&header);
                }
                self.deflate.again();
                self.crc.reset();
                self.size = 0;
                // Everything was read, and a match does not reach into the member before.
                (self.start, self.end, self.begin) = (0, 0, 0);
                Ok(Next::Body)
            }
            Next::Body => self.body(),
            Next::Trailer => {
                let (crc, size) = (self.bits.take(32)?, self.bits.take(32)?);
                let read = self.crc.clone().finalize();
                if (crc, size) != (read.into(), self.size.into()) {
                    return Err(Malformed("its checksum is wrong").into());
                }
                let is_over = self.bits.is_at_end()?;
                Ok(if is_over { Next::End } else { Next::Header })
            }
            Next::End => Ok(Next::End),
            Next::Wrong => {
                let error = self.error.take();
                Err(error.unwrap_or_else(|| Malformed("it cannot be read on").into()))
            }
        }
    }

    /// Makes plain bytes of the member at hand.
    fn body(&mut self) -> io::Result<Next> {
        if self.end > WINDOW {
            let passed = self.end - WINDOW;
            self.out.copy_within(passed..self.end, 0);
            self.begin = self.begin.saturating_sub(passed);
            self.end = WINDOW;
        }
        let mut place = Place {
            out: &mut self.out,
            at: self.end,
            begin: self.begin,
        };
        let decoded = self.deflate.decode(&mut self.bits, &mut place);
        (self.start, self.end) = (self.end, place.at);
        let made = &self.out[self.start..self.end];
        self.crc.update(made);
        self.size = self.size.wrapping_add(made.len() as u32);
        match decoded {
            Ok(false) => Ok(Next::Body),
            Ok(true) => {
                self.bits.align();
                Ok(Next::Trailer)
            }
            Err(error) if self.start == self.end => Err(error),
            // What came before is read first.
            Err(error) => {
                self.error = Some(error);
                Ok(Next::Wrong)
            }
        }
    }
}

/// Room for plain bytes, which is not made on the stack.
fn place() -> Box<[u8; SIZE]> {
    let room = vec![0; SIZE].into_boxed_slice();
    room.try_into().unwrap_or_else(|_| Box::new([0; SIZE]))
}

impl<R: BufRead> BufRead for Members<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.start == self.end && self.next != Next::End {
            let next = self.step();
            self.next = *next.as_ref().unwrap_or(&Next::Wrong);
            next?;
        }
        Ok(&self.out[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.end);
    }
}

impl<R: BufRead> Read for Members<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}
