//! What gives rights in an ext file system and the ext4-view crate does not tell: the numbers of
//! devices, and the capabilities that programs run with.
//!
//! The structures are those of the kernel's Documentation/filesystems/ext4 ("Inode Table",
//! "Extended Attributes", "Directory Entries"). All inodes are looked at first; directories are
//! read only where one of them gives rights, to learn its names.

use std::collections::{HashMap, HashSet};
use std::io;

use crate::blob::Blob;
use crate::little_endian::{number, u16_at, u32_at};
use crate::tarball::{Device, Grants, capabilities};

/// The root directory.
const ROOT: u32 = 2;

/// Features that change where things lie: the journal has to be replayed, and groups of
/// descriptors lie elsewhere.
const RECOVER: u32 = 0x4;
const META_BG: u32 = 0x10;
const WIDE: u32 = 0x80;

/// The inodes of a group were never written.
const UNWRITTEN: u16 = 0x1;

/// Flags of an inode: its blocks are a tree of extents, or its content is in it.
const EXTENTS: u32 = 0x8_0000;
const INLINE: u32 = 0x1000_0000;

/// The types of files, as modes have them.
const TYPE: u16 = 0xf000;
const DIRECTORY: u16 = 0x4000;
const REGULAR: u16 = 0x8000;
const CHARACTER: u16 = 0x2000;
const BLOCK: u16 = 0x6000;

/// The mark of extended attributes, that of a node of extents, and how deep these go.
const ATTRIBUTES: u32 = 0xea02_0000;
const NODE: u16 = 0xf30a;
const DEPTH: u16 = 5;

/// Bytes of a path: more than systems take at once (`PATH_MAX`).
const LONGEST: usize = 16 * 1024;

/// The name space `security`, and the name below it.
const SECURITY: u8 = 6;
const NAME: &[u8] = b"capability";

/// What gives rights, by path from the root.
pub(super) fn of(part: &Blob, most: usize) -> io::Result<HashMap<Vec<u8>, Grants>> {
    let system = System::open(part)?;
    let special = system.special()?;
    if special.is_empty() {
        return Ok(HashMap::new());
    }
    system.named(&special, most)
}

struct System<'a> {
    part: &'a Blob,
    block: u64,
    inode: usize,
    in_group: u32,
    /// Where the table of each group begins, and whether it was written.
    tables: Vec<(u64, bool)>,
}

