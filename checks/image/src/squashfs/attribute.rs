//! Extended attributes: of all of them the capabilities that a program runs with.

use super::SquashFault;
use super::table::{Blocks, Cursor};
use crate::little_endian::{u16_at, u32_at, u64_at};
use crate::tarball::capabilities;

/// The number of the extended attributes of a file without some.
pub(super) const NONE: u32 = u32::MAX;

/// The table of an image without any.
const NO_TABLE: u64 = u64::MAX;

/// The header of the table, in front of the list of its blocks.
const HEADER: u64 = 16;

/// The name space `security`, and the mark of a value that lies elsewhere.
const SECURITY: u16 = 2;
const ELSEWHERE: u16 = 0x100;

/// The name below it.
const NAME: &[u8] = b"capability";

/// More attributes, and longer values of them, than Linux lets a file have.
const MOST: u32 = 4096;
const LONGEST: usize = 64 * 1024;

/// The capabilities among the attributes with this number, as bits.
pub(super) fn of(blocks: &mut Blocks, index: u32) -> Result<Option<u64>, SquashFault> {
    let ids = blocks.superblock.attribute_table;
    if index == NONE || ids == NO_TABLE {
        return Ok(None);
    }
    let header = blocks.header(ids)?;
    let (table, count) = (u64_at(&header, 0), u32_at(&header, 8));
    if index >= count {
        return Err(SquashFault::Damaged("attributes are not in the table"));
    }
    let mut entry = [0; 16];
    blocks.indexed(ids.saturating_add(HEADER), index, &mut entry)?;
    let mut cursor = at(table, u64_at(&entry, 0));
    for _ in 0..u32_at(&entry, 8).min(MOST) {
        let head: [u8; 4] = cursor.array(blocks)?;
        let (kind, length) = (u16_at(&head, 0), u16_at(&head, 2));
        let name = taken(&mut cursor, blocks, length.into())?;
        let mut bytes = value(&mut cursor, blocks)?;
        if kind & !ELSEWHERE != SECURITY || name != NAME {
            continue;
        }
        if kind & ELSEWHERE != 0 {
            bytes = value(&mut at(table, u64_at(&bytes, 0)), blocks)?;
        }
        return Ok(capabilities(&bytes));
    }
    Ok(None)
}

/// The position of a reference.
fn at(table: u64, reference: u64) -> Cursor {
    Cursor::new(table, reference >> 16, reference as u16)
}

fn value(cursor: &mut Cursor, blocks: &mut Blocks) -> Result<Vec<u8>, SquashFault> {
    let size: [u8; 4] = cursor.array(blocks)?;
    taken(cursor, blocks, u32_at(&size, 0) as usize)
}

/// So many bytes; they count, since many files may lead to the same ones.
fn taken(cursor: &mut Cursor, blocks: &mut Blocks, size: usize) -> Result<Vec<u8>, SquashFault> {
    if size > LONGEST {
        return Err(SquashFault::Damaged("an attribute is too long"));
    }
    blocks.count(size)?;
    let mut bytes = vec![0; size];
    cursor.read(blocks, &mut bytes)?;
    Ok(bytes)
}
