//! What an ELF file needs of other libraries, the versions of symbols in `.gnu.version_r`; the name by which others
//! need it, `DT_SONAME` in `.dynamic`; the loader that starts it, `PT_INTERP`.
//!
//! The layout is that of elf(5) and of the Linux Standard Base, "Symbol Versioning". The file
//! may be broken or hostile: every offset is checked and every list is bounded.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::Errno;

/// Section types, elf.h.
const SHT_DYNAMIC: u32 = 6;
const SHT_GNU_VERNEED: u32 = 0x6fff_fffe;
/// The entry of the dynamic section that is the name of a library.
const DT_SONAME: u64 = 14;
/// The segment that names the loader, and the bytes of a program header of 64 bits.
const PT_INTERP: u32 = 3;
const SEGMENT: usize = 56;
/// A version that the file can do without.
const VER_FLG_WEAK: u16 = 2;

/// The most sections, bytes of one section and versions that are looked at.
const SECTIONS: u16 = 4096;
const BYTES: u64 = 4 << 20;
const VERSIONS: usize = 1024;

/// The bytes of a section header of 64 bits.
const HEADER: usize = 64;

/// The versions that a file needs, sorted, each once. A file that is no ELF of 64 bits in the
/// byte order of this machine ends in ENOEXEC.
pub(crate) fn needs(path: &str) -> Result<Vec<String>, Errno> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(Errno::ENXIO);
    }
    let file = File::open(path)?;
    let mut found = read(&file).ok_or(Errno::ENOEXEC)?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// The name by which others need a library, where it says one.
pub(crate) fn soname(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let [dynamic, names] = section(&file, SHT_DYNAMIC)??;
    let entry = dynamic
        .chunks_exact(16)
        .find(|entry| u64_at(entry, 0) == Some(DT_SONAME))?;
    let said = name(&names, usize::try_from(u64_at(entry, 8)?).ok()?)?;
    // It names a file in a directory, and nothing above it.
    let is_name = !said.is_empty() && !said.contains('/') && said != "." && said != "..";
    is_name.then_some(said)
}

/// The loader that starts a program; none where it is linked statically.
pub(crate) fn loader(path: &Path) -> Option<String> {
    let file = File::open(path).ok()?;
    let header = header(&file)?;
    let table = u64_at(&header, 32)?;
    let (size, count) = (u16_at(&header, 54)?, u16_at(&header, 56)?);
    if usize::from(size) < SEGMENT {
        return None;
    }
    let table = bytes(&file, table, u64::from(size) * u64::from(count))?;
    let mut segments = table.chunks_exact(usize::from(size));
    let found = segments.find(|segment| u32_at(segment, 0) == Some(PT_INTERP))?;
    name(&bytes(&file, u64_at(found, 8)?, u64_at(found, 32)?)?, 0)
}

fn read(file: &File) -> Option<Vec<String>> {
    match section(file, SHT_GNU_VERNEED)? {
        Some([needed, names]) => versions(&needed, &names),
        None => Some(Vec::new()),
    }
}

/// The header of a file of 64 bits in the byte order of this machine.
fn header(file: &File) -> Option<Vec<u8>> {
    let header = bytes(file, 0, 64)?;
    let is_elf = header.starts_with(b"\x7fELF") && header.get(4) == Some(&2);
    let own_order = if cfg!(target_endian = "little") { 1 } else { 2 };
    (is_elf && header.get(5) == Some(&own_order)).then_some(header)
}

/// The content of the section of a type and of that with its names; none where there is no such section.
fn section(file: &File, kind: u32) -> Option<Option<[Vec<u8>; 2]>> {
    let header = header(file)?;
    let table = u64_at(&header, 40)?;
    let (size, count) = (u16_at(&header, 58)?, u16_at(&header, 60)?);
    if usize::from(size) < HEADER || count > SECTIONS {
        return None;
    }
    let table = bytes(file, table, u64::from(size) * u64::from(count))?;
    let mut sections = table.chunks_exact(usize::from(size));
    let Some(found) = sections.find(|section| u32_at(section, 4) == Some(kind)) else {
        return Some(None);
    };
    let link = usize::try_from(u32_at(found, 40)?).ok()?;
    let names = table.chunks_exact(usize::from(size)).nth(link)?;
    Some(Some([content(file, found)?, content(file, names)?]))
}

