//! Packages of conda: `conda-meta/*.json` of an environment.
//!
//! Each file describes one package as conda linked it: the fields are those of the package's
//! `info/index.json` and the paths of its files, relative to the environment.

use hpcctl_license_db::declared;
use serde::Deserialize;

use super::{Candidate, Found, Owned, Source, TextsIn};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Record {
    name: String,
    version: String,
    build: Option<String>,
    channel: Option<String>,
    subdir: Option<String>,
    license: Option<String>,
    r#fn: Option<String>,
    depends: Vec<String>,
    files: Vec<String>,
    /// Where the archive was unpacked: its licence files lie there, and are not linked.
    extracted_package_dir: Option<String>,
}

/// Reads the record of a package.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let record: Record = match serde_json::from_slice(source.bytes) {
        Ok(record) => record,
        Err(error) => {
            let fault = format!("it is no record of a conda package: {error}");
            found.faults.push(fault);
            return found;
        }
    };
    if record.name.is_empty() || record.version.is_empty() {
        found.faults.push("it has no name or version".to_owned());
        return found;
    }
    let meta = source.path.rsplit_once('/').map_or("", |(meta, _)| meta);
    let prefix = meta.strip_suffix("conda-meta").unwrap_or(meta);
    let inside = record.files.iter().filter(|path| !path.starts_with('/'));
    let paths: String = inside.map(|path| format!("{prefix}{path}\n")).collect();
    found.owned.push(Owned {
        of: source.path.to_owned(),
        paths: paths + source.path,
    });
    found.packages.push(package(record, source.path, prefix));
    found
}

fn package(record: Record, path: &str, prefix: &str) -> Candidate {
    let channel = record.channel.as_deref().map(channel);
    let form = record.r#fn.as_deref().and_then(form);
    let qualifiers = [
        ("build", record.build),
        ("channel", channel.map(str::to_owned)),
        ("subdir", record.subdir),
        ("type", form.map(str::to_owned)),
    ];
    let qualifiers = qualifiers.into_iter().filter_map(|(key, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((key, value))
    });
    // Virtual packages such as `__glibc` stand for the system; they are in no environment.
    let needs = record.depends.iter().filter_map(|need| {
        let name = need.split([' ', '=', '<', '>', '!', '~', '[']).next()?;
        Some(name.rsplit("::").next().unwrap_or(name)).filter(|name| !name.is_empty())
    });
    let name = &record.name;
    let unpacked = record.extracted_package_dir.as_deref().unwrap_or("");
    let unpacked = unpacked.trim_matches('/');
    let unpacked = (!unpacked.is_empty()).then(|| format!("{unpacked}/info/licenses"));
    let texts = [
        Some(TextsIn::All(format!("{prefix}share/licenses/{name}"))),
        Some(TextsIn::Named(format!("{prefix}share/doc/{name}"))),
        unpacked.map(TextsIn::All),
    ];
    Candidate {
        texts_in: texts.into_iter().flatten().collect(),
        kind: "conda",
        depends: needs.map(str::to_owned).collect(),
        name: record.name,
        version: record.version,
        declared: record.license.as_deref().and_then(declared::free_text),
        supplier: channel.map(str::to_owned),
        key: Some(path.to_owned()),
        prefix: Some(prefix.trim_end_matches('/').to_owned()),
        qualifiers: qualifiers.collect(),
        ..Candidate::default()
    }
}

/// The name of a channel in its address: `https://conda.example/conda-forge/linux-64`.
fn channel(address: &str) -> &str {
    let address = address.trim_end_matches('/');
    let mut parts = address.rsplit('/');
    let last = parts.next().unwrap_or(address);
    let is_platform = last == "noarch"
        || ["linux-", "osx-", "win-"]
            .iter()
            .any(|os| last.starts_with(os));
    if is_platform {
        parts.next().unwrap_or(last)
    } else {
        last
    }
}

/// The form of the archive that the package came in.
fn form(file: &str) -> Option<&'static str> {
    ["tar.bz2", "conda"]
        .into_iter()
        .find(|form| file.ends_with(form))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECORD: &str = r#"{"name":"numpy","version":"1.26.4","build":"py311h64a7726_0",
        "channel":"https://conda.example.org/conda-forge/linux-64","subdir":"linux-64",
        "license":"BSD-3-Clause","fn":"numpy-1.26.4-py311h64a7726_0.conda",
        "depends":["python >=3.11,<3.12.0a0","libblas>=3.9","__glibc >=2.17","conda-forge::zlib"],
        "extracted_package_dir":"/opt/pkgs/numpy-1.26.4-py311h64a7726_0",
        "files":["lib/python3.11/site-packages/numpy/__init__.py","/etc/passwd"]}"#;

    #[test]
    fn a_package_and_its_files() {
        let path = "opt/env/conda-meta/numpy-1.26.4-py311h64a7726_0.json";
        let found = parse(&Source::whole(path, RECORD.as_bytes()));
        let package = &found.packages[0];
        assert_eq!((&*package.name, &*package.version), ("numpy", "1.26.4"));
        assert_eq!(package.depends, ["python", "libblas", "__glibc", "zlib"]);
        assert_eq!(package.declared.as_deref(), Some("BSD-3-Clause"));
        let texts = [
            TextsIn::All("opt/env/share/licenses/numpy".to_owned()),
            TextsIn::Named("opt/env/share/doc/numpy".to_owned()),
            TextsIn::All("opt/pkgs/numpy-1.26.4-py311h64a7726_0/info/licenses".to_owned()),
        ];
        assert_eq!(package.texts_in, texts);
        assert_eq!(
            package.qualifiers,
            [
                ("build", "py311h64a7726_0".to_owned()),
                ("channel", "conda-forge".to_owned()),
                ("subdir", "linux-64".to_owned()),
                ("type", "conda".to_owned()),
            ]
        );
        let paths: Vec<&str> = found.owned[0].paths.lines().collect();
        assert_eq!(
            paths,
            [
                "opt/env/lib/python3.11/site-packages/numpy/__init__.py",
                path
            ]
        );
    }

    #[test]
    fn what_is_no_record_is_a_fault() {
        for text in ["", "[]", "{}", r#"{"name":"a"}"#] {
            let found = parse(&Source::whole("conda-meta/a.json", text.as_bytes()));
            assert_eq!((found.packages.len(), found.faults.len()), (0, 1), "{text}");
        }
    }

    #[test]
    fn names_of_channels() {
        for (address, name) in [
            ("conda-forge", "conda-forge"),
            ("https://x.org/pkgs/main/noarch", "main"),
            ("https://x.org/bioconda/", "bioconda"),
            ("linux-64", "linux-64"),
        ] {
            assert_eq!(channel(address), name);
        }
    }

    proptest! {
        #[test]
        fn any_record_is_read(at in 0..RECORD.len(), byte in any::<u8>(), cut in 0..RECORD.len()) {
            let mut bytes = RECORD.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = parse(&Source::whole("conda-meta/a.json", &bytes));
            let _ = parse(&Source::whole("conda-meta/a.json", &bytes[..cut]));
        }
    }
}
