//! The entries of the tar that is written: GNU's format of tar(5), long names included.

use std::io::{self, Write};

use crate::owners::Owner;
use crate::tarball::{Kind, Stamp};

/// The size of every block.
const BLOCK: usize = 512;

/// Bytes of a name that a header has room for.
const NAME: usize = 100;

/// The name of an entry that holds a long name.
const LONG: &[u8] = b"././@LongLink";

/// An entry to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// The path, without a slash at either end; the root is empty.
    pub(super) path: &'a str,
    /// Where a link leads.
    pub(super) link: &'a str,
    pub(super) kind: Kind,
    pub(super) mode: u16,
    pub(super) owner: Owner,
    pub(super) stamp: Stamp,
    /// The size of the content that follows.
    pub(super) size: u64,
}

/// A tar that is being written.
pub(super) struct Out<'a>(&'a mut dyn Write);

impl<'a> Out<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self(out)
    }

    /// Writes the header of an entry.
    pub(super) fn begin(&mut self, entry: &Entry<'_>) -> io::Result<()> {
        let mut path = bytes(entry.path);
        if path.is_empty() {
            path.push(b'.');
        }
        if entry.kind == Kind::Directory {
            path.push(b'/');
        }
        let is_link = matches!(entry.kind, Kind::Symlink | Kind::HardLink);
        let link = if is_link {
            bytes(entry.link)
        } else {
            Vec::new()
        };
        if path.contains(&0) || link.contains(&0) {
            let why = format!("the name {:?} holds a NUL", entry.path);
            return Err(io::Error::other(why));
        }
        self.long(b'L', &path)?;
        self.long(b'K', &link)?;
        let flag = match entry.kind {
            Kind::File => b'0',
            Kind::HardLink => b'1',
            Kind::Symlink => b'2',
            Kind::Directory => b'5',
            Kind::Special => entry.stamp.device.map_or(b'6', |(flag, ..)| flag),
        };
        let mut block = header(flag, &path, &link);
        number(&mut block[100..108], u64::from(entry.mode));
        number(&mut block[108..116], u64::from(entry.owner.0));
        number(&mut block[116..124], u64::from(entry.owner.1));
        number(&mut block[124..136], entry.size);
        number(&mut block[136..148], entry.stamp.mtime);
        if let Some((_, major, minor)) = entry.stamp.device {
            number(&mut block[329..337], u64::from(major));
            number(&mut block[337..345], u64::from(minor));
        }
        self.sealed(block)
    }

    /// Writes a part of the content.
    pub(super) fn content(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Fills the last block of a content of so many bytes.
    pub(super) fn pad(&mut self, size: u64) -> io::Result<()> {
        let padding = (size.wrapping_neg() % BLOCK as u64) as usize;
        self.0.write_all(&[0; BLOCK][..padding])
    }

    /// Ends the tar.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.0.write_all(&[0; 2 * BLOCK])?;
        self.0.flush()
    }

    /// Writes a name that no header has room for, in front of its entry.
    fn long(&mut self, flag: u8, name: &[u8]) -> io::Result<()> {
        if name.len() <= NAME {
            return Ok(());
        }
        let size = name.len() as u64 + 1;
        let mut block = header(flag, LONG, b"");
        number(&mut block[124..136], size);
        self.sealed(block)?;
        self.0.write_all(name)?;
        self.0.write_all(&[0])?;
        self.pad(size)
    }

    fn sealed(&mut self, mut block: [u8; BLOCK]) -> io::Result<()> {
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0.write_all(&block)
    }
}

/// A header without its numbers and its sum.
fn header(flag: u8, path: &[u8], link: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let fill = |field: &mut [u8], text: &[u8]| {
        let length = text.len().min(field.len());
        field[..length].copy_from_slice(&text[..length]);
    };
    fill(&mut block[..NAME], path);
    fill(&mut block[157..257], link);
    for field in [100..108, 108..116, 116..124, 124..136, 136..148] {
        number(&mut block[field], 0);
    }
    block[156] = flag;
    fill(&mut block[257..265], b"ustar  \0");
    block
}

/// Writes a number as octal digits and a NUL, or in base 256 where it is larger.
fn number(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    if value < 1 << (3 * digits).min(63) {
        field[..digits].copy_from_slice(format!("{value:0digits$o}").as_bytes());
        field[digits] = 0;
        return;
    }
    field.fill(0);
    field[0] = 0x80;
    let start = field.len().saturating_sub(8);
    let bytes = value.to_be_bytes();
    let skip = bytes.len() - (field.len() - start);
    // Ids and device numbers have 32 bits, so that the mark in front is not written over.
    for (at, byte) in field[start..].iter_mut().zip(&bytes[skip..]) {
        *at |= *byte;
    }
}

/// A name as it stood in the image: what is not UTF-8 is there as `\xNN` (of 80 and above) since
/// it was read, and becomes the byte again.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let escaped = rest.strip_prefix(b"\\x").and_then(|after| after.get(..2));
        let byte = escaped
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok())
            .filter(|byte| *byte >= 0x80);
        let (byte, length) = byte.map_or((*first, 1), |byte| (byte, 4));
        out.push(byte);
        rest = &rest[length..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_do_not_fit_are_written_in_base_256() {
        let mut field = [0; 8];
        number(&mut field, 0o755);
        assert_eq!(&field, b"0000755\0");
        number(&mut field, 4_294_967_294);
        assert_eq!(field, [0x80, 0, 0, 0, 0xff, 0xff, 0xff, 0xfe]);
        let mut field = [0; 12];
        number(&mut field, 1 << 40);
        assert_eq!(field, [0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn names_that_are_no_text_are_what_they_were() {
        assert_eq!(bytes("caf\\xe9"), b"caf\xe9");
        assert_eq!(bytes("a\\x2db"), b"a\\x2db");
        assert_eq!(bytes("\\x"), b"\\x");
    }
}
