//! ELF files: what they say about themselves, whatever their path is.
//!
//! A package note names the package that the file was built for. Programs in Go and Rust list
//! the modules and crates that they are made of. Libraries of high-performance computing are
//! known by their SONAME and by the version strings inside. A file that is none of these costs
//! a look at its headers. C headers and files of pkg-config tell the release of what has no more
//! than a number in it.

mod code;
mod damage;
#[cfg(test)]
mod fixture;
mod go;
mod header;
mod libraries;
mod library;
mod note;
mod pkg_config;
mod release;
mod rust;
mod sections;

pub(super) use self::code::{ranges as code, written};
use self::sections::Elf;
use super::{Candidate, Found, Owned, Source, TextsIn};

/// What an ELF file begins with.
const MAGIC: &[u8] = b"\x7fELF";

/// What the qualifier `elf` of a purl says about how the package was known.
const QUALIFIER: &str = "elf";

/// Reads a file.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if source.bytes.starts_with(MAGIC) {
        found.faults.extend(damage::of(source).map(str::to_owned));
    }
    let Some(elf) = Elf::read(source) else {
        header::read(source, &mut found);
        pkg_config::read(source, &mut found);
        return found;
    };
    let read = note::read(&elf, source.path, &mut found)
        .and_then(|()| go::read(&elf, source.path, &mut found))
        .and_then(|()| rust::read(&elf, source.path, &mut found))
        .and_then(|()| library::read(&elf, source.path, &mut found));
    // What is damaged was told already.
    if let Err(fault) = read
        && found.faults.is_empty()
    {
        found.faults.push(fault);
    }
    for package in &mut found.packages {
        package.texts_in.extend(texts_of(&package.name));
    }
    found
}

/// Where whoever puts a library or a program beside the packages of an image can put its licence.
fn texts_of(name: &str) -> Option<TextsIn> {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    let plain = name.split('/').all(is_plain);
    plain.then(|| TextsIn::All(format!("usr/share/licenses/{name}")))
}

/// The name by which programs ask for a library, and the id of the build of that or a program, in hex;
/// none for what is none.
pub(crate) fn names<'s>(source: &Source<'s>) -> (Option<&'s str>, Option<String>) {
    let is_elf = source.bytes.starts_with(MAGIC);
    let Some(elf) = is_elf.then(|| Elf::read(source)).flatten() else {
        return (None, None);
    };
    (elf.soname(), note::build_id(&elf).map(hpcctl_model::hex))
}

/// A library that has nothing but a SONAME.
#[cfg(test)]
pub(crate) fn library(soname: &str) -> Vec<u8> {
    fixture::Writer::default().soname(soname).write()
}

/// A package that an ELF file speaks of, which stands back where another owns the file.
fn evidence(kind: &'static str, how: &str, path: &str) -> Candidate {
    Candidate {
        kind,
        qualifiers: vec![(QUALIFIER, how.to_owned())],
        key: Some(path.to_owned()),
        yields: true,
        ..Candidate::default()
    }
}

