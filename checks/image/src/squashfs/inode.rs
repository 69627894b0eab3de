//! Inodes and directory listings.

use super::table::{Blocks, Cursor};
use super::{SquashFault, attribute};
use crate::little_endian::{u16_at, u32_at, u64_at};
use crate::owners::Owner;
use crate::tarball::Device;

/// The number of a fragment that a file without one has.
const NO_FRAGMENT: u32 = u32::MAX;

/// The longest target of a symbolic link that the kernel follows.
const LONGEST_LINK: u32 = 65536;

/// An inode.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) mode: u16,
    pub(super) owner: Option<Owner>,
    pub(super) kind: InodeKind,
    /// Whether it is a directory with extended attributes, which are not read.
    pub(super) has_attributes: bool,
    /// The number of the extended attributes of a file.
    pub(super) attributes: u32,
}

/// What an inode is.
#[derive(Debug)]
pub(super) enum InodeKind {
    Directory(Listing),
    File(FileInode),
    Symlink(Vec<u8>),
    /// A device of characters with the numbers 0 and 0, by which overlayfs hides a name.
    Whiteout,
    Device(Device),
    Special,
}

/// Where the content of a file is.
#[derive(Debug, Clone)]
pub(super) struct FileInode {
    pub(super) size: u64,
    /// Where its first block is.
    pub(super) start: u64,
    /// The fragment that holds its end, and from where on.
    pub(super) fragment: Option<(u32, u32)>,
    /// The stored sizes of its blocks.
    pub(super) sizes: Cursor,
}

/// A directory's listing, while it is read.
#[derive(Debug)]
pub(super) struct Listing {
    cursor: Cursor,
    /// Bytes of it that are left.
    left: u32,
    /// Entries of this part that are left, and the block of their inodes.
    part: u32,
    block: u32,
}

/// A name in a directory.
#[derive(Debug)]
pub(super) struct Name {
    pub(super) name: Vec<u8>,
    pub(super) inode: u64,
}

impl Inode {
    /// Reads the inode of a reference.
    pub(super) fn read(blocks: &mut Blocks, reference: u64) -> Result<Self, SquashFault> {
        let table = blocks.superblock.inode_table;
        let mut cursor = Cursor::new(table, reference >> 16, reference as u16);
        let common: [u8; 16] = cursor.array(blocks)?;
        let owner = blocks.owner(u16_at(&common, 4), u16_at(&common, 6));
        let (mut has_attributes, mut attributes) = (false, attribute::NONE);
        let kind = match u16_at(&common, 0) {
            1 => {
                let body: [u8; 16] = cursor.array(blocks)?;
                let (block, size) = (u32_at(&body, 0), u16_at(&body, 8).into());
                InodeKind::Directory(Listing::new(blocks, block, u16_at(&body, 10), size))
            }
            8 => {
                let body: [u8; 24] = cursor.array(blocks)?;
                has_attributes = u32_at(&body, 20) != attribute::NONE;
                let (block, size) = (u32_at(&body, 8), u32_at(&body, 4));
                InodeKind::Directory(Listing::new(blocks, block, u16_at(&body, 18), size))
            }
            2 => {
                let body: [u8; 16] = cursor.array(blocks)?;
                let start = u32_at(&body, 0).into();
                let fragment = (u32_at(&body, 4), u32_at(&body, 8));
                file(start, u32_at(&body, 12).into(), fragment, cursor)
            }
            9 => {
                let body: [u8; 40] = cursor.array(blocks)?;
                let fragment = (u32_at(&body, 28), u32_at(&body, 32));
                attributes = u32_at(&body, 36);
                file(u64_at(&body, 0), u64_at(&body, 8), fragment, cursor)
            }
            3 | 10 => {
                let body: [u8; 8] = cursor.array(blocks)?;
                let size = u32_at(&body, 4);
                if size > LONGEST_LINK {
                    return Err(SquashFault::Damaged("a symbolic link is too long"));
                }
                let mut target = vec![0; size as usize];
                cursor.read(blocks, &mut target)?;
                InodeKind::Symlink(target)
            }
            number @ (4 | 5 | 11 | 12) => {
                let body: [u8; 8] = cursor.array(blocks)?;
                device(matches!(number, 4 | 11), u32_at(&body, 4))
            }
            6 | 7 | 13 | 14 => InodeKind::Special,
            _ => return Err(SquashFault::Damaged("an inode is of no known type")),
        };
        Ok(Self {
            mode: u16_at(&common, 2) & 0o7777,
            owner,
            kind,
            has_attributes,
            attributes,
        })
    }
}

/// A device by its number, as the kernel writes it (`new_encode_dev`).
fn device(is_block: bool, number: u32) -> InodeKind {
    match number {
        0 if !is_block => InodeKind::Whiteout,
        _ => InodeKind::Device(Device {
            is_block,
            major: number >> 8 & 0xfff,
            minor: number & 0xff | number >> 12 & 0xf_ff00,
        }),
    }
}

fn file(start: u64, size: u64, fragment: (u32, u32), sizes: Cursor) -> InodeKind {
    InodeKind::File(FileInode {
        size,
        start,
        fragment: (fragment.0 != NO_FRAGMENT).then_some(fragment),
        sizes,
    })
}

impl Listing {
    fn new(blocks: &Blocks, block: u32, at: u16, size: u32) -> Self {
        let table = blocks.superblock.directory_table;
        Self {
            cursor: Cursor::new(table, block.into(), at),
            // The size counts `.` and `..`, which are not there, as three bytes.
            left: size.saturating_sub(3),
            part: 0,
            block: 0,
        }
    }

    /// The next name; none at the end.
    pub(super) fn next(&mut self, blocks: &mut Blocks) -> Result<Option<Name>, SquashFault> {
        if self.part == 0 {
            if self.left == 0 {
                return Ok(None);
            }
            let header: [u8; 12] = self.cursor.array(blocks)?;
            self.pass(12)?;
            self.part = u32_at(&header, 0).saturating_add(1);
            self.block = u32_at(&header, 4);
            if self.part > 256 {
                return Err(SquashFault::Damaged("a part of a directory is too long"));
            }
        }
        let entry: [u8; 8] = self.cursor.array(blocks)?;
        let length = u32::from(u16_at(&entry, 6)) + 1;
        self.pass(8 + length)?;
        if length > 256 {
            return Err(SquashFault::Damaged("a name is too long"));
        }
        let mut name = vec![0; length as usize];
        self.cursor.read(blocks, &mut name)?;
        self.part -= 1;
        let inode = u64::from(self.block) << 16 | u64::from(u16_at(&entry, 0));
        Ok(Some(Name { name, inode }))
    }

    fn pass(&mut self, bytes: u32) -> Result<(), SquashFault> {
        let left = self.left.checked_sub(bytes);
        self.left = left.ok_or(SquashFault::Damaged("a directory ends within an entry"))?;
        Ok(())
    }
}
