//! Libraries that are known by their SONAME, and how their versions are found.
//!
//! Text is searched only in files whose SONAME is in the table. `auditwheel` puts a hash into
//! the names of the libraries that it copies into a wheel; it is looked past.

use memchr::memmem;

use super::libraries::{LIBRARIES, Library, Way};
use super::sections::Elf;
use super::{evidence, own_file};
use crate::catalog::Found;

/// The longest version.
const LONGEST: usize = 40;

/// Different versions that are counted.
const MOST_TEXTS: usize = 64;

/// The places of one text that are looked at.
const MOST_PLACES: usize = 10_000;

/// Adds the library that the file is.
pub(super) fn read(elf: &Elf<'_>, path: &str, found: &mut Found) -> Result<(), String> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let Some(stem) = stem(elf.soname().unwrap_or(file)) else {
        return Ok(());
    };
    let rows: Vec<&Library> = LIBRARIES.iter().filter(|row| row.is_called(stem)).collect();
    if rows.is_empty() {
        return Ok(());
    }
    // Text is looked for only where it can tell something.
    let data = match rows.iter().any(|row| row.has_text()) {
        true => texts(elf),
        false => Ok(Vec::new()),
    };
    let parts = data.as_deref().unwrap_or_default();
    let has = |marker: &str| {
        let mut parts = parts.iter();
        parts.any(|part| memmem::find(part, marker.as_bytes()).is_some())
    };
    let has_symbols = |part: &str| {
        let names = elf.sections(".dynstr").unwrap_or_default();
        let mut names = names.iter();
        names.any(|names| memmem::find(names, part.as_bytes()).is_some())
    };
    let is_one =
        |row: &&&Library| row.marker.is_none_or(has) && row.symbols.is_none_or(has_symbols);
    let Some(library) = rows.iter().find(is_one) else {
        return data.map(|_| ());
    };
    let mut ways = library.version.iter();
    let version = ways.find_map(|way| version(*way, parts, elf, file));
    let version = match version {
        None if library.tells_version() => in_path(path, library.name, stem),
        version => version,
    };
    let is_known = version.is_some() || !library.has_text();
    let mut package = evidence("generic", "soname", path);
    package.name = library.name.to_owned();
    package.version = version.unwrap_or_default();
    package.supplier = Some(library.supplier.to_owned());
    package.declared = library.license.map(str::to_owned);
    found.add(package);
    found.owned.push(own_file(path));
    match data {
        Err(fault) if !is_known => Err(fault),
        _ => Ok(()),
    }
}

/// What a library's name begins with: `libmpi` of `libmpi-0352e75f.so.12`.
fn stem(name: &str) -> Option<&str> {
    let end = name.find(".so")?;
    let mut stem = &name[..end];
    while let Some((rest, hash)) = stem.rsplit_once('-') {
        let is_hash = hash.len() == 8 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash {
            break;
        }
        stem = rest;
    }
    (name[end + 3..].is_empty() || name[end + 3..].starts_with(['.', '-'])).then_some(stem)
}

/// The bytes that hold the texts of the file.
fn texts<'d>(elf: &Elf<'d>) -> Result<Vec<&'d [u8]>, String> {
    let data = elf.expected(".rodata")?;
    if data.is_empty() {
        return Ok(vec![elf.start()]);
    }
    Ok(data)
}

fn version(way: Way, data: &[&[u8]], elf: &Elf<'_>, file: &str) -> Option<String> {
    match way {
        Way::After(text) => data.iter().find_map(|part| after(part, text)),
        Way::Alone(starts) => alone(data, starts),
        Way::FileName => in_name(file),
        Way::Compiler => compiler(&elf.sections(".comment").ok()?),
    }
}

/// The version that follows a text.
fn after(data: &[u8], text: &str) -> Option<String> {
    let mut places = memmem::find_iter(data, text.as_bytes()).take(MOST_PLACES);
    places.find_map(|at| token(data.get(at + text.len()..)?).map(str::to_owned))
}

/// A version at the start of the bytes: digits and dots, and letters that belong to it.
fn token(bytes: &[u8]) -> Option<&str> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'.';
    let length = bytes
        .iter()
        .take(LONGEST)
        .take_while(|byte| allowed(byte))
        .count();
    let text = std::str::from_utf8(bytes.get(..length)?)
        .ok()?
        .trim_end_matches('.');
    (text.starts_with(|first: char| first.is_ascii_digit()) && text.contains('.')).then_some(text)
}

