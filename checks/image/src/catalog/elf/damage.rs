//! ELF files that are damaged: whose header is none of those that elf(5) has, or whose tables lie
//! behind their end, as those of a file that was cut do, or what they load. A file of nothing but
//! what a debugger wants has sections and the segments of another.

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

use crate::catalog::Source;

/// What is wrong with a file that begins as an ELF file.
pub(super) fn of(source: &Source<'_>) -> Option<&'static str> {
    let ends = match source.bytes.get(4) {
        Some(1) => ends::<FileHeader32<Endianness>>(source.bytes),
        Some(2) => ends::<FileHeader64<Endianness>>(source.bytes),
        _ => None,
    };
    match ends {
        None => Some("it begins as an ELF file does, and has no header of one"),
        Some(ends) if ends.tables > source.size => Some("it is cut: its tables lie behind its end"),
        Some(ends) if !ends.has_sections && ends.loaded > source.size => {
            Some("it is cut: what it loads lies behind its end")
        }
        Some(_) => None,
    }
}

/// Where what the header tells of ends.
struct Ends {
    tables: u64,
    /// The segments that are loaded.
    loaded: u64,
    has_sections: bool,
}

fn ends<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Option<Ends> {
    let header = H::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    let end = |offset: u64, count: u64, size: u16| match count {
        0 => 0,
        count => offset.saturating_add(count * u64::from(size)),
    };
    // PN_XNUM is no count: that is in the first section then.
    let count = u64::from(header.phnum(endian, bytes).unwrap_or(0));
    let segments = end(
        header.e_phoff(endian).into(),
        count,
        header.e_phentsize(endian),
    );
    let sections = end(
        header.e_shoff(endian).into(),
        header.e_shnum(endian).into(),
        header.e_shentsize(endian),
    );
    let all = header.program_headers(endian, bytes).unwrap_or(&[]).iter();
    let loaded = all.filter(|one| one.p_type(endian) == PT_LOAD);
    let loaded = loaded.map(|one| {
        let at: u64 = one.p_offset(endian).into();
        at.saturating_add(one.p_filesz(endian).into())
    });
    Some(Ends {
        tables: segments.max(sections),
        loaded: loaded.max().unwrap_or(0),
        has_sections: header.e_shnum(endian) > 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header, a header of a segment and room for one of a section, with these numbers.
    fn file(longs: &[(usize, u64)], shorts: &[(usize, u16)]) -> Vec<u8> {
        let mut file = vec![0; 64 + 56 + 64];
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        for (at, number) in [(32, 64), (40, 120)].iter().chain(longs) {
            file[*at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        for (at, number) in [(54, 56), (58, 64)].iter().chain(shorts) {
            file[*at..at + 2].copy_from_slice(&number.to_le_bytes());
        }
        file
    }

    fn of(file: &[u8]) -> Option<&'static str> {
        super::of(&Source::whole("usr/bin/a", file))
    }

    #[test]
    fn a_count_of_segments_that_is_elsewhere_is_looked_for_there() {
        // The sh_info of the one section is the count.
        let file = |count: u64| file(&[(120 + 44, count)], &[(56, 0xffff), (60, 1)]);
        assert_eq!(of(&file(1)), None);
        let cut = "it is cut: its tables lie behind its end";
        assert_eq!(of(&file(70_000)), Some(cut));
        assert_eq!(of(&file(1)[..120]), Some(cut));
    }

    #[test]
    fn what_is_loaded_is_in_the_file_unless_a_debugger_alone_wants_it() {
        // The segment is PT_LOAD, of 120 bytes and more.
        let file = |more: u64, sections: u16| {
            file(&[(96, 120 + more)], &[(56, 1), (60, sections), (64, 1)])
        };
        assert_eq!(of(&file(64, 0)), None);
        let cut = "it is cut: what it loads lies behind its end";
        assert_eq!(of(&file(65, 0)), Some(cut));
        assert_eq!(of(&file(65, 1)), None);
    }
}
