//! The content of the entry that a walk stands on: laid out, read and passed over, with the holes
//! of sparse files.

use std::io::{self, BufRead, Read};

use super::{Bytes, TarFault, Walk};
use crate::tarball::entry::Kind;
use crate::tarball::header::{BLOCK, Header, sparse_block};
use crate::tarball::pax::PaxSparse;
use crate::tarball::sparse::{Map, Run, Sparse, SparseFault};

impl<R: Bytes> Walk<'_, R> {
    /// Appends up to `limit` bytes of the content to `out`; holes are zeros.
    pub(crate) fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        let Some(mut sparse) = self.sparse.take() else {
            return self.read_stored(limit, out);
        };
        let mut wanted = sparse.left().min(limit);
        let mut read = Ok(());
        while wanted > 0 && read.is_ok() {
            let count = match sparse.run() {
                Run::Hole(count) => {
                    let count = count.min(wanted);
                    read = self.fill_hole(count, out);
                    count
                }
                Run::Stored(count) => {
                    let count = count.min(wanted);
                    read = self.read_stored(count, out);
                    count
                }
            };
            sparse.pass(count);
            wanted -= count;
        }
        self.sparse = Some(sparse);
        read
    }

    fn fill_hole(&mut self, count: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        self.holes = self.holes.saturating_add(count);
        if self.holes > self.limits.hole_bytes {
            return Err(TarFault::HolesTooLarge(self.limits.hole_bytes));
        }
        io::repeat(0).take(count).read_to_end(out)?;
        Ok(())
    }

    /// Appends what is stored, straight out of the buffer: std's way through `Take` clears the
    /// room first.
    fn read_stored(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), TarFault> {
        let mut wanted = self.left.min(limit);
        while wanted > 0 {
            let buffer = match self.bytes.fill_buf() {
                Ok([]) => return Err(TarFault::Truncated),
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let count = usize::try_from(wanted).unwrap_or(usize::MAX);
            let count = count.min(buffer.len());
            out.extend_from_slice(&buffer[..count]);
            self.bytes.consume(count);
            self.left -= count as u64;
            wanted -= count as u64;
        }
        Ok(())
    }

    /// Makes the content of the entry ready, of a sparse file by its map.
    pub(super) fn lay_out(
        &mut self,
        flag: u8,
        stored: u64,
        kind: Kind,
        pax: Option<PaxSparse>,
    ) -> Result<Option<Result<Sparse, SparseFault>>, TarFault> {
        // Links, directories and special files have no content, whatever their header claims.
        let has_content = !matches!(flag, b'1'..=b'6');
        self.set_content(if has_content { stored } else { 0 });
        if flag == b'S' {
            return self.old_sparse().map(Some);
        }
        let pax = pax.filter(|_| kind == Kind::File);
        pax.map(|pax| self.pax_sparse(pax)).transpose()
    }

    /// Lays out an old GNU sparse file; further blocks of its map come before its content.
    fn old_sparse(&mut self) -> Result<Result<Sparse, SparseFault>, TarFault> {
        let mut map = Map::default();
        let header = Header::again(&self.block);
        let (size, mut goes_on) = header.sparse(&mut map)?;
        while goes_on {
            if !self.read_header()? {
                return Err(TarFault::Truncated);
            }
            goes_on = sparse_block(&self.block, &mut map)?;
        }
        Ok(map.laid_out(size, self.left))
    }

    /// Lays out a sparse file of the pax format; the map of 1.0 is read off its content.
    fn pax_sparse(&mut self, sparse: PaxSparse) -> Result<Result<Sparse, SparseFault>, TarFault> {
        let mut map = sparse.map;
        if sparse.is_before {
            let mut left = self.left;
            let bytes = &mut self.bytes;
            let read = map.push_blocks(|| {
                let mut block = [0; BLOCK];
                left = left.checked_sub(BLOCK as u64).ok_or(TarFault::Truncated)?;
                bytes.read_exact(&mut block)?;
                Ok(block)
            })?;
            self.left = left;
            if read.is_none() {
                return Ok(Err(SparseFault::Malformed));
            }
        }
        let Some(size) = sparse.size else {
            return Ok(Err(SparseFault::Malformed));
        };
        Ok(map.laid_out(size, self.left))
    }

    pub(super) fn set_content(&mut self, size: u64) {
        self.sparse = None;
        self.left = size;
        self.padding = size.wrapping_neg() % BLOCK as u64;
    }

    /// Passes over up to `count` bytes of the content, holes included.
    pub(crate) fn skip_content(&mut self, count: u64) -> Result<(), TarFault> {
        let Some(mut sparse) = self.sparse.take() else {
            return self.skip_stored(count);
        };
        let mut wanted = sparse.left().min(count);
        let mut skipped = Ok(());
        while wanted > 0 && skipped.is_ok() {
            let (Run::Hole(run) | Run::Stored(run)) = sparse.run();
            let run_count = run.min(wanted);
            if matches!(sparse.run(), Run::Stored(_)) {
                skipped = self.skip_stored(run_count);
            }
            sparse.pass(run_count);
            wanted -= run_count;
        }
        self.sparse = Some(sparse);
        skipped
    }

    /// Passes over up to `count` bytes of the content, and shows them as they lie in the buffer; a
    /// hole is no more than passed over.
    pub(crate) fn pass_over(
        &mut self,
        count: u64,
        step: u64,
        see: &mut dyn FnMut(&[u8]),
    ) -> Result<(), TarFault> {
        let mut wanted = self.left().min(count);
        while wanted > 0 {
            if let Some(Run::Hole(run)) = self.sparse.as_ref().map(Sparse::run) {
                let passed = run.min(wanted);
                self.skip_content(passed)?;
                wanted -= passed;
                continue;
            }
            let most = usize::try_from(wanted.min(step)).unwrap_or(usize::MAX);
            let shown = self.peek()?;
            let shown = &shown[..shown.len().min(most)];
            if shown.is_empty() {
                return Err(TarFault::Truncated);
            }
            see(shown);
            let passed = shown.len();
            self.consume(passed);
            wanted -= passed as u64;
        }
        Ok(())
    }

    fn skip_stored(&mut self, count: u64) -> Result<(), TarFault> {
        let wanted = self.left.min(count);
        let skipped = self.bytes.skip(wanted)?;
        self.left -= skipped.min(wanted);
        if skipped < wanted {
            Err(TarFault::Truncated)
        } else {
            Ok(())
        }
    }

    /// Skips what is left of the content, and its padding.
    pub(super) fn pass_content(&mut self) -> Result<(), TarFault> {
        let (left, padding) = (self.left, self.padding);
        (self.left, self.padding, self.sparse) = (0, 0, None);
        if self.bytes.skip(left)? < left {
            return Err(TarFault::Truncated);
        }
        Ok(self.pass_padding(padding)?)
    }

    /// Passes over what fills a block up; an archive that was cut inside the last one has lost
    /// nothing.
    fn pass_padding(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            let buffer = match self.bytes.fill_buf() {
                Ok([]) => break,
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let step = buffer.len().min(count as usize);
            let all = buffer[..step].iter().fold(0, |all, byte| all | byte);
            self.is_padded_oddly |= all != 0;
            self.bytes.consume(step);
            count -= step as u64;
        }
        Ok(())
    }
}

/// A reader of the content of the entry that a walk stands on.
pub(crate) struct Entry<'w, 'l, R>(&'w mut Walk<'l, R>);

impl<'w, 'l, R: Bytes> Entry<'w, 'l, R> {
    pub(crate) fn of(walk: &'w mut Walk<'l, R>) -> Self {
        Self(walk)
    }
}

impl<R: Bytes> BufRead for Entry<'_, '_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.0.left();
        let bytes = self.0.peek().map_err(io::Error::other)?;
        if bytes.is_empty() && left > 0 {
            return Err(io::Error::other(TarFault::Truncated));
        }
        Ok(bytes)
    }

    fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }
}

impl<R: Bytes> Read for Entry<'_, '_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(out)?;
        self.consume(count);
        Ok(count)
    }
}