/// The version that is a text of its own, and begins with one of `starts`.
///
/// A library may hold those of others: that which is there most often counts, then the one
/// with the most numbers, then a release, then the first.
fn alone(data: &[&[u8]], starts: &[&str]) -> Option<String> {
    let mut found: Vec<(&str, usize)> = Vec::new();
    for (part, start) in data
        .iter()
        .flat_map(|part| starts.iter().map(move |start| (part, start)))
    {
        for at in memmem::find_iter(part, start.as_bytes()).take(MOST_PLACES) {
            let Some(text) = own_text(part, at) else {
                continue;
            };
            if let Some(place) = found.iter().position(|(known, _)| *known == text) {
                found[place].1 += 1;
            } else if found.len() < MOST_TEXTS {
                found.push((text, 1));
            }
        }
    }
    let rank = |(text, count): &(&str, usize)| {
        let is_release = !text.contains(|c: char| c.is_ascii_alphabetic());
        (*count, text.split('.').count().min(3), is_release)
    };
    // Of equals, `max_by_key` takes the last.
    let best = found.iter().rev().max_by_key(|one| rank(one))?;
    Some(best.0.to_owned())
}

/// The version at a place, if nothing else is in its text.
fn own_text(data: &[u8], at: usize) -> Option<&str> {
    let before = at.checked_sub(1).map_or(0, |before| data[before]);
    // Constants before the first text may end in any byte; none that a text would have there.
    let is_inside =
        before.is_ascii_digit() || before.is_ascii_lowercase() || b"._-/ ,:=".contains(&before);
    let text = token(data.get(at..)?)?;
    let ends = data.get(at + text.len()) == Some(&0);
    (!is_inside && ends).then_some(text)
}

/// The version in `libcudart.so.12.4.127`; one number is that of the interface only.
fn in_name(file: &str) -> Option<String> {
    let (_, version) = file.split_once(".so.")?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_version = version.contains('.') && version.split('.').all(is_number);
    (is_version && version.len() <= LONGEST).then(|| version.to_owned())
}

/// The latest compiler among the notes of compilers, `GCC: (GNU) 14.2.1 20250110 (Red Hat …)`.
///
/// What the linker adds was built by an earlier one.
fn compiler(comments: &[&[u8]]) -> Option<String> {
    let notes = comments
        .iter()
        .flat_map(|part| part.split(|byte| *byte == 0))
        .take(64);
    let versions = notes.filter_map(|note| {
        let rest = note.strip_prefix(b"GCC: (")?;
        let end = memmem::find(rest, b") ")?;
        token(rest.get(end + 2..)?)
    });
    let numbers =
        |text: &&str| -> Vec<u32> { text.split('.').filter_map(|n| n.parse().ok()).collect() };
    versions.max_by_key(numbers).map(str::to_owned)
}

/// The version in a path such as `opt/openmpi-4.1.5/lib` or `openmpi/4.1.5/lib`.
fn in_path(path: &str, name: &str, stem: &str) -> Option<String> {
    let names = [name, stem.strip_prefix("lib").unwrap_or(stem)];
    let is_name = |text: &str| names.iter().any(|name| name.eq_ignore_ascii_case(text));
    let directories: Vec<&str> = path.split('/').collect();
    let (_, directories) = directories.split_last()?;
    let joined = directories.iter().filter_map(|directory| {
        let (name, version) = directory.split_once(['-', '_'])?;
        is_name(name).then_some(version)
    });
    let apart = directories
        .windows(2)
        .filter_map(|pair| is_name(pair[0]).then_some(pair[1]));
    joined.chain(apart).find_map(numbers)
}