fn damaged(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

impl<'a> System<'a> {
    fn open(part: &'a Blob) -> io::Result<Self> {
        let mut head = [0; 1024];
        part.read_exact_at(1024, &mut head)?;
        let features = u32_at(&head, 0x60);
        if features & (RECOVER | META_BG) != 0 {
            let why = "its journal was not written back, or it has groups of descriptors";
            return Err(damaged(why));
        }
        let block = 1024_u64.checked_shl(u32_at(&head, 0x18)).unwrap_or(0);
        let inode = match u32_at(&head, 0x4c) {
            0 => 128,
            _ => usize::from(u16_at(&head, 0x58)),
        };
        let (in_group, first) = (u32_at(&head, 0x28), u64::from(u32_at(&head, 0x14)));
        let blocks_in_group = u64::from(u32_at(&head, 0x20));
        let blocks = number(&head, 0x4, 4) | number(&head, 0x150, 4) << 32;
        let fits = (1024..=65536).contains(&block) && (128..=4096).contains(&inode);
        if !fits || blocks_in_group == 0 || blocks.saturating_mul(block) > part.size() {
            return Err(damaged("its superblock says what cannot be"));
        }
        let size = match (features & WIDE, u16_at(&head, 0xfe)) {
            (0, _) => 32,
            (_, size) => u64::from(size.clamp(32, 1024)),
        };
        let groups = blocks.saturating_sub(first).div_ceil(blocks_in_group);
        let inodes = groups.saturating_mul(u64::from(in_group));
        if inodes.saturating_mul(inode as u64) > part.size() {
            return Err(damaged("it has more inodes than its size allows"));
        }
        let mut tables = Vec::new();
        for group in 0..groups {
            let mut descriptor = [0; 64];
            let descriptor = &mut descriptor[..usize::try_from(size.min(64)).unwrap_or(32)];
            part.read_exact_at((first + 1) * block + group * size, descriptor)?;
            let table = number(descriptor, 0x8, 4) | number(descriptor, 0x28, 4) << 32;
            tables.push((table, u16_at(descriptor, 0x12) & UNWRITTEN == 0));
        }
        Ok(Self {
            part,
            block,
            inode,
            in_group,
            tables,
        })
    }

    /// The inodes that give rights, by number.
    fn special(&self) -> io::Result<HashMap<u32, Grants>> {
        let mut special = HashMap::new();
        let in_block = usize::try_from(self.block).unwrap_or(1024) / self.inode;
        let mut bytes = vec![0; in_block * self.inode];
        for (group, (table, is_written)) in (0_u32..).zip(&self.tables) {
            let step = u32::try_from(in_block).unwrap_or(u32::MAX).max(1);
            let mut first = 0;
            while *is_written && first < self.in_group {
                let at = table
                    .saturating_mul(self.block)
                    .saturating_add(u64::from(first) * self.inode as u64);
                self.part.read_exact_at(at, &mut bytes)?;
                for (place, inode) in (first..self.in_group).zip(bytes.chunks(self.inode)) {
                    let number = group.saturating_mul(self.in_group);
                    let number = number.saturating_add(place).saturating_add(1);
                    if let Some(grants) = self.grants(inode)? {
                        special.insert(number, grants);
                    }
                }
                first = first.saturating_add(step);
            }
        }
        Ok(special)
    }

    fn grants(&self, inode: &[u8]) -> io::Result<Option<Grants>> {
        let is_used = u16_at(inode, 0x1a) > 0;
        let kind = u16_at(inode, 0) & TYPE;
        match kind {
            CHARACTER | BLOCK if is_used => Ok(Some(Grants {
                device: Some(device(inode, kind == BLOCK)),
                ..Grants::default()
            })),
            REGULAR if is_used => {
                let capabilities = self.capabilities(inode)?;
                Ok(capabilities.map(|bits| Grants {
                    capabilities: Some(bits),
                    ..Grants::default()
                }))
            }
            _ => Ok(None),
        }
    }

    /// The capabilities among the attributes, which lie behind the inode and in a block.
    fn capabilities(&self, inode: &[u8]) -> io::Result<Option<u64>> {
        if inode.len() > 128 {
            let own = inode.get(128 + usize::from(u16_at(inode, 0x80))..);
            let own = own.filter(|own| u32_at(own, 0) == ATTRIBUTES);
            let found = own.and_then(|own| attribute(own.get(4..)?, 0, own.get(4..)?));
            if found.is_some() {
                return Ok(found);
            }
        }
        let block = number(inode, 0x68, 4) | number(inode, 0x76, 2) << 32;
        if block == 0 {
            return Ok(None);
        }
        let bytes = self.block(block)?;
        let is_one = u32_at(&bytes, 0) == ATTRIBUTES;
        Ok(attribute(&bytes, 32, &bytes).filter(|_| is_one))
    }

    fn block(&self, block: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(self.block).unwrap_or(1024)];
        let at = block.saturating_mul(self.block);
        self.part.read_exact_at(at, &mut bytes)?;
        Ok(bytes)
    }

    fn inode(&self, inode: u32) -> io::Result<Vec<u8>> {
        let place = inode.checked_sub(1).and_then(|place| {
            let group = usize::try_from(place.checked_div(self.in_group)?).ok()?;
            Some((self.tables.get(group)?.0, place % self.in_group))
        });
        let (table, within) = place.ok_or_else(|| damaged("an inode lies in no group"))?;
        let mut bytes = vec![0; self.inode];
        let at = table.saturating_mul(self.block);
        let at = at.saturating_add(u64::from(within) * self.inode as u64);
        self.part.read_exact_at(at, &mut bytes)?;
        Ok(bytes)
    }

    /// The paths of inodes; no more than so many entries of directories are read.
    fn named(
        &self,
        special: &HashMap<u32, Grants>,
        most: usize,
    ) -> io::Result<HashMap<Vec<u8>, Grants>> {
        let mut named = HashMap::new();
        let mut seen = HashSet::from([ROOT]);
        let mut stack = vec![(ROOT, Vec::new())];
        let mut left = most;
        // No file has more blocks than there are.
        let mut blocks = self.part.size() / self.block;
        while let Some((inode, path)) = stack.pop() {
            for block in self.blocks(&self.inode(inode)?, &mut blocks)? {
                for (child, name) in entries(&self.block(block)?) {
                    left = left
                        .checked_sub(1)
                        .ok_or_else(|| damaged("it has more names than its size allows"))?;
                    let below = [&path, &b"/"[..], &name].concat();
                    if below.len() > LONGEST {
                        return Err(damaged("a path of it is longer than systems take"));
                    }
                    if let Some(grants) = special.get(&child) {
                        named.insert(below, *grants);
                    } else if u16_at(&self.inode(child)?, 0) & TYPE == DIRECTORY
                        && seen.insert(child)
                    {
                        stack.push((child, below));
                    }
                }
            }
        }
        Ok(named)
    }

    /// The blocks of a directory, in no order; each counts.
    fn blocks(&self, inode: &[u8], left: &mut u64) -> io::Result<Vec<u64>> {
        let flags = u32_at(inode, 0x20);
        let map = inode.get(0x28..0x64).unwrap_or_default();
        let mut found = Vec::new();
        if flags & INLINE != 0 {
            return Err(damaged("a directory of it lies in its inode"));
        }
        if flags & EXTENTS != 0 {
            self.extents(map, DEPTH, left, &mut found)?;
            return Ok(found);
        }
        for place in 0..15 {
            let level = u32::try_from(place).unwrap_or(0).saturating_sub(11);
            let block = u64::from(u32_at(map, 4 * place));
            self.indirect(block, level, left, &mut found)?;
        }
        Ok(found)
    }

    fn indirect(
        &self,
        block: u64,
        level: u32,
        left: &mut u64,
        found: &mut Vec<u64>,
    ) -> io::Result<()> {
        if block == 0 {
            return Ok(());
        }
        count(left)?;
        if level == 0 {
            found.push(block);
            return Ok(());
        }
        for entry in self.block(block)?.chunks(4) {
            self.indirect(u64::from(u32_at(entry, 0)), level - 1, left, found)?;
        }
        Ok(())
    }

    fn extents(
        &self,
        node: &[u8],
        deep: u16,
        left: &mut u64,
        found: &mut Vec<u64>,
    ) -> io::Result<()> {
        if u16_at(node, 0) != NODE || u16_at(node, 6) > deep {
            return Err(damaged("a node of extents is none"));
        }
        let entries = node.get(12..).unwrap_or_default().chunks_exact(12);
        for entry in entries.take(usize::from(u16_at(node, 2))) {
            if u16_at(node, 6) > 0 {
                count(left)?;
                let below = number(entry, 4, 4) | number(entry, 8, 2) << 32;
                let deeper = u16_at(node, 6) - 1;
                self.extents(&self.block(below)?, deeper, left, found)?;
                continue;
            }
            let start = number(entry, 8, 4) | number(entry, 6, 2) << 32;
            // Longer ones are those that were never written.
            let length = u16_at(entry, 4);
            for block in 0..u64::from(if length > 32768 { 0 } else { length }) {
                count(left)?;
                found.push(start.saturating_add(block));
            }
        }
        Ok(())
    }
}

