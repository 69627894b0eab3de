//! The content of a file as a stream, as those read who unpack it.

use std::io::{self, BufRead, Read};

use super::super::Content;

/// Bytes that are taken at a time.
const STEP: u64 = 64 * 1024;

/// The rest of the content of a file.
pub(super) struct Stored<'c, C: Content> {
    content: &'c mut C,
    buffer: Vec<u8>,
    at: usize,
    /// Why it ends early.
    fault: Option<C::Fault>,
}

impl<'c, C: Content> Stored<'c, C> {
    pub(super) fn of(content: &'c mut C) -> Self {
        Self {
            content,
            buffer: Vec::new(),
            at: 0,
            fault: None,
        }
    }

    /// Says why the content could not be read, where it could not.
    pub(super) fn finish(self) -> Result<(), C::Fault> {
        self.fault.map_or(Ok(()), Err)
    }
}

impl<C: Content> BufRead for Stored<'_, C> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.buffer.len() && self.fault.is_none() {
            self.buffer.clear();
            self.at = 0;
            self.fault = self.content.read_content(STEP, &mut self.buffer).err();
        }
        if self.fault.is_some() && self.at == self.buffer.len() {
            return Err(io::Error::other("it could not be read to its end"));
        }
        Ok(&self.buffer[self.at..])
    }

    fn consume(&mut self, count: usize) {
        self.at = (self.at + count).min(self.buffer.len());
    }
}

impl<C: Content> Read for Stored<'_, C> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}
