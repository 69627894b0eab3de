//! The header of a member (RFC 1952, section 2.3).

use std::io::{self, BufRead};

use crc32fast::Hasher;

use super::Malformed;
use super::bits::Bits;

/// The longest name and comment, end included.
const LONGEST: usize = 64 * 1024;

const HAS_CRC: u8 = 1 << 1;
const HAS_EXTRA: u8 = 1 << 2;
const HAS_NAME: u8 = 1 << 3;
const HAS_COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0b1110_0000;

/// What a header may carry; empty where it does not.
#[derive(Debug, Default)]
pub(in crate::compression) struct Header {
    pub(in crate::compression) extra: Vec<u8>,
    pub(in crate::compression) name: Vec<u8>,
    pub(in crate::compression) comment: Vec<u8>,
}

impl Header {
    pub(super) fn read<R: BufRead>(bits: &mut Bits<R>) -> io::Result<Self> {
        let mut bytes = Bytes {
            bits,
            crc: Hasher::new(),
        };
        let fixed = bytes.take(10)?;
        let [0x1f, 0x8b, 8, flags, ..] = *fixed else {
            return Err(Malformed("a member does not begin as it must").into());
        };
        if flags & RESERVED != 0 {
            return Err(Malformed("a member has flags that are reserved").into());
        }
        let mut header = Self::default();
        if flags & HAS_EXTRA != 0 {
            let size = u16::from_le_bytes([bytes.next()?, bytes.next()?]);
            header.extra = bytes.take(size)?;
        }
        if flags & HAS_NAME != 0 {
            header.name = bytes.text()?;
        }
        if flags & HAS_COMMENT != 0 {
            header.comment = bytes.text()?;
        }
        let crc = u64::from(bytes.crc.finalize() as u16);
        if flags & HAS_CRC != 0 && bits.take(16)? != crc {
            return Err(Malformed("the checksum of a header is wrong").into());
        }
        Ok(header)
    }
}

/// The bytes of a header, and their checksum.
struct Bytes<'s, R> {
    bits: &'s mut Bits<R>,
    crc: Hasher,
}

impl<R: BufRead> Bytes<'_, R> {
    fn next(&mut self) -> io::Result<u8> {
        let byte = self.bits.take(8)? as u8;
        self.crc.update(&[byte]);
        Ok(byte)
    }

    fn take(&mut self, count: u16) -> io::Result<Vec<u8>> {
        (0..count).map(|_| self.next()).collect()
    }

    /// Reads to the next zero.
    fn text(&mut self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        loop {
            match self.next()? {
                0 => return Ok(text),
                _ if text.len() == LONGEST => {
                    return Err(Malformed("a name in a header has no end").into());
                }
                byte => text.push(byte),
            }
        }
    }
}
