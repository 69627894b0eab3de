//! Where the instructions of an ELF file lie, so that they need not be held: no reader looks at
//! them, and they are the better part of most programs.
//!
//! Where they lie is told by the program headers at the start of the file (elf(5), `PT_LOAD`
//! with `PF_X`). A linker that separates code (`-z separate-code` of ld(1)) puts nothing else
//! there; older ones begin their first segment with the headers and with data that is read
//! only: such a segment is held. Of a large program in Go its constants are left out, too: tables of
//! its runtime for the most part, behind which the list of its modules lies. What a program writes
//! to (`PF_W`) is looked for wherever it lies: the list of modules is there in every layout.

use std::ops::Range;

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64, PF_W, PF_X, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

use super::go;
use super::sections::Elf;
use crate::catalog::Source;

/// Fewer instructions are not worth a gap.
const LEAST: u64 = 64 * 1024;

/// Of a program in Go that has more, the constants are left out.
pub(super) const LARGE: u64 = 32 * 1024 * 1024;

/// Segments that are looked at; no linker makes as many.
pub(super) const MOST: usize = 64;

/// The ranges of a file that hold instructions and nothing else, in order, by its first bytes.
pub(in crate::catalog) fn ranges(head: &[u8]) -> Vec<Range<u64>> {
    let found = match head.get(4) {
        Some(1) => of::<FileHeader32<Endianness>>(head),
        Some(2) => of::<FileHeader64<Endianness>>(head),
        _ => None,
    };
    found.unwrap_or_default()
}

fn of<H: FileHeader<Endian = Endianness>>(head: &[u8]) -> Option<Vec<Range<u64>>> {
    let header = H::parse(head).ok()?;
    let endian = header.endian().ok()?;
    // Without a table of sections, texts are looked for everywhere.
    if header.e_shoff(endian).into() == 0 {
        return None;
    }
    let segments = header.program_headers(endian, head).ok()?;
    let sizes = segments
        .iter()
        .map(|segment| segment.p_filesz(endian).into());
    let is_large = sizes.fold(0, u64::saturating_add) > LARGE;
    let is_go = is_large && go::is_go(head);
    let (mut code, mut others) = (Vec::new(), Vec::new());
    for segment in segments.iter().take(MOST + 1) {
        let offset: u64 = segment.p_offset(endian).into();
        let end = offset.checked_add(segment.p_filesz(endian).into())?;
        // The linker of Go puts the headers and its notes before the instructions.
        let start = if is_go {
            offset.max(head.len() as u64)
        } else {
            offset
        };
        let flags = segment.p_flags(endian);
        let is_code = segment.p_type(endian) == PT_LOAD
            && (flags.contains(PF_X) || is_go)
            && !flags.contains(PF_W)
            && start >= head.len() as u64;
        match is_code && start < end {
            true => code.push(start..end),
            false => others.push(offset..end),
        }
    }
    if code.len() + others.len() > MOST {
        return None;
    }
    code.retain(|range| range.end - range.start >= LEAST);
    code.retain(|range| others.iter().all(|other| !overlap(range, other)));
    code.sort_by_key(|range| range.start);
    let apart = code.windows(2).all(|two| two[0].end <= two[1].start);
    apart.then_some(code)
}

/// The ranges of a file that its program writes to, in order, by its first bytes.
pub(in crate::catalog) fn written(head: &[u8]) -> Vec<Range<u64>> {
    let elf = Elf::read(&Source::whole("", head));
    elf.map(|elf| elf.written()).unwrap_or_default()
}

fn overlap(one: &Range<u64>, other: &Range<u64>) -> bool {
    !other.is_empty() && one.start < other.end && other.start < one.end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HEAD: usize = 4096;

    /// A header of 64 bits with these segments: type, flags, offset, size.
    fn head(sections: u64, segments: &[(u32, u32, u64, u64)]) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(32, 0);
        bytes.extend(64_u64.to_le_bytes());
        bytes.extend(sections.to_le_bytes());
        bytes.resize(54, 0);
        bytes.extend(56_u16.to_le_bytes());
        bytes.extend((segments.len() as u16).to_le_bytes());
        bytes.resize(64, 0);
        for (kind, flags, offset, size) in segments {
            bytes.extend(kind.to_le_bytes());
            bytes.extend(flags.to_le_bytes());
            bytes.extend(offset.to_le_bytes());
            bytes.resize(bytes.len() + 16, 0);
            bytes.extend(size.to_le_bytes());
            bytes.resize(bytes.len() + 16, 0);
        }
        bytes.resize(HEAD, 0);
        bytes
    }

    #[test]
    fn separate_code_is_a_gap() {
        let segments = [
            (1, 4, 0, 0x1000),
            (1, 5, 0x1000, 0x2_0000),
            (1, 4, 0x2_1000, 0x5000),
            (1, 6, 0x2_6000, 0x1000),
            (4, 4, 0x300, 0x20),
        ];
        let code = 0x1000..0x2_1000;
        assert_eq!(
            ranges(&head(1 << 20, &segments)),
            std::slice::from_ref(&code)
        );
        assert!(ranges(&head(0, &segments)).is_empty());
    }

    #[test]
    fn what_a_program_writes_to_is_told_in_order() {
        let segments = [
            (1, 4, 0, 0x1000),
            (1, 6, 0x9000, 0x1000),
            (1, 6, 0x6000, 0x1000),
            (4, 6, 0x300, 0x20),
            (1, 6, 1, u64::MAX),
        ];
        let found = written(&head(1 << 20, &segments));
        assert_eq!(found, [0x6000..0x7000, 0x9000..0xa000]);
    }

    #[test]
    fn what_lies_beside_data_is_held() {
        for segments in [
            // The headers are in it, it is written to, it is small, notes lie in it.
            &[(1, 5, 0, 1 << 20)][..],
            &[(1, 7, 0x1000, 1 << 20)],
            &[(1, 5, 0x1000, 0x100)],
            &[(1, 5, 0x1000, 1 << 20), (4, 4, 0x2000, 0x20)],
            &[(1, 5, 0x1000, 1 << 20), (1, 5, 0x2000, 1 << 20)],
            &[(1, 5, 0x1000, u64::MAX)],
        ] {
            let found = ranges(&head(1 << 20, segments));
            assert!(found.is_empty(), "{segments:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_head_is_read(flips in proptest::collection::vec((0_usize..300, any::<u8>()), 0..20), cut in 0_usize..400) {
            let mut bytes = head(1 << 20, &[(1, 4, 0, 0x1000), (1, 5, 0x1000, 0x2_0000)]);
            for (at, byte) in flips {
                bytes[at] = byte;
            }
            for range in ranges(&bytes) {
                prop_assert!(range.start >= HEAD as u64 && range.start < range.end);
            }
            let _ = ranges(&bytes[..cut]);
            for range in written(&bytes) {
                prop_assert!(range.start <= range.end);
            }
            let _ = written(&bytes[..cut]);
        }
    }
}
