//! Programs in Go: the modules that they are made of, as the linker notes them.
//!
//! The layout is that of `debug/buildinfo` and `runtime/debug` of the standard library: a
//! blob of the section `.go.buildinfo` (or at the start of the data segment), in which two
//! texts lie inline since Go 1.18, and are pointed to before.

use memchr::memmem;

use super::sections::Elf;
use crate::catalog::{Candidate, Found};

/// What the blob begins with, at a multiple of [`ALIGN`].
const MAGIC: &[u8] = b"\xff Go buildinf:";

const ALIGN: usize = 16;

/// Bytes of the data segment in which the blob is looked for where no section tells.
const DATA: usize = 1024 * 1024;

/// The most bytes of a text.
const LONGEST: u64 = 4 * 1024 * 1024;

/// The bytes that mark either end of the list of modules.
const MARK: usize = 16;

/// A word that only programs in Go have in their first bytes: the owner of the note with
/// their build id.
const OWNER: &[u8] = b"\0Go\0\0";

/// Bytes in which that note is looked for.
const HEAD: usize = 8 * 1024;

/// Adds the modules of a program in Go.
pub(super) fn read(elf: &Elf<'_>, path: &str, found: &mut Found) -> Result<(), String> {
    let head = elf.start();
    let blob = match elf.sections(".go.buildinfo")?.first() {
        Some(section) => blob(section),
        None if !is_go(head) => return Ok(()),
        None => {
            elf.expected(".go.buildinfo")?;
            let data = elf.data_segment().unwrap_or_default();
            blob(&data[..data.len().min(DATA)])
        }
    };
    // Without modules the linker notes only the version; garble removes both.
    match blob.and_then(|blob| texts(elf, blob)) {
        Some((version, modules)) => add(version, modules, path, found),
        // Before Go 1.18 the texts lay among the constants.
        None if blob.is_some() && elf.is_shortened() => {
            return Err(
                "its list of modules lies in a part that is not read of a program of this size"
                    .into(),
            );
        }
        None => {}
    }
    Ok(())
}

/// Whether the start of a program bears the note of the linker of Go.
pub(super) fn is_go(head: &[u8]) -> bool {
    memmem::find(&head[..head.len().min(HEAD)], OWNER).is_some()
}

/// The blob, from its magic bytes on.
fn blob(data: &[u8]) -> Option<&[u8]> {
    let mut places = memmem::find_iter(data, MAGIC);
    places.find(|at| at % ALIGN == 0).map(|at| &data[at..])
}

/// The version of Go, and the list of modules.
fn texts<'d>(elf: &Elf<'d>, blob: &'d [u8]) -> Option<(&'d str, &'d str)> {
    let (width, flags) = (*blob.get(14)?, *blob.get(15)?);
    let (version, modules) = if flags & 2 != 0 {
        let (version, rest) = inline(blob.get(32..)?)?;
        (
            version,
            inline(rest).map_or(&[][..], |(modules, _)| modules),
        )
    } else {
        let is_big = flags & 1 != 0;
        let pointer = |at: usize| word(blob.get(at..)?, width, is_big);
        let text = |at: usize| pointed(elf, pointer(at)?, width, is_big);
        let version = text(16)?;
        (version, text(16 + usize::from(width)).unwrap_or_default())
    };
    let modules = marked(modules).unwrap_or_default();
    Some((
        std::str::from_utf8(version).ok()?,
        std::str::from_utf8(modules).ok()?,
    ))
}