fn count(left: &mut u64) -> io::Result<()> {
    let less = left.checked_sub(1);
    *left = less.ok_or_else(|| damaged("its directories have more blocks than it"))?;
    Ok(())
}

/// The inodes and the names of a block of a directory.
fn entries(block: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = block;
    while rest.len() >= 8 {
        let (inode, length) = (u32_at(rest, 0), usize::from(u16_at(rest, 4)));
        let name = rest.get(8..8 + usize::from(rest[6])).unwrap_or_default();
        if inode != 0 && !matches!(name, b"" | b"." | b"..") {
            found.push((inode, name.to_vec()));
        }
        rest = match rest.get(length..) {
            Some(behind) if length >= 8 => behind,
            _ => break,
        };
    }
    found
}

/// The numbers of a device: in 16 bits, or behind in 32.
fn device(inode: &[u8], is_block: bool) -> Device {
    let (old, new) = (u32_at(inode, 0x28), u32_at(inode, 0x2c));
    let (major, minor) = match old {
        0 => (new >> 8 & 0xfff, new & 0xff | new >> 12 & 0xf_ff00),
        _ => (old >> 8 & 0xff, old & 0xff),
    };
    Device {
        is_block,
        major,
        minor,
    }
}

/// The capabilities in a row of attributes that begins at a place; values lie in `values`.
fn attribute(bytes: &[u8], from: usize, values: &[u8]) -> Option<u64> {
    let mut rest = bytes.get(from..)?;
    while rest.len() >= 16 && u32_at(rest, 0) != 0 {
        let length = usize::from(rest[0]);
        let name = rest.get(16..16 + length)?;
        if rest[1] == SECURITY && name == NAME {
            let (at, size) = (usize::from(u16_at(rest, 2)), u32_at(rest, 8));
            let value = values.get(at..at.checked_add(usize::try_from(size).ok()?)?)?;
            return capabilities(value);
        }
        rest = rest.get((16 + length).next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests;
