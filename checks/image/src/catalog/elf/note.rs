//! Package notes: "Package Metadata for Executable Files" of the UAPI group.
//!
//! A note of the owner `FDO` and the type 0xcafe1a7e, whose content is a JSON object that ends
//! in a NUL. It names the package that the file was built for, which need not be installed.

use serde::Deserialize;

use super::sections::Elf;
use super::{evidence, own_file};
use crate::catalog::{Candidate, Found};

/// The type of the note.
const TYPE: u32 = 0xcafe_1a7e;

/// The type of the note with the id of the build.
const BUILD_ID: u32 = 3;

/// The most bytes of its content.
const LONGEST: usize = 64 * 1024;

/// The types of packages that purls know under the same name, and the system that has them.
const KINDS: [(&str, &str, &str); 4] = [
    ("deb", "deb", "debian"),
    ("rpm", "rpm", ""),
    ("apk", "apk", "alpine"),
    ("alpm", "alpm", "arch"),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Note {
    r#type: Option<String>,
    os: Option<String>,
    os_version: Option<String>,
    os_cpe: Option<String>,
    name: Option<String>,
    version: Option<String>,
    architecture: Option<String>,
}

/// Reads the note of a file.
pub(super) fn read(elf: &Elf<'_>, path: &str, found: &mut Found) -> Result<(), String> {
    let of_package = |notes| content(elf, notes, b"FDO\0", TYPE);
    let text = elf.notes().find_map(of_package);
    let text = match text {
        Some(text) => text,
        // An object file has no segments.
        None => match elf
            .sections(".note.package")?
            .into_iter()
            .find_map(of_package)
        {
            Some(text) => text,
            None => return Ok(()),
        },
    };
    let end = text
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(text.len());
    let note: Note = serde_json::from_slice(&text[..end])
        .map_err(|error| format!("its package note is no JSON object as specified: {error}"))?;
    if let Some(package) = package(note, path) {
        found.owned.push(own_file(path));
        found.add(package);
    }
    Ok(())
}

/// The id that the linker gave to this very build (`NT_GNU_BUILD_ID` of the owner `GNU`).
pub(super) fn build_id<'d>(elf: &Elf<'d>) -> Option<&'d [u8]> {
    let mut notes = elf.notes();
    notes.find_map(|notes| content(elf, notes, b"GNU\0", BUILD_ID))
}

/// The content of the note of an owner and a type among the notes of a segment or a section.
fn content<'d>(elf: &Elf<'_>, mut notes: &'d [u8], of: &[u8], asked: u32) -> Option<&'d [u8]> {
    let number = |bytes: &[u8]| {
        let bytes: [u8; 4] = bytes.try_into().ok()?;
        Some(if elf.is_big_endian() {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        })
    };
    let padded = |size: u32| (size as usize).checked_next_multiple_of(4);
    loop {
        let (head, rest) = notes.split_at_checked(12)?;
        let (name, size, kind) = (
            number(&head[..4])?,
            number(&head[4..8])?,
            number(&head[8..])?,
        );
        let (owner, rest) = rest.split_at_checked(padded(name)?)?;
        let text = rest.get(..size as usize)?;
        if kind == asked && owner.starts_with(of) {
            return text.get(..text.len().min(LONGEST));
        }
        // The last note of a segment need not be padded.
        notes = rest.get(padded(size)?..)?;
    }
}

fn package(note: Note, path: &str) -> Option<Candidate> {
    let name = note.name.filter(|name| !name.is_empty())?;
    let known = note.r#type.as_deref().and_then(|kind| {
        let mut kinds = KINDS.iter();
        kinds.find(|(word, ..)| *word == kind)
    });
    let (kind, os) = known.map_or(("generic", ""), |(_, kind, os)| (*kind, *os));
    let vendor = note.os.or_else(|| vendor(note.os_cpe.as_deref()?));
    let vendor = vendor.or_else(|| Some(os.to_owned()).filter(|os| !os.is_empty()));
    let mut package = Candidate {
        name,
        version: note.version.unwrap_or_default(),
        arch: note.architecture,
        ..evidence(kind, "note", path)
    };
    if kind == "generic" {
        package.supplier = vendor;
        return Some(package);
    }
    if let (Some(os), Some(version)) = (&vendor, &note.os_version) {
        package
            .qualifiers
            .push(("distro", format!("{os}-{version}")));
    }
    package.namespace = vendor;
    Some(package)
}

/// The vendor of a CPE 2.2 or 2.3 name of an operating system: `cpe:/o:VENDOR:PRODUCT:…`.
fn vendor(cpe: &str) -> Option<String> {
    let rest = cpe
        .strip_prefix("cpe:/o:")
        .or_else(|| cpe.strip_prefix("cpe:2.3:o:"))?;
    let vendor = rest.split(':').next()?;
    // The vendor of the CPE of Fedora is its project.
    let vendor = vendor.strip_suffix("project").unwrap_or(vendor);
    (!vendor.is_empty()).then(|| vendor.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Writer;
    use super::*;
    use crate::catalog::Source;

    fn found(content: &str) -> Result<Found, String> {
        let bytes = Writer::default().note(content.as_bytes()).write();
        let mut found = Found::default();
        let elf = Elf::read(&Source::whole("lib/x.so", &bytes)).unwrap();
        read(&elf, "lib/x.so", &mut found).map(|()| found)
    }

    #[test]
    fn a_package_of_another_distribution() {
        let found = found(
            "{\"type\":\"rpm\",\"name\":\"coreutils\",\"version\":\"9.4-1.fc40\",\
             \"architecture\":\"x86_64\",\"osCpe\":\"cpe:/o:fedoraproject:fedora:40\"}\0",
        )
        .unwrap();
        let package = &found.packages[0];
        assert_eq!(
            (package.kind, &*package.name, &*package.version),
            ("rpm", "coreutils", "9.4-1.fc40")
        );
        assert_eq!(package.namespace.as_deref(), Some("fedora"));
        assert_eq!(package.arch.as_deref(), Some("x86_64"));
        assert!(package.yields);
    }

    #[test]
    fn the_system_where_it_is_named() {
        let found =
            found(r#"{"type":"deb","os":"ubuntu","osVersion":"24.04","name":"a","version":"1"}"#)
                .unwrap();
        let package = &found.packages[0];
        assert_eq!(package.namespace.as_deref(), Some("ubuntu"));
        assert!(
            package
                .qualifiers
                .contains(&("distro", "ubuntu-24.04".into()))
        );
    }

    #[test]
    fn other_types_are_generic_and_one_without_a_name_is_none() {
        let generic = found(r#"{"type":"other","name":"a"}"#).unwrap();
        assert_eq!(
            (generic.packages[0].kind, &*generic.packages[0].version),
            ("generic", "")
        );
        assert!(found(r#"{"type":"rpm"}"#).unwrap().packages.is_empty());
        assert!(found("none").is_err());
    }
}