/// A text with its length before it (`encoding/binary`, `Uvarint`), and what follows.
fn inline(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_u64;
    for (place, byte) in bytes.iter().enumerate().take(9) {
        length |= u64::from(byte & 0x7f) << (7 * place);
        if byte & 0x80 == 0 {
            let length = usize::try_from(length.min(LONGEST)).ok()?;
            return bytes.get(place + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// A number of as many bytes as a pointer has.
fn word(bytes: &[u8], width: u8, is_big: bool) -> Option<u64> {
    match (width, is_big) {
        (4, true) => Some(u32::from_be_bytes(*bytes.first_chunk()?).into()),
        (4, false) => Some(u32::from_le_bytes(*bytes.first_chunk()?).into()),
        (8, true) => Some(u64::from_be_bytes(*bytes.first_chunk()?)),
        (8, false) => Some(u64::from_le_bytes(*bytes.first_chunk()?)),
        _ => None,
    }
}

/// The text of a string header (a pointer and a length) at an address.
fn pointed<'d>(elf: &Elf<'d>, address: u64, width: u8, is_big: bool) -> Option<&'d [u8]> {
    let header = elf.at(address)?;
    let start = word(header, width, is_big)?;
    let length = word(header.get(usize::from(width)..)?, width, is_big)?;
    elf.at(start)?
        .get(..usize::try_from(length.min(LONGEST)).ok()?)
}

/// What lies between the marks.
fn marked(text: &[u8]) -> Option<&[u8]> {
    let inner = text.get(MARK..text.len().checked_sub(MARK)?)?;
    inner.ends_with(b"\n").then_some(inner)
}

/// A module, where it came from, and what the linker was told.
#[derive(Debug, Default)]
struct Listed<'t> {
    main: Option<Module<'t>>,
    needed: Vec<Module<'t>>,
    settings: Vec<(&'t str, &'t str)>,
    package: &'t str,
}

#[derive(Debug, Clone, Copy)]
struct Module<'t> {
    path: &'t str,
    version: &'t str,
}

/// Reads the lines of the list.
fn listed(text: &str) -> Listed<'_> {
    let mut listed = Listed::default();
    let mut last_is_main = false;
    for line in text.lines() {
        let mut words = line.split('\t');
        let (Some(kind), Some(path)) = (words.next(), words.next()) else {
            continue;
        };
        let version = words.next().unwrap_or_default();
        let module = Module { path, version };
        match kind {
            "path" => listed.package = path,
            "mod" => listed.main = Some(module),
            "dep" => listed.needed.push(module),
            "=>" if last_is_main => replace(listed.main.as_mut(), module),
            "=>" => replace(listed.needed.last_mut(), module),
            "build" => listed.settings.extend(path.split_once('=')),
            _ => {}
        }
        last_is_main = kind == "mod";
    }
    listed
}

/// Puts what was really built in the place of a module; a directory has no name of its own.
fn replace<'t>(module: Option<&mut Module<'t>>, by: Module<'t>) {
    let is_directory = by.path.starts_with(['.', '/']);
    if let Some(module) = module.filter(|_| !is_directory) {
        *module = by;
    }
}

fn add(go: &str, modules: &str, path: &str, found: &mut Found) {
    let listed = listed(modules);
    let mut needs = Vec::new();
    let library = version_of_go(go).map(|version| candidate(path, "stdlib", version));
    let needed = listed.needed.iter().map(|module| {
        let version = Some(module.version).filter(|version| *version != "(devel)");
        candidate(path, module.path, version.unwrap_or_default().to_owned())
    });
    for module in library.into_iter().chain(needed) {
        needs.extend(module.key.clone());
        found.add(module);
    }
    let Some(main) = main_module(&listed) else {
        return;
    };
    let version = match main.version {
        "" | "(devel)" => version_of_main(&listed).unwrap_or_default(),
        version => version.to_owned(),
    };
    let main = candidate(path, main.path, version);
    found.add(Candidate {
        depends: needs,
        ..main
    });
}

/// The module of the program; without modules (`GO111MODULE=off`, as distributions build) only
/// the path of its package is there, and the version is unknown.
fn main_module<'t>(listed: &Listed<'t>) -> Option<Module<'t>> {
    let main = listed.main.filter(|main| !main.path.is_empty());
    main.or_else(|| {
        Some(Module {
            path: root(listed.package)?,
            version: "",
        })
    })
}

/// The path of the repository that a package is of: as the hosts lay them out that the go command
/// knows (`go help importpath`), elsewhere up to where programs are by custom.
fn root(package: &str) -> Option<&str> {
    let (host, _) = package.split_once('/')?;
    if !host.contains('.') {
        // `command-line-arguments`, and programs of the toolchain itself.
        return None;
    }
    let parts = match host {
        "github.com" | "bitbucket.org" | "golang.org" => 3,
        "k8s.io" | "sigs.k8s.io" => 2,
        _ => {
            return Some(
                package
                    .split_once("/cmd/")
                    .map_or(package, |(root, _)| root),
            );
        }
    };
    let end = package.match_indices('/').nth(parts - 1);
    Some(end.map_or(package, |(at, _)| &package[..at]))
}

