//! What was appended to a program and is an archive, told as the program passes.
//!
//! Where a program ends is in its headers (elf(5)): behind the segments that are loaded, its
//! sections and the table of these. Of a damaged table the segments tell; of segments that lie behind
//! the end of the file, as those of debugging files do, the sections.

use object::Endianness;
use object::elf::{FileHeader32, FileHeader64, PT_LOAD, SHT_NOBITS};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use super::inside;

/// Bytes by which every form of an archive is known.
const MAGIC: usize = 4096;

/// The length of the record that a zip ends with, without its comment, and the longest comment.
const ZIP_END: usize = 22;
const LONGEST_COMMENT: usize = 0xffff;

/// The look at what may be appended.
#[derive(Debug, Default)]
pub(super) struct Appended {
    /// How much of the file was seen.
    at: u64,
    /// Behind all that the headers tell of, behind the segments alone, behind the rest alone.
    places: [Place; 3],
    /// The last bytes that were seen, and more.
    tail: Vec<u8>,
}

/// What is behind a place.
#[derive(Debug, Default)]
struct Place {
    at: u64,
    /// The first bytes from there on that are no zeros.
    begins: Vec<u8>,
}

impl Appended {
    /// Looks at the next bytes of the file; the first time, its headers are among them.
    pub(super) fn see(&mut self, bytes: &[u8]) {
        if self.at == 0 {
            let ends = ends(bytes).unwrap_or([u64::MAX; 3]);
            for (place, end) in self.places.iter_mut().zip(ends) {
                place.at = end;
            }
        }
        for place in &mut self.places {
            place.see(self.at, bytes);
        }
        self.at += bytes.len() as u64;
        let most = ZIP_END + LONGEST_COMMENT;
        if bytes.len() >= most || self.tail.len() + bytes.len() > 4 * most {
            let kept = most.saturating_sub(bytes.len()).min(self.tail.len());
            self.tail.drain(..self.tail.len() - kept);
        }
        let from = bytes.len().saturating_sub(most);
        self.tail.extend_from_slice(&bytes[from..]);
    }

    /// Whether an archive is behind the program that was seen.
    pub(super) fn is_archive(&self) -> bool {
        let mut places = self.places.iter();
        let place = places.find(|place| place.at <= self.at);
        place.is_some_and(|place| inside::is_one(&place.begins)) || ends_as_zip(&self.tail)
    }
}

impl Place {
    /// Takes what bytes, which are at an offset of the file, have behind the place.
    fn see(&mut self, at: u64, bytes: &[u8]) {
        let room = MAGIC - self.begins.len();
        let passed = usize::try_from(self.at.saturating_sub(at)).unwrap_or(usize::MAX);
        let Some(mut behind) = bytes.get(passed..).filter(|_| room > 0) else {
            return;
        };
        if self.begins.is_empty() {
            let zeros = behind.iter().take_while(|byte| **byte == 0).count();
            behind = &behind[zeros..];
        }
        self.begins
            .extend_from_slice(&behind[..behind.len().min(room)]);
    }
}

/// Where a program ends by its first bytes: all of it, its segments, its sections with their table.
fn ends(head: &[u8]) -> Option<[u64; 3]> {
    match head.get(4) {
        Some(1) => ends_of::<FileHeader32<Endianness>>(head),
        Some(2) => ends_of::<FileHeader64<Endianness>>(head),
        _ => None,
    }
}

fn ends_of<H: FileHeader<Endian = Endianness>>(head: &[u8]) -> Option<[u64; 3]> {
    let header = H::parse(head).ok()?;
    let endian = header.endian().ok()?;
    let segments = header.program_headers(endian, head).unwrap_or(&[]).iter();
    // No kernel looks at where another lies.
    let loaded = segments.filter(|one| one.p_type(endian) == PT_LOAD);
    let segments = loaded.map(|one| {
        one.p_offset(endian)
            .into()
            .saturating_add(one.p_filesz(endian).into())
    });
    let segments = segments.max().unwrap_or(0);
    let entries = u64::from(header.e_shnum(endian)) * u64::from(header.e_shentsize(endian));
    let table = header.e_shoff(endian).into().saturating_add(entries);
    // A table that is not among the first bytes is behind the sections, as linkers write it.
    let sections = header.section_headers(endian, head).unwrap_or(&[]).iter();
    let stored = sections.filter(|one| one.sh_type(endian) != SHT_NOBITS);
    let stored = stored.map(|one| {
        one.sh_offset(endian)
            .into()
            .saturating_add(one.sh_size(endian).into())
    });
    let sections = stored.chain([table]).max()?;
    Some([segments.max(sections), segments, sections])
}

