//! ELF files that are damaged: whose header is none of those that elf(5) has, or whose tables lie
//! behind their end, as those of a file that was cut do.

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::FileHeader;

use crate::catalog::Source;

/// What is wrong with a file that begins as an ELF file.
pub(super) fn of(source: &Source<'_>) -> Option<&'static str> {
    let end = match source.bytes.get(4) {
        Some(1) => tables::<FileHeader32<Endianness>>(source.bytes),
        Some(2) => tables::<FileHeader64<Endianness>>(source.bytes),
        _ => None,
    };
    match end {
        None => Some("it begins as an ELF file does, and has no header of one"),
        Some(end) if end > source.size => Some("it is cut: its tables lie behind its end"),
        Some(_) => None,
    }
}

/// Where the tables of segments and of sections end.
fn tables<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<u64> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let end = |offset: u64, count: u16, size: u16| match count {
        0 => 0,
        count => offset.saturating_add(u64::from(count) * u64::from(size)),
    };
    let segments = end(
        header.e_phoff(endian).into(),
        header.e_phnum(endian),
        header.e_phentsize(endian),
    );
    let sections = end(
        header.e_shoff(endian).into(),
        header.e_shnum(endian),
        header.e_shentsize(endian),
    );
    Some(segments.max(sections))
}