/// A module; others of the same file find it by its key.
fn candidate(file: &str, path: &str, version: String) -> Candidate {
    let (namespace, name) = match path.rsplit_once('/') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, path),
    };
    Candidate {
        kind: "golang",
        name: path.to_owned(),
        purl_name: Some(name.to_owned()),
        namespace,
        version,
        key: Some(format!("{file}\n{path}")),
        ..Candidate::default()
    }
}

/// The version of the standard library in `go1.22.3 X:boringcrypto`.
fn version_of_go(go: &str) -> Option<String> {
    let version = go
        .split_ascii_whitespace()
        .find_map(|word| word.strip_prefix("go"))?;
    let is_version = version.starts_with(|first: char| first.is_ascii_digit());
    is_version.then(|| version.to_owned())
}

/// The version of a main module that was built from a working copy: what the linker was told
/// to set a variable named after a version to, or that of the commit.
fn version_of_main(listed: &Listed<'_>) -> Option<String> {
    let setting = |key: &str| {
        let mut settings = listed.settings.iter();
        settings
            .find(|(name, _)| *name == key)
            .map(|(_, value)| *value)
    };
    let told = setting("-ldflags").and_then(told_version);
    let commit = || {
        let (revision, time) = (setting("vcs.revision")?, setting("vcs.time")?);
        let stamp: String = time.chars().filter(char::is_ascii_digit).take(14).collect();
        Some(format!("v0.0.0-{stamp}-{}", revision.get(..12)?))
    };
    told.or_else(commit)
}

