//! One header block of 512 bytes, as tar(5) lays it out.

use super::entry::Stamp;
use super::sparse::Map;
use crate::owners::Owner;

/// The size of every block.
pub(super) const BLOCK: usize = 512;

/// A header block whose checksum holds.
pub(super) struct Header<'a>(&'a [u8; BLOCK]);

/// Whether a block is a header that names something, by its checksum.
pub(crate) fn is_header(block: &[u8; BLOCK]) -> bool {
    block[0] != 0 && matches!(Header::read(block), Ok(Some(_)))
}

/// What is wrong with a header block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    /// The bytes do not add up.
    #[error("the checksum of a header does not match")]
    Checksum,
    /// A number cannot be read.
    #[error("a number in a header cannot be read")]
    Number,
}

impl<'a> Header<'a> {
    /// Takes a block as a header; none when it is all zero, which ends an archive.
    pub(super) fn read(block: &'a [u8; BLOCK]) -> Result<Option<Self>, HeaderFault> {
        if block.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let stored = number(&block[148..156]).map_err(|_| HeaderFault::Checksum)?;
        // The checksum itself counts as blanks.
        let sum = |bytes: &[u8]| bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>();
        let unsigned = sum(block) - sum(&block[148..156]) + 8 * u32::from(b' ');
        if stored == u64::from(unsigned) {
            return Ok(Some(Self(block)));
        }
        // Some old writers summed signed characters.
        let around = block[..148].iter().chain(&block[156..]);
        let negative = around.filter(|byte| **byte >= 0x80).count() as u64;
        if stored + 256 * negative == u64::from(unsigned) {
            Ok(Some(Self(block)))
        } else {
            Err(HeaderFault::Checksum)
        }
    }

    /// Takes a block that was read as a header before.
    pub(super) fn again(block: &'a [u8; BLOCK]) -> Self {
        Self(block)
    }

    /// The type flag.
    pub(super) fn flag(&self) -> u8 {
        self.0[156]
    }

    /// The permission bits.
    pub(super) fn mode(&self) -> Result<u16, HeaderFault> {
        // Twelve bits are what a mode has; the rest is the file type of some writers.
        number(&self.0[100..108]).map(|mode| (mode & 0o7777) as u16)
    }

    /// The user and the group; none where they are no numbers.
    pub(super) fn owner(&self) -> Option<Owner> {
        let id = |field: &[u8]| u32::try_from(number(field).ok()?).ok();
        Some((id(&self.0[108..116])?, id(&self.0[116..124])?))
    }

    /// The numbers of a device, major and minor; none where they are no numbers.
    pub(super) fn device(&self) -> Option<(u32, u32)> {
        let number = |field: &[u8]| u32::try_from(number(field).ok()?).ok();
        Some((number(&self.0[329..337])?, number(&self.0[337..345])?))
    }

    /// When the file was changed, and which device it is; what cannot be read is zero.
    pub(super) fn stamp(&self) -> Stamp {
        let device = |field: &[u8]| number(field).ok().and_then(|n| u32::try_from(n).ok());
        let flag = self.flag();
        let is_device = matches!(flag, b'3' | b'4' | b'6');
        Stamp {
            mtime: number(&self.0[136..148]).unwrap_or(0),
            device: is_device.then(|| {
                let (major, minor) = (device(&self.0[329..337]), device(&self.0[337..345]));
                (flag, major.unwrap_or(0), minor.unwrap_or(0))
            }),
        }
    }

    /// The size of the content that follows.
    pub(super) fn size(&self) -> Result<u64, HeaderFault> {
        number(&self.0[124..136])
    }

    /// Appends the path, with the prefix that ustar has.
    pub(super) fn path(&self, out: &mut Vec<u8>) {
        out.clear();
        // GNU tar has other fields where ustar has its prefix.
        if &self.0[257..263] == b"ustar\0" {
            let prefix = text(&self.0[345..500]);
            out.extend_from_slice(prefix);
            if !prefix.is_empty() {
                out.push(b'/');
            }
        }
        out.extend_from_slice(text(&self.0[0..100]));
    }

    /// The path that a link leads to.
    pub(super) fn link(&self) -> &'a [u8] {
        text(&self.0[157..257])
    }

    /// The full size of an old GNU sparse file, and whether another map block follows.
    pub(super) fn sparse(&self, map: &mut Map) -> Result<(u64, bool), HeaderFault> {
        sparse_parts(&self.0[386..482], map)?;
        Ok((number(&self.0[483..495])?, self.0[482] != 0))
    }
}

/// Takes a further map block of an old GNU sparse file; says whether another one follows.
pub(super) fn sparse_block(block: &[u8; BLOCK], map: &mut Map) -> Result<bool, HeaderFault> {
    sparse_parts(&block[..504], map)?;
    Ok(block[504] != 0)
}

/// Reads parts of twelve bytes for each of their two numbers; an empty one ends them.
fn sparse_parts(parts: &[u8], map: &mut Map) -> Result<(), HeaderFault> {
    for part in parts.chunks_exact(24).take_while(|part| part[0] != 0) {
        map.push(number(&part[..12])?, number(&part[12..])?);
    }
    Ok(())
}

/// The bytes before the first NUL.
fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Reads octal digits, or the base-256 form whose first bit is set.
fn number(field: &[u8]) -> Result<u64, HeaderFault> {
    if let [first @ 0x80..=0xff, rest @ ..] = field {
        if first & 0x40 != 0 {
            return Err(HeaderFault::Number);
        }
        return rest
            .iter()
            .try_fold(u64::from(first & 0x3f), |value, byte| {
                let value = value.checked_mul(256).ok_or(HeaderFault::Number)?;
                Ok(value | u64::from(*byte))
            });
    }
    let digits = text(field).trim_ascii();
    digits.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'7' => {
            let value = value.checked_mul(8).ok_or(HeaderFault::Number)?;
            Ok(value | u64::from(byte - b'0'))
        }
        _ => Err(HeaderFault::Number),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers() {
        assert_eq!(number(b"0000644\0"), Ok(0o644));
        assert_eq!(number(b"   644 \0"), Ok(0o644));
        assert_eq!(number(b"\0\0\0"), Ok(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\x01\0\0\0\0"), Ok(1 << 32));
        assert_eq!(number(b"\xff\xff\xff"), Err(HeaderFault::Number));
        assert_eq!(number(b"12x4"), Err(HeaderFault::Number));
    }

    proptest! {
        #[test]
        fn any_block_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), BLOCK)) {
            let block: [u8; BLOCK] = bytes.try_into().unwrap();
            if let Ok(Some(header)) = Header::read(&block) {
                let mut path = Vec::new();
                header.path(&mut path);
                let _ = (header.size(), header.mode(), header.link(), header.sparse(&mut Map::default()));
            }
        }

        #[test]
        fn any_number_is_read_or_refused(field in proptest::collection::vec(any::<u8>(), 0..16)) {
            let _ = number(&field);
        }
    }
}