/// Whether bytes end with the last record of a zip, and the comment of it that they have room for.
fn ends_as_zip(bytes: &[u8]) -> bool {
    let is_last = |at: usize| {
        let comment = bytes.get(at + ZIP_END - 2..at + ZIP_END);
        let comment = comment.map(|two| usize::from(two[0]) | usize::from(two[1]) << 8);
        comment.is_some_and(|length| at + ZIP_END + length == bytes.len())
    };
    memchr::memmem::find_iter(bytes, b"PK\x05\x06").any(is_last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::tests::noise;

    fn is_told(bytes: &[u8], step: usize) -> bool {
        let mut appended = Appended::default();
        bytes.chunks(step).for_each(|part| appended.see(part));
        appended.is_archive()
    }

    /// A program of one segment and a table of sections behind it.
    fn program(content: &[u8]) -> Vec<u8> {
        let mut file = vec![0; 120];
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        let end = 120 + content.len() as u64;
        for (at, number) in [(32, 64_u64), (40, end), (72, 0), (96, end)] {
            file[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        for (at, number) in [(52, 64_u8), (54, 56), (56, 1), (58, 64), (60, 2), (64, 1)] {
            file[at] = number;
        }
        file.extend(content);
        // The table: a first entry, which is empty, and one of a section.
        file.resize(file.len() + 128, 0);
        file
    }

    #[test]
    fn an_archive_behind_a_program_is_told_however_long_it_is() {
        let tar_gz = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03abcdefgh";
        for length in [0, 1000, 300_000] {
            let alone = program(&noise(5, length));
            let with = [&alone[..], &[0; 300], tar_gz].concat();
            for step in [512, 65_536, with.len()] {
                assert!(is_told(&with, step), "{length} {step}");
                assert!(!is_told(&alone, step), "{length} {step}");
            }
        }
    }

    #[test]
    fn a_segment_that_is_not_loaded_hides_nothing() {
        let mut alone = program(&[&[0; 56][..], &noise(5, 2000)].concat());
        // A second header of a segment, PT_NULL, which lies wherever it says.
        alone[56] = 2;
        alone[128..136].copy_from_slice(&u64::MAX.to_le_bytes());
        let with = [&alone[..], b"BZh91AY&SY and more"].concat();
        assert!(is_told(&with, 4096));
        assert!(!is_told(&alone, 4096));
    }

    #[test]
    fn a_segment_behind_the_end_hides_nothing_behind_the_sections() {
        let mut alone = program(&noise(5, 2000));
        alone[96..104].copy_from_slice(&u64::MAX.to_le_bytes());
        let with = [&alone[..], b"BZh91AY&SY and more"].concat();
        assert!(is_told(&with, 4096));
        assert!(!is_told(&alone, 4096));
    }

    #[test]
    fn behind_a_damaged_table_of_sections_the_segments_tell() {
        let mut damaged = program(&noise(5, 2000));
        damaged.truncate(120 + 2000);
        damaged[40..48].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(!is_told(&damaged, 4096));
        damaged.extend(b"BZh91AY&SY and more");
        assert!(is_told(&damaged, 4096));
    }

    #[test]
    fn a_zip_is_told_by_its_end_whatever_its_comment() {
        let zip = crate::catalog::zip::build::zip(&[("a", b"a", false)]);
        for length in [0, 43, 5000, LONGEST_COMMENT] {
            let mut zip = [&noise(5, 10_000)[..], &zip].concat();
            let at = zip.len() - 2;
            zip[at..].copy_from_slice(&(length as u16).to_le_bytes());
            // What looks like the end in a comment is none.
            let comment = b"PK\x05\x06 ".iter().cycle().take(length);
            zip.extend(comment);
            for step in [64, 4096, zip.len()] {
                assert!(is_told(&zip, step), "{length} {step}");
                assert!(!is_told(&zip[..10_050], step), "{length} {step}");
            }
        }
    }
}
