//! The bits of a stream, of each byte the lowest first.

use std::io::{self, BufRead};

/// Bits that were taken from the stream and are not used yet.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    /// The bits, the next one lowest; above `count` there are none.
    pub(super) bits: u64,
    /// How many there are.
    pub(super) count: u32,
}

impl Held {
    /// Uses up `count` bits; false where there are fewer.
    pub(super) fn pass(&mut self, count: u32) -> bool {
        let is_there = count <= self.count;
        if is_there {
            self.bits >>= count;
            self.count -= count;
        }
        is_there
    }
}

/// A stream of bits.
#[derive(Debug)]
pub(super) struct Bits<R> {
    pub(super) inner: R,
    pub(super) held: Held,
}

impl<R: BufRead> Bits<R> {
    /// Starts with the first bit of the first byte.
    pub(super) fn new(inner: R) -> Self {
        Self {
            inner,
            held: Held::default(),
        }
    }

    /// The bytes that come next and are not held yet; nothing at the end.
    pub(super) fn ahead(&mut self) -> io::Result<&[u8]> {
        // The borrow checker does not see that a buffer that is returned ends the loop.
        loop {
            match self.inner.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        self.inner.fill_buf()
    }

    /// Holds as many bits as there is room for: 56 at least, unless the stream ends.
    pub(super) fn fill(&mut self) -> io::Result<()> {
        while self.held.count < 56 {
            let Held { bits, count } = self.held;
            let ahead = self.ahead()?;
            let (word, bytes) = match (ahead.first_chunk(), ahead.first()) {
                (Some(word), _) => (u64::from_le_bytes(*word), (63 - count) / 8),
                (None, Some(byte)) => (u64::from(*byte), 1),
                (None, None) => break,
            };
            let count = count + 8 * bytes;
            let bits = (bits | word << self.held.count) & ((1 << count) - 1);
            self.held = Held { bits, count };
            self.inner.consume(bytes as usize);
        }
        Ok(())
    }

    /// The next `count` bits, 48 at most.
    pub(super) fn take(&mut self, count: u32) -> io::Result<u64> {
        if self.held.count < count {
            self.fill()?;
        }
        let bits = self.held.bits & ((1 << count) - 1);
        match self.held.pass(count) {
            true => Ok(bits),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Passes over what is left of the byte at hand.
    pub(super) fn align(&mut self) {
        self.held.pass(self.held.count % 8);
    }

    /// Whether nothing is left of the stream.
    pub(super) fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.held.count == 0 && self.ahead()?.is_empty())
    }
}
