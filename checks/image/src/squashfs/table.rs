//! The blocks of an image: those of its tables, and those of its data.

use std::sync::Arc;

use super::{SquashFault, Superblock};
use crate::blob::Blob;
use crate::little_endian::{u16_at, u32_at, u64_at};
use crate::owners::Owner;

/// Bytes of a plain block of a table.
const META: usize = 8192;

/// Blocks of tables that are kept.
const META_KEPT: usize = 128;

/// Bytes of fragments that are kept.
const FRAGMENT_BYTES: usize = 16 * 1024 * 1024;

/// The bit of a stored size that marks a data block as plain.
const PLAIN: u32 = 1 << 24;

/// A block of a table, and where the next one is.
#[derive(Debug)]
struct Meta {
    bytes: Vec<u8>,
    next: u64,
}

/// What was read lately, the latest last.
#[derive(Debug)]
struct Kept<T> {
    blocks: Vec<(u64, Arc<T>)>,
    most: usize,
}

impl<T> Kept<T> {
    fn get(&mut self, key: u64) -> Option<Arc<T>> {
        let at = self.blocks.iter().rposition(|(known, _)| *known == key)?;
        self.blocks[at..].rotate_left(1);
        self.blocks.last().map(|(_, block)| Arc::clone(block))
    }

    fn put(&mut self, key: u64, block: T) -> Arc<T> {
        if self.blocks.len() >= self.most {
            self.blocks.remove(0);
        }
        let block = Arc::new(block);
        self.blocks.push((key, Arc::clone(&block)));
        block
    }
}

/// The blocks of an image, with a bound on what may be unpacked.
#[derive(Debug)]
pub(super) struct Blocks {
    blob: Blob,
    pub(super) superblock: Superblock,
    meta: Kept<Meta>,
    fragments: Kept<Vec<u8>>,
    unpacked: u64,
    most: u64,
}

impl Blocks {
    /// Reads the superblock; no more than `most` bytes will be unpacked.
    pub(super) fn open(blob: &Blob, most: u64) -> Result<Self, SquashFault> {
        let superblock = Superblock::read(blob)?;
        let fragments = FRAGMENT_BYTES / superblock.block_size as usize;
        Ok(Self {
            blob: blob.clone(),
            superblock,
            meta: Kept {
                blocks: Vec::new(),
                most: META_KEPT,
            },
            fragments: Kept {
                blocks: Vec::new(),
                most: fragments,
            },
            unpacked: 0,
            most,
        })
    }

