//! The content of a file, block by block.

use std::sync::Arc;

use super::SquashFault;
use super::inode::FileInode;
use super::table::Blocks;
use crate::layer::Content;

/// The content of a file; `block` is what was read and not yet used.
pub(super) struct FileContent<'a> {
    blocks: &'a mut Blocks,
    path: &'a str,
    left: u64,
    /// What no block covers yet.
    ahead: u64,
    place: u64,
    inode: FileInode,
    block: Arc<Vec<u8>>,
    at: usize,
    end: usize,
}

impl<'a> FileContent<'a> {
    /// Starts before the first byte.
    pub(super) fn new(blocks: &'a mut Blocks, path: &'a str, inode: FileInode) -> Self {
        Self {
            blocks,
            path,
            left: inode.size,
            ahead: inode.size,
            place: inode.start,
            inode,
            block: Arc::default(),
            at: 0,
            end: 0,
        }
    }

    /// Reads the next block when this one is used up.
    fn fill(&mut self) -> Result<(), SquashFault> {
        if self.at < self.end || self.ahead == 0 {
            return Ok(());
        }
        let block_size = u64::from(self.blocks.superblock.block_size);
        let wanted = self.ahead.min(block_size) as usize;
        match self.inode.fragment {
            // Only the last part, when it is no full block, lies in a fragment.
            Some((index, from)) if self.ahead < block_size => {
                self.block = self.blocks.fragment(index)?;
                (self.at, self.end) = (from as usize, (from as usize).saturating_add(wanted));
            }
            _ => {
                let size: [u8; 4] = self.inode.sizes.array(self.blocks)?;
                let size = u32::from_le_bytes(size);
                let stored = Blocks::stored_size(size);
                let block = match stored {
                    0 => self.blocks.hole(wanted)?,
                    _ => self.blocks.data(self.place, size, wanted)?,
                };
                self.place = self.place.saturating_add(stored);
                self.block = Arc::new(block);
                (self.at, self.end) = (0, wanted);
            }
        }
        if self.end > self.block.len() {
            (self.at, self.end) = (0, 0);
            return Err(SquashFault::Damaged("a block is shorter than its file"));
        }
        self.ahead -= wanted as u64;
        Ok(())
    }
}

impl Content for FileContent<'_> {
    type Fault = SquashFault;

    fn path(&self) -> &str {
        self.path
    }

    fn left(&self) -> u64 {
        self.left
    }

    fn read_content(&mut self, limit: u64, out: &mut Vec<u8>) -> Result<(), SquashFault> {
        let mut wanted = self.left.min(limit);
        while wanted > 0 {
            self.fill()?;
            let count = wanted.min((self.end - self.at) as u64) as usize;
            self.blocks.count(count)?;
            out.extend_from_slice(&self.block[self.at..self.at + count]);
            self.at += count;
            self.left -= count as u64;
            wanted -= count as u64;
        }
        Ok(())
    }

    fn skip(&mut self, count: u64) -> Result<(), SquashFault> {
        let mut wanted = self.left.min(count);
        while wanted > 0 {
            let block = self.ahead.min(self.blocks.superblock.block_size.into());
            let held = (self.end - self.at) as u64;
            let is_apart = self.inode.fragment.is_some() && block == self.ahead;
            let passed = if held > 0 {
                let passed = wanted.min(held);
                self.at += passed as usize;
                passed
            } else if block <= wanted && !is_apart {
                // Only the size of the block is needed to find the next one.
                let size: [u8; 4] = self.inode.sizes.array(self.blocks)?;
                let stored = Blocks::stored_size(u32::from_le_bytes(size));
                self.place = self.place.saturating_add(stored);
                self.ahead -= block;
                block
            } else {
                self.fill()?;
                0
            };
            self.left -= passed;
            wanted -= passed;
        }
        Ok(())
    }
}