/// The value of a variable such as `main.version` in the flags of the linker.
fn told_version(flags: &str) -> Option<String> {
    let words = flags.split(|c: char| c.is_ascii_whitespace() || c == '"' || c == '\'');
    let mut versions = words.filter_map(|word| {
        let (name, value) = word.strip_prefix("-X=").unwrap_or(word).split_once('=')?;
        let (_, variable) = name.rsplit_once('.')?;
        let variable = variable.to_ascii_lowercase();
        let is_version = matches!(&*variable, "version" | "gitversion" | "buildversion");
        let value = value.trim_start_matches('v');
        (is_version && value.starts_with(|c: char| c.is_ascii_digit())).then_some(value)
    });
    let version = versions.next()?;
    Some(format!("v{version}"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::fixture::Writer;
    use super::*;
    use crate::catalog::Source;

    /// A text with its length before it.
    fn sized(text: &[u8]) -> Vec<u8> {
        let mut length = text.len();
        let mut bytes = Vec::new();
        while length >= 0x80 {
            bytes.push(length as u8 | 0x80);
            length >>= 7;
        }
        bytes.push(length as u8);
        bytes.extend(text);
        bytes
    }

    fn framed(modules: &str) -> Vec<u8> {
        [&[b'#'; MARK][..], modules.as_bytes(), &[b'#'; MARK]].concat()
    }

    /// A blob whose texts lie inline.
    pub(in super::super) fn blob(version: &str, modules: &str) -> Vec<u8> {
        let mut blob = [MAGIC, &[8, 2]].concat();
        blob.resize(32, 0);
        blob.extend(sized(version.as_bytes()));
        blob.extend(sized(&framed(modules)));
        blob
    }

    fn found(bytes: &[u8]) -> Vec<(String, String)> {
        let mut found = Found::default();
        let elf = Elf::read(&Source::whole("bin/x", bytes)).unwrap();
        read(&elf, "bin/x", &mut found).unwrap();
        let packages = found.packages.into_iter();
        packages.map(|one| (one.name, one.version)).collect()
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, version): &(&str, &str)| ((*name).to_owned(), (*version).to_owned());
        list.iter().map(owned).collect()
    }

    const MODULES: &str = "path\ta.org/m/cmd\nmod\ta.org/m\t(devel)\t\n\
        dep\tb.org/x\tv1.2.0\th1:a\ndep\tc.org/y\tv0.1.0\n=>\td.org/fork/y\tv0.2.0\th1:b\n\
        dep\te.org/z\tv3.0.0\n=>\t./local\t\nbuild\t-compiler=gc\n\
        build\t-ldflags=\"-s -w -X a.org/m/version.Version=v2.5.1\"\n";

    #[test]
    fn inline_texts() {
        let bytes = Writer::default()
            .section(".go.buildinfo", &blob("go1.22.3 X:boring", MODULES))
            .write();
        let expected = [
            ("stdlib", "1.22.3"),
            ("b.org/x", "v1.2.0"),
            ("d.org/fork/y", "v0.2.0"),
            ("e.org/z", "v3.0.0"),
            ("a.org/m", "v2.5.1"),
        ];
        assert_eq!(found(&bytes), pairs(&expected));
    }

    #[test]
    fn pointed_texts() {
        let modules = framed("mod\ta.org/m\tv1.0.0\n");
        let texts = [b"go1.16.1".as_slice(), &modules].concat();
        let file = Writer::default().section(".texts", &texts);
        let at = file.end() as u64;
        let mut headers = Vec::new();
        for number in [at, 8, at + 8, modules.len() as u64] {
            headers.extend(number.to_le_bytes());
        }
        let file = file.section(".headers", &headers);
        let at = file.end() as u64;
        let mut blob = [MAGIC, &[8, 0]].concat();
        blob.extend(at.to_le_bytes());
        blob.extend((at + 16).to_le_bytes());
        let bytes = file.section(".go.buildinfo", &blob).write();
        assert_eq!(
            found(&bytes),
            pairs(&[("stdlib", "1.16.1"), ("a.org/m", "v1.0.0")])
        );
    }

    #[test]
    fn a_program_without_names_of_sections_is_known_by_its_note() {
        let blob = blob("go1.20", "mod\ta.org/m\tv1\n");
        let mut bytes = Writer::default()
            .section("x", b"\x04\0\0\0\x10\0\0\0\x04\0\0\0Go\0\0")
            .section("y", &blob)
            .write();
        assert_eq!(
            found(&bytes),
            pairs(&[("stdlib", "1.20"), ("a.org/m", "v1")])
        );
        bytes[40..48].fill(0);
        bytes[60..64].fill(0);
        assert_eq!(found(&bytes).len(), 2);
    }

    #[test]
    fn versions_of_what_was_built_from_a_working_copy() {
        let listed =
            listed("build\tvcs.revision=0123456789abcdef\nbuild\tvcs.time=2023-01-02T03:04:05Z\n");
        assert_eq!(
            version_of_main(&listed).unwrap(),
            "v0.0.0-20230102030405-0123456789ab"
        );
        for (flags, version) in [
            ("-X 'main.version=1.2'", Some("v1.2")),
            ("-X=x.gitVersion=v3", Some("v3")),
            ("-X main.versionDate=2020", None),
            ("-X main.version=dev", None),
        ] {
            assert_eq!(told_version(flags).as_deref(), version, "{flags}");
        }
    }

    #[test]
    fn a_program_that_was_built_without_modules() {
        let mut found = Found::default();
        let text = "path\tgithub.com/containers/skopeo/cmd/skopeo\nbuild\t-compiler=gc\n";
        add("go1.19.8", text, "bin/skopeo", &mut found);
        let [library, main] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!(&*library.name, "stdlib");
        assert_eq!(
            (&*main.name, &*main.version),
            ("github.com/containers/skopeo", "")
        );
        for (package, expected) in [
            ("github.com/a/b", Some("github.com/a/b")),
            (
                "golang.org/x/tools/cmd/stringer",
                Some("golang.org/x/tools"),
            ),
            ("k8s.io/kubernetes/cmd/kubelet", Some("k8s.io/kubernetes")),
            ("go.example/m/cmd/a/b", Some("go.example/m")),
            ("go.example/m", Some("go.example/m")),
            ("command-line-arguments", None),
            ("cmd/gofmt", None),
            ("", None),
        ] {
            assert_eq!(root(package), expected, "{package}");
        }
    }

    #[test]
    fn each_program_needs_its_own_modules() {
        let mut found = Found::default();
        add("go1.20", MODULES, "bin/x", &mut found);
        let main = found.packages.last().unwrap();
        assert_eq!(main.depends.len(), 4);
        assert!(main.depends.contains(&"bin/x\nd.org/fork/y".to_owned()));
        assert_eq!(main.namespace.as_deref(), Some("a.org"));
    }
}