    /// Counts what is unpacked or handed out.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), SquashFault> {
        self.unpacked = self.unpacked.saturating_add(bytes as u64);
        if self.unpacked > self.most {
            return Err(SquashFault::TooLarge(self.most));
        }
        Ok(())
    }

    fn stored(&self, place: u64, size: usize) -> Result<Vec<u8>, SquashFault> {
        let mut bytes = vec![0; size];
        self.blob.read_exact_at(place, &mut bytes)?;
        Ok(bytes)
    }

    fn meta(&mut self, place: u64) -> Result<Arc<Meta>, SquashFault> {
        if let Some(block) = self.meta.get(place) {
            return Ok(block);
        }
        let header = u16_at(&self.stored(place, 2)?, 0);
        let size = usize::from(header & 0x7fff);
        if size == 0 || size > META {
            return Err(SquashFault::Damaged("a block of a table has no size"));
        }
        let from = place.saturating_add(2);
        let stored = self.stored(from, size)?;
        let bytes = match header & 0x8000 {
            0 => self.superblock.codec.unpack(&stored, META)?,
            _ => stored,
        };
        self.count(bytes.len())?;
        let next = from.saturating_add(size as u64);
        Ok(self.meta.put(place, Meta { bytes, next }))
    }

    /// A data block of at most `most` plain bytes, by its stored size with its mark.
    pub(super) fn data(
        &mut self,
        place: u64,
        size: u32,
        most: usize,
    ) -> Result<Vec<u8>, SquashFault> {
        let stored_size = (size & !PLAIN) as usize;
        if stored_size > self.superblock.block_size as usize {
            return Err(SquashFault::Damaged("a block is larger than a block"));
        }
        self.count(most)?;
        let mut bytes = self.stored(place, stored_size)?;
        if size & PLAIN == 0 {
            bytes = self.superblock.codec.unpack(&bytes, most)?;
        }
        bytes.truncate(most);
        Ok(bytes)
    }

    /// A block that is not stored, since it is all zero.
    pub(super) fn hole(&mut self, size: usize) -> Result<Vec<u8>, SquashFault> {
        self.count(size)?;
        Ok(vec![0; size])
    }

    /// The number of stored bytes of a data block.
    pub(super) fn stored_size(size: u32) -> u64 {
        u64::from(size & !PLAIN)
    }

    /// The block of a fragment.
    pub(super) fn fragment(&mut self, index: u32) -> Result<Arc<Vec<u8>>, SquashFault> {
        if index >= self.superblock.fragments {
            return Err(SquashFault::Damaged("a fragment is not in the table"));
        }
        let mut entry = [0; 16];
        self.indexed(self.superblock.fragment_table, index, &mut entry)?;
        let (place, size) = (u64_at(&entry, 0), u32_at(&entry, 8));
        if let Some(block) = self.fragments.get(place) {
            return Ok(block);
        }
        let block = self.data(place, size, self.superblock.block_size as usize)?;
        Ok(self.fragments.put(place, block))
    }

    /// The header of the table of attributes, which is not packed.
    pub(super) fn header(&self, place: u64) -> Result<Vec<u8>, SquashFault> {
        self.stored(place, 16)
    }

    /// The user or group of an index.
    fn id(&mut self, index: u16) -> Option<u32> {
        let mut id = [0; 4];
        if index >= self.superblock.ids {
            return None;
        }
        self.indexed(self.superblock.id_table, index.into(), &mut id)
            .ok()?;
        Some(u32::from_le_bytes(id))
    }

    /// The owner of two indexes.
    pub(super) fn owner(&mut self, user: u16, group: u16) -> Option<Owner> {
        Some((self.id(user)?, self.id(group)?))
    }

    /// Reads an entry of a table whose blocks are listed at `table`.
    pub(super) fn indexed(
        &mut self,
        table: u64,
        index: u32,
        out: &mut [u8],
    ) -> Result<(), SquashFault> {
        let at = index as usize * out.len();
        let list = table.saturating_add((at / META * 8) as u64);
        let place = u64_at(&self.stored(list, 8)?, 0);
        let block = self.meta(place)?;
        let entry = block.bytes.get(at % META..at % META + out.len());
        out.copy_from_slice(entry.ok_or(SquashFault::Damaged("a table is too short"))?);
        Ok(())
    }
}

/// A reading position in a table.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    block: u64,
    at: usize,
}

impl Cursor {
    /// The position of a reference: a block of the table, and a byte of it once unpacked.
    pub(super) fn new(table: u64, block: u64, at: u16) -> Self {
        Self {
            block: table.saturating_add(block),
            at: at.into(),
        }
    }

    /// Fills `out` and goes on.
    pub(super) fn read(&mut self, blocks: &mut Blocks, out: &mut [u8]) -> Result<(), SquashFault> {
        let mut filled = 0;
        while filled < out.len() {
            let meta = blocks.meta(self.block)?;
            let rest = meta.bytes.get(self.at..).unwrap_or_default();
            if rest.is_empty() {
                // Every block but the last is full, so an empty rest is always followed.
                if meta.next <= self.block {
                    return Err(SquashFault::Damaged("a table leads nowhere"));
                }
                (self.block, self.at) = (meta.next, self.at.saturating_sub(meta.bytes.len()));
                continue;
            }
            let count = rest.len().min(out.len() - filled);
            out[filled..filled + count].copy_from_slice(&rest[..count]);
            filled += count;
            self.at += count;
        }
        Ok(())
    }

    /// Reads a header of a fixed size.
    pub(super) fn array<const N: usize>(
        &mut self,
        blocks: &mut Blocks,
    ) -> Result<[u8; N], SquashFault> {
        let mut bytes = [0; N];
        self.read(blocks, &mut bytes)?;
        Ok(bytes)
    }
}