/// The numbers at the start of a name, such as `2026.2.0` of `2026.2.0.data`.
fn numbers(text: &str) -> Option<String> {
    let is_number = |part: &&str| part.starts_with(|first: char| first.is_ascii_digit());
    let text = token(text.as_bytes())?;
    let parts: Vec<&str> = text.split('.').take_while(is_number).collect();
    (parts.len() > 1).then(|| parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Writer;
    use super::*;
    use crate::catalog::Source;

    fn named(path: &str, soname: &str, data: &[u8]) -> Option<(String, String)> {
        let comment = b"GCC: (GNU) 8.5.0 2021\0GCC: (GNU) 14.2.1 2025 (R 1)\0";
        let file = Writer::default().soname(soname).section(".rodata", data);
        let bytes = file.section(".comment", comment).write();
        let mut found = Found::default();
        let elf = Elf::read(&Source::whole(path, &bytes)).unwrap();
        read(&elf, path, &mut found).unwrap();
        let package = found.packages.pop()?;
        Some((package.name, package.version))
    }

    #[test]
    fn one_soname_of_several_makers() {
        for (data, name, version) in [
            (
                &b"\0MPICH Version:\t%s\x002.9.0rc2-git\x004.0.2\x00127.0.0.1\0"[..],
                "mpich",
                "4.0.2",
            ),
            (
                b"Intel(R) MPI Library\x001.3.2\x002021.19.0\0",
                "intel-mpi",
                "2021.19.0",
            ),
            (
                b"\0CRAY MPICH version 8.1.25.17 (ANL base 3.4a2)\0",
                "cray-mpich",
                "8.1.25.17",
            ),
            (b"\0Open MPI v%d\x005.0.1rc1\x005.0.1\0", "openmpi", "5.0.1"),
            (b"\0HPE MPT 2.26  08/12/22\0", "hpe-mpt", "2.26"),
        ] {
            let found = named("opt/lib/libmpi.so.12", "libmpi.so.12", data);
            assert_eq!(found, Some((name.to_owned(), version.to_owned())));
        }
        assert_eq!(named("opt/lib/libmpi.so.12", "libmpi.so.12", b"x"), None);
        let fortran = |symbols: &[u8]| {
            let file = Writer::default().soname("libmpifort.so.12");
            let bytes = file.section(".dynstr", symbols).write();
            let mut found = Found::default();
            let elf = Elf::read(&Source::whole("opt/app/libfoo.so", &bytes)).unwrap();
            read(&elf, "opt/app/libfoo.so", &mut found).unwrap();
            found.packages.pop().map(|package| package.name)
        };
        assert_eq!(
            fortran(b"\0mpi_init_\0__I_MPI__intel_fast_memset\0").as_deref(),
            Some("intel-mpi")
        );
        assert_eq!(fortran(b"\0mpi_init_\0"), None);
        assert_eq!(named("opt/lib/libx.so", "libx.so", b"MPICH Version:"), None);
    }

    #[test]
    fn where_versions_are() {
        for (path, soname, data, expected) in [
            (
                "x/libcudart.so.12.4.127",
                "libcudart.so.12",
                "",
                "cuda-cudart 12.4.127",
            ),
            ("x/libcudart.so.12", "libcudart.so.12", "", "cuda-cudart "),
            (
                "x/libgomp-a34b3233.so.1.0.0",
                "libgomp-a34b3233.so.1.0.0",
                "",
                "libgomp 14.2.1",
            ),
            (
                "numpy.libs/libscipy_openblas64_-32a4b2a6.so",
                "",
                "OpenBLAS : x\0OpenBLAS 0.3.31  USE",
                "openblas 0.3.31",
            ),
            (
                "x/libhdf5.so.103",
                "libhdf5.so.103",
                "HDF5 library version: %d\0HDF5 library version: 1.10.8",
                "hdf5 1.10.8",
            ),
            (
                "x/libfftw3f.so.3",
                "libfftw3f.so.3",
                "fftw-3.3.10-sse2",
                "fftw 3.3.10",
            ),
            (
                "opt/ucx-1.15.0/lib/libucp.so.0",
                "libucp.so.0",
                "",
                "ucx 1.15.0",
            ),
            (
                "oneapi/mkl/2024.0/lib/libmkl_core.so.2",
                "libmkl_core.so.2",
                "",
                "mkl 2024.0",
            ),
        ] {
            let (name, version) = named(path, soname, data.as_bytes()).unwrap();
            assert_eq!(format!("{name} {version}"), expected);
        }
    }

    #[test]
    fn names_up_to_their_ends() {
        assert_eq!(stem("libmpi-0352e75f-934c22de.so.12"), Some("libmpi"));
        assert_eq!(stem("libmpi.so"), Some("libmpi"));
        assert_eq!(
            stem("libscalapack-openmpi.so.2"),
            Some("libscalapack-openmpi")
        );
        assert_eq!(stem("libmpi.sock"), None);
        assert_eq!(stem("mpi"), None);
    }
}
