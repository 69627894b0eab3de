//! Programs in Rust that were built with cargo-auditable: the crates that they are made of.
//!
//! The section `.dep-v0` holds a JSON document, compressed by zlib, as the format of
//! cargo-auditable describes it. Crates of kind `build` are not part of the program.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use serde::Deserialize;

use super::sections::Elf;
use crate::catalog::{Candidate, Found};

/// The most bytes of the plain document, which is also what cargo-auditable's own reader takes.
const LONGEST: u64 = 8 * 1024 * 1024;

#[derive(Debug, Deserialize)]
struct Document {
    packages: Vec<Crate>,
}

#[derive(Debug, Deserialize)]
struct Crate {
    name: String,
    version: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    dependencies: Vec<usize>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Build,
    #[default]
    #[serde(other)]
    Runtime,
}

/// Adds the crates of a program.
pub(super) fn read(elf: &Elf<'_>, path: &str, found: &mut Found) -> Result<(), String> {
    let sections = elf.sections(".dep-v0")?;
    let Some(packed) = sections.first() else {
        return Ok(());
    };
    let crates = document(packed).map_err(|why| format!("its list of crates {why}"))?;
    let key = |place: usize| format!("{path}\n{place}");
    for (place, one) in crates.iter().enumerate() {
        if one.kind == Kind::Build {
            continue;
        }
        let is_part = |place: &&usize| {
            let needed = crates.get(**place);
            needed.is_some_and(|needed| needed.kind == Kind::Runtime)
        };
        let needed = one.dependencies.iter().filter(is_part);
        found.add(Candidate {
            kind: "cargo",
            name: one.name.clone(),
            version: one.version.clone(),
            key: Some(key(place)),
            depends: needed.map(|place| key(*place)).collect(),
            ..Candidate::default()
        });
    }
    Ok(())
}

fn document(packed: &[u8]) -> Result<Vec<Crate>, String> {
    let mut plain = Vec::new();
    let mut decoder = ZlibDecoder::new(packed).take(LONGEST + 1);
    decoder
        .read_to_end(&mut plain)
        .map_err(|error| format!("cannot be decompressed: {error}"))?;
    if plain.len() as u64 > LONGEST {
        return Err(format!("has more than {LONGEST} bytes"));
    }
    let document: Document =
        serde_json::from_slice(&plain).map_err(|error| format!("is no such document: {error}"))?;
    Ok(document.packages)
}

#[cfg(test)]
pub(super) mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::super::fixture::Writer;
    use super::*;
    use crate::catalog::Source;

    pub(in super::super) fn packed(text: &str) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn found(section: &[u8]) -> Result<Found, String> {
        let bytes = Writer::default().section(".dep-v0", section).write();
        let mut found = Found::default();
        let elf = Elf::read(&Source::whole("bin/x", &bytes)).unwrap();
        read(&elf, "bin/x", &mut found).map(|()| found)
    }

    #[test]
    fn crates_of_the_program_with_what_they_need() {
        let text = r#"{"packages":[
            {"name":"cc","version":"1.0.0","source":"crates.io","kind":"build"},
            {"name":"libc","version":"0.2.1","source":"crates.io"},
            {"name":"x","version":"2.0.0","source":"local","kind":"runtime","dependencies":[0,1,9],"root":true}
        ]}"#;
        let found = found(&packed(text)).unwrap();
        let [libc, root] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            (&*libc.name, &*root.name, &*root.version),
            ("libc", "x", "2.0.0")
        );
        assert_eq!(root.depends, [libc.key.clone().unwrap()]);
    }

    #[test]
    fn what_is_no_list_is_a_fault() {
        assert!(
            found(b"none")
                .unwrap_err()
                .contains("cannot be decompressed")
        );
        assert!(
            found(&packed("[]"))
                .unwrap_err()
                .contains("no such document")
        );
        let bomb = packed(&" ".repeat(9 << 20));
        assert!(bomb.len() < 100_000);
        assert!(found(&bomb).unwrap_err().contains("more than"));
    }
}
