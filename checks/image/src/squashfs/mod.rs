//! Squashfs 4.0, read where it lies: in a file or in a partition of one.
//!
//! The layout is that of the kernel's `fs/squashfs/squashfs_fs.h` and of
//! `Documentation/filesystems/squashfs.rst`. Tables are read block by block as they are needed,
//! so that memory does not grow with the image, and a damaged image yields what can be reached.

mod attribute;
mod codec;
mod content;
mod inode;
mod table;
mod walk;

use std::io;

use crate::blob::Blob;
use crate::little_endian::{u16_at, u32_at, u64_at};
use codec::Codec;

pub(crate) use walk::read;

/// The first bytes.
pub(crate) const MAGIC: &[u8] = b"hsqs";

/// The size of the superblock.
const SUPERBLOCK: usize = 96;

/// The largest block that the format allows.
const MOST_BLOCK: u32 = 1024 * 1024;

/// Why an image, or a part of one, cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SquashFault {
    /// The bytes could not be read or decompressed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// A field has a value that the format does not allow.
    #[error("the squashfs is damaged: {0}")]
    Damaged(&'static str),
    /// It is of a kind that is not read.
    #[error("{0} is not read")]
    Unsupported(String),
    /// It unpacks to more than its size allows.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
}

/// Where the tables of an image are.
#[derive(Debug, Clone)]
struct Superblock {
    block_size: u32,
    codec: Codec,
    ids: u16,
    fragments: u32,
    root: u64,
    id_table: u64,
    attribute_table: u64,
    inode_table: u64,
    directory_table: u64,
    fragment_table: u64,
}

impl Superblock {
    fn read(blob: &Blob) -> Result<Self, SquashFault> {
        let mut bytes = [0; SUPERBLOCK];
        blob.read_exact_at(0, &mut bytes)?;
        if !bytes.starts_with(MAGIC) {
            return Err(SquashFault::Damaged("it does not begin like one"));
        }
        let (major, minor) = (u16_at(&bytes, 28), u16_at(&bytes, 30));
        if major != 4 {
            let what = format!("squashfs {major}.{minor}");
            return Err(SquashFault::Unsupported(what));
        }
        let block_size = u32_at(&bytes, 12);
        if !block_size.is_power_of_two() || !(4096..=MOST_BLOCK).contains(&block_size) {
            return Err(SquashFault::Damaged("its block size is not one"));
        }
        Ok(Self {
            block_size,
            codec: Codec::of(u16_at(&bytes, 20))?,
            ids: u16_at(&bytes, 26),
            fragments: u32_at(&bytes, 16),
            root: u64_at(&bytes, 32),
            id_table: u64_at(&bytes, 48),
            attribute_table: u64_at(&bytes, 56),
            inode_table: u64_at(&bytes, 64),
            directory_table: u64_at(&bytes, 72),
            fragment_table: u64_at(&bytes, 80),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_little_endian_and_end_with_the_bytes() {
        let bytes = [1, 2, 3, 4, 5];
        assert_eq!(u16_at(&bytes, 1), 0x0302);
        assert_eq!(u32_at(&bytes, 1), 0x0504_0302);
        assert_eq!(u64_at(&bytes, 3), 0x0504);
        assert_eq!(u32_at(&bytes, 9), 0);
    }
}
