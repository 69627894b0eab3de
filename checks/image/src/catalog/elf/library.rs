//! Libraries that are known by their SONAME.
//!
//! Text is searched only in files whose SONAME is in the table. `auditwheel` puts a hash into
//! the names of the libraries that it copies into a wheel; it is looked past.

use memchr::memmem;

use super::libraries::{LIBRARIES, Library};
use super::release;
use super::sections::Elf;
use super::{evidence, own_file};
use crate::catalog::Found;

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
    let version = ways.find_map(|way| release::told(*way, parts, elf, file));
    let version = match version {
        None if library.tells_version() => release::in_path(path, library.name, stem),
        version => version,
    };
    let is_known = version.is_some() || !library.has_text();
    let mut package = evidence("generic", "soname", path);
    package.name = library.name.to_owned();
    package.version = version.unwrap_or_default();
    package.supplier = Some(library.supplier.to_owned());
    let license = library
        .license
        .filter(|_| has_license(library, &package.version));
    package.declared = license.map(str::to_owned);
    package.told_by = library.wheel.map(str::to_owned);
    found.add(package);
    found.owned.push(own_file(path));
    match data {
        Err(fault) if !is_known => Err(fault),
        _ => Ok(()),
    }
}

/// Whether a release has the licence of the table.
fn has_license(library: &Library, version: &str) -> bool {
    library
        .since
        .is_none_or(|since| release::numbers(version) >= release::numbers(since))
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

#[cfg(test)]
mod tests {
    use super::super::fixture::Writer;
    use super::*;
    use crate::catalog::{Candidate, Source};

    fn candidate(path: &str, file: &Writer) -> Option<Candidate> {
        let bytes = file.write();
        let mut found = Found::default();
        let elf = Elf::read(&Source::whole(path, &bytes)).unwrap();
        read(&elf, path, &mut found).unwrap();
        found.packages.pop()
    }

    fn named(path: &str, soname: &str, data: &[u8]) -> Option<(String, String)> {
        let comment = b"GCC: (GNU) 8.5.0 2021\0GCC: (GNU) 14.2.1 2025 (R 1)\0";
        let file = Writer::default().soname(soname).section(".rodata", data);
        let package = candidate(path, &file.section(".comment", comment))?;
        Some((package.name, package.version))
    }

    /// With these names of symbols, of versions and of what it needs.
    fn with_names(path: &str, soname: &str, names: &str) -> Option<(String, String)> {
        let names = format!("\0{}\0", names.replace(' ', "\0"));
        let file = Writer::default().soname(soname);
        let package = candidate(path, &file.section(".dynstr", names.as_bytes()))?;
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
        let fortran = |symbols: &str| with_names("opt/app/libfoo.so", "libmpifort.so.12", symbols);
        let found = fortran("mpi_init_ __I_MPI__intel_fast_memset");
        assert_eq!(found, Some(("intel-mpi".to_owned(), String::new())));
        assert_eq!(fortran("mpi_init_"), None);
        assert_eq!(named("opt/lib/libx.so", "libx.so", b"MPICH Version:"), None);
    }

    #[test]
    fn linear_algebra_is_told_by_its_symbols() {
        for (file, soname, names, expected) in [
            (
                "atlas/libblas.so.3.10.3",
                "libblas.so.3",
                "dgemm_ ATL_dgemm",
                "atlas 3.10.3",
            ),
            (
                "libsatlas.so.3.10",
                "libsatlas.so.3",
                "ATL_dgemm",
                "atlas 3.10",
            ),
            (
                "libblas.so.3",
                "libblas.so.3",
                "libopenblas.so.0 blas_memory_alloc",
                "openblas ",
            ),
            // The reference built upon OpenBLAS.
            (
                "liblapack.so.3.11.0",
                "liblapack.so.3",
                "libopenblas.so.0 dgemm_",
                "lapack 3.11.0",
            ),
        ] {
            let (name, version) = with_names(file, soname, names).unwrap();
            assert_eq!(format!("{name} {version}"), expected);
        }
        assert_eq!(with_names("libatlas.so.3", "libatlas.so.3", "x"), None);
    }

    #[test]
    fn the_series_of_a_compiler_is_told_where_it_is_certain() {
        let gfortran = |names: &str| with_names("a/libgfortran.so.5", "libgfortran.so.5", names);
        for (names, expected) in [
            ("GFORTRAN_8 GFORTRAN_10.2 GFORTRAN_9.2", ""),
            ("GFORTRAN_8 GFORTRAN_12 GFORTRAN_13 GFORTRAN_10", "13"),
            ("GFORTRAN_14 GFORTRAN_15", ""),
            ("GFORTRAN_C99 GFORTRAN_8", "8"),
            ("", ""),
        ] {
            let (_, version) = gfortran(names).unwrap();
            assert_eq!(version, expected, "{names}");
        }
        let names = "GLIBCXX_3.4 GLIBCXX_3.4.9 GLIBCXX_3.4.30";
        let found = with_names("a/libstdc++.so.6.0.30", "libstdc++.so.6", names);
        assert_eq!(found, Some(("libstdc++".to_owned(), "12".to_owned())));
    }

    #[test]
    fn a_licence_that_came_with_a_release_is_not_that_of_earlier_ones() {
        let license = |text: &str| {
            let file = Writer::default().soname("libhdf5.so.103");
            let text = format!("\0HDF5 library version: {text}\0");
            candidate(
                "a/libhdf5.so.103",
                &file.section(".rodata", text.as_bytes()),
            )
            .unwrap()
            .declared
        };
        assert_eq!(license("1.14.3").as_deref(), Some("HDF5"));
        assert_eq!(license("1.10.1").as_deref(), Some("HDF5"));
        assert_eq!(license("1.8.22"), None);
        assert_eq!(license("%d"), None);
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
                "x/libibverbs-1a2b3c4d.so.1.14.44.0",
                "libibverbs.so.1",
                "",
                "rdma-core 44.0",
            ),
            ("x/libibverbs.so.1.0.0", "libibverbs.so.1", "", "rdma-core "),
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
        ] {
            let (name, version) = named(path, soname, data.as_bytes()).unwrap();
            assert_eq!(format!("{name} {version}"), expected);
        }
    }

    #[test]
    fn a_directory_tells_the_version_where_nothing_else_does() {
        for (path, soname, expected) in [
            (
                "opt/netcdf-fortran-4.5.4/lib/libnetcdff.so.7",
                "libnetcdff.so.7",
                "netcdf-fortran 4.5.4",
            ),
            (
                "opt/ucx-1.15.0/lib/libucp.so.0",
                "libucp.so.0",
                "ucx 1.15.0",
            ),
            (
                "oneapi/mkl/2024.0/lib/libmkl_core.so.2",
                "libmkl_core.so.2",
                "mkl 2024.0",
            ),
        ] {
            let (name, version) = named(path, soname, b"").unwrap();
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