/// The one file that is known to be there of such a package.
fn own_file(path: &str) -> Owned {
    Owned {
        of: path.to_owned(),
        paths: path.to_owned(),
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test writes its files")]
mod tests {
    use super::fixture::Writer;
    use super::*;
    use proptest::prelude::*;

    /// A file that has a part for each reader.
    fn everything() -> Vec<u8> {
        let go = go::tests::blob("go1.20.1", "path\tx\nmod\ta.org/m\tv1\n");
        Writer::default()
            .soname("libfabric.so.1")
            .note(b"{\"type\":\"rpm\",\"name\":\"n\"}\0")
            .section(".go.buildinfo", &go)
            .section(".dep-v0", &rust::tests::packed(r#"{"packages":[]}"#))
            .section(".rodata", b"\x001.2.3\0")
            .write()
    }

    #[test]
    fn a_library_has_a_name_and_a_build_has_an_id() {
        let library = || Writer::default().soname("liba.so.1").note(b"{}");
        let build = library().build_id(&[0xde, 0xe4, 0x0b]).write();
        let of = |bytes: &[u8]| {
            let (soname, build_id) = names(&Source::whole("x", bytes));
            (soname.map(str::to_owned), build_id)
        };
        let soname = Some("liba.so.1".to_owned());
        assert_eq!(of(&build), (soname.clone(), Some("dee40b".to_owned())));
        assert_eq!(of(&library().write()), (soname, None));
        assert_eq!(of(&Writer::default().write()), (None, None));
        assert_eq!(of(&build[1..]), (None, None));
        assert_eq!(of(&build[..20]), (None, None));
    }

    #[test]
    fn a_file_may_say_several_things() {
        let found = parse(&Source::whole("lib/libfabric.so.1.0.0", &everything()));
        let names: Vec<&str> = found.packages.iter().map(|one| &*one.name).collect();
        assert_eq!(names, ["n", "stdlib", "a.org/m", "libfabric"]);
        assert!(found.faults.is_empty(), "{found:?}");
    }

    #[test]
    fn other_files_cost_nothing_and_damaged_ones_are_told() {
        let plain = Writer::default().write();
        assert_eq!(parse(&Source::whole("a", &plain)), Found::default());
        for (bytes, fault) in [
            (&b"\x7fELF"[..], "has no header"),
            (b"\x7fELF\x02\x01\x01", "has no header"),
            (
                b"\x7fELFgarbage, and more than a header has in a file of it",
                "has no header",
            ),
            (&plain[..plain.len() - 1], "it is cut"),
            (&everything()[..100], "it is cut"),
        ] {
            let found = parse(&Source::whole("a", bytes));
            assert_eq!((found.packages.len(), found.faults.len()), (0, 1));
            assert!(found.faults[0].contains(fault), "{found:?}");
        }
    }

    #[test]
    fn of_a_large_file_the_end_tells_what_the_start_holds() {
        let whole = everything();
        let cut = |held: usize, tail: usize| Source {
            path: "lib/libfabric.so.1",
            bytes: &whole[..held],
            gaps: &[],
            tail: &whole[whole.len() - tail..],
            size: whole.len() as u64,
        };
        let table = 64 * 5;
        let found = parse(&cut(whole.len() - table, table));
        assert_eq!(found.packages.len(), 4, "{found:?}");
        let found = parse(&cut(whole.len() - table, 0));
        assert_eq!(found.faults.len(), 1, "{found:?}");
        assert!(found.faults[0].contains(".rodata"), "{found:?}");
    }

    #[test]
    fn of_a_long_program_what_it_writes_to_is_read_wherever_it_lies() {
        let go = go::tests::blob("go1.20.1", "path\tx\nmod\ta.org/m\tv1\n");
        let program = Writer::default()
            .section(".x", &vec![1; 33 << 20])
            .section(".go.buildinfo", &go)
            .section(".y", &vec![1; 2 << 20]);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("program"), program.write()).unwrap();
        let reference = crate::Reference::directory(dir.path());
        let scanned = crate::scan(&reference, &crate::Options::default(), &crate::Silent).unwrap();
        assert_eq!(scanned.unknowns, []);
        let packages = scanned.scan.packages.iter();
        let names: Vec<&str> = packages.map(|one| &*one.name).collect();
        assert_eq!(names, ["a.org/m", "stdlib"]);
    }

    #[test]
    fn a_library_that_tells_no_version_has_that_of_its_wheel_alone() {
        let version = |wheel: &str| {
            let dir = tempfile::tempdir().unwrap();
            let put = |path: String, content: &[u8]| {
                let path = dir.path().join("lib/site-packages").join(path);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, content).unwrap();
            };
            let metadata = format!("Metadata-Version: 2.1\nName: {wheel}\nVersion: 12.9.79\n");
            put(
                format!("{wheel}-12.9.79.dist-info/METADATA"),
                metadata.as_bytes(),
            );
            let record = format!("{wheel}-12.9.79.dist-info/RECORD");
            put(record, b"nvidia/lib/libcudart.so.12,,\n");
            put(
                "nvidia/lib/libcudart.so.12".into(),
                &library("libcudart.so.12"),
            );
            let reference = crate::Reference::directory(dir.path());
            let scanned = crate::scan(&reference, &crate::Options::default(), &crate::Silent);
            let packages = scanned.unwrap().scan.packages;
            let cudart = packages.iter().find(|one| one.name == "cuda-cudart");
            cudart.unwrap().version.clone()
        };
        assert_eq!(version("nvidia_cuda_runtime_cu12"), "12.9.79");
        assert_eq!(version("nvidia_cuda_runtime"), "12.9.79");
        assert_eq!(version("nvidia_cuda_runtime_tools"), "");
        assert_eq!(version("torch"), "");
    }

    #[test]
    fn without_its_instructions_a_program_says_the_same() {
        let path = std::env::current_exe().unwrap();
        let program = crate::blob::Blob::open(&path).unwrap();
        let program = program.bytes(u64::MAX).unwrap();
        let gaps = code(&program[..4096]);
        let (mut held, mut at) = (Vec::new(), 0);
        for gap in &gaps {
            held.extend_from_slice(&program[at..gap.start as usize]);
            at = gap.end as usize;
        }
        held.extend_from_slice(&program[at..]);
        let source = Source {
            path: "program",
            bytes: &held,
            gaps: &gaps,
            tail: &[],
            size: program.len() as u64,
        };
        let whole = Source::whole("program", &program);
        let (whole, held) = (Elf::read(&whole).unwrap(), Elf::read(&source).unwrap());
        for name in [".rodata", ".comment", ".data"] {
            assert!(!whole.expected(name).unwrap().is_empty(), "{name}");
            assert_eq!(held.expected(name), whole.expected(name));
        }
        assert_eq!(held.data_segment(), whole.data_segment());
        assert!(held.notes().eq(whole.notes()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
            cut in any::<prop::sample::Index>(),
            tail in any::<prop::sample::Index>(),
            gap in (0_u64..5000, 0_u64..5000),
        ) {
            let mut bytes = everything();
            for (at, byte) in flips {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            let (cut, tail) = (cut.index(bytes.len()), tail.index(bytes.len()));
            let gap = gap.0..gap.0 + gap.1;
            let source = Source {
                path: "lib/libfabric.so.1",
                bytes: &bytes[..cut],
                gaps: std::slice::from_ref(&gap),
                tail: &bytes[tail..],
                size: bytes.len() as u64,
            };
            let _ = parse(&source);
            let _ = parse(&Source::whole("lib/libmpi.so.12", &bytes));
        }
    }
}