/// Follows the list of files, and in each the list of its versions.
fn versions(needed: &[u8], names: &[u8]) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let mut file = 0;
    loop {
        let mut version = file + offset(needed, file + 8)?;
        for _ in 0..u16_at(needed, file + 2)? {
            if found.len() == VERSIONS {
                return None;
            }
            if u16_at(needed, version + 4)? & VER_FLG_WEAK == 0 {
                found.push(name(names, offset(needed, version + 8)?)?);
            }
            version += offset(needed, version + 12)?;
        }
        match offset(needed, file + 12)? {
            0 => return Some(found),
            next => file += next,
        }
    }
}

fn name(names: &[u8], at: usize) -> Option<String> {
    let rest = names.get(at..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&rest[..end]).into_owned())
}

/// The content of a section.
fn content(file: &File, header: &[u8]) -> Option<Vec<u8>> {
    bytes(file, u64_at(header, 24)?, u64_at(header, 32)?)
}

fn bytes(file: &File, at: u64, length: u64) -> Option<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).ok().filter(|_| length <= BYTES)?];
    file.read_exact_at(&mut bytes, at).ok()?;
    Some(bytes)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let word = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_ne_bytes(word.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let word = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_ne_bytes(word.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let word = bytes.get(at..at.checked_add(8)?)?;
    Some(u64::from_ne_bytes(word.try_into().ok()?))
}

fn offset(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn this_program_needs_its_own_libc() {
        let own = std::env::current_exe().unwrap();
        let found = needs(own.to_str().unwrap()).unwrap();
        assert!(
            found.iter().any(|version| version.starts_with("GLIBC_2.")),
            "{found:?}"
        );
        assert!(found.is_sorted());
    }

    #[test]
    fn a_library_says_its_name_and_a_program_its_loader() {
        let mapped = crate::kit::here().unwrap();
        let names: Vec<_> = mapped.iter().map(|path| soname(path)).collect();
        assert!(names.contains(&Some("libc.so.6".into())), "{names:?}");
        assert_eq!(soname(&std::env::current_exe().unwrap()), None);
        assert_eq!(soname(Path::new("/etc/passwd")), None);
        let loader = loader(&std::env::current_exe().unwrap()).unwrap();
        assert!(
            crate::kit::is_loader(loader.rsplit('/').next().unwrap()),
            "{loader}"
        );
    }

    #[test]
    fn what_is_no_elf_or_is_cut_off_is_refused() {
        assert_eq!(needs("/etc"), Err(Errno::ENXIO));
        assert_eq!(needs("/etc/passwd"), Err(Errno::ENOEXEC));
        let mut cut = tempfile::NamedTempFile::new().unwrap();
        let own = File::open(std::env::current_exe().unwrap()).unwrap();
        cut.write_all(&bytes(&own, 0, 4096).unwrap()).unwrap();
        assert_eq!(needs(cut.path().to_str().unwrap()), Err(Errno::ENOEXEC));
    }

    #[test]
    fn a_list_that_leads_back_or_out_ends() {
        // One file with 65,535 versions, each of which is the one before it.
        let mut circle = vec![0_u8; 32];
        circle[2..4].copy_from_slice(&u16::MAX.to_ne_bytes());
        circle[8..12].copy_from_slice(&16_u32.to_ne_bytes());
        assert_eq!(versions(&circle, b"GLIBC_2.2\0"), None);
        circle[2..4].copy_from_slice(&1_u16.to_ne_bytes());
        assert_eq!(
            versions(&circle, b"GLIBC_2.2\0"),
            Some(vec!["GLIBC_2.2".into()])
        );
        circle[8..12].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(versions(&circle, b"\0"), None);
    }

    #[test]
    fn a_weak_version_is_not_needed() {
        let mut one = vec![0_u8; 32];
        one[2..4].copy_from_slice(&1_u16.to_ne_bytes());
        one[8..12].copy_from_slice(&16_u32.to_ne_bytes());
        one[20..22].copy_from_slice(&VER_FLG_WEAK.to_ne_bytes());
        assert_eq!(versions(&one, b"GLIBC_2.2\0"), Some(Vec::new()));
    }
}
