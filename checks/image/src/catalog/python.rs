//! Installed Python distributions: `*.dist-info`, `*.egg-info` and eggs, and what pip and
//! setuptools note of those that are used from their sources.
//!
//! The fields are those of the "Core metadata" specification of the Python Packaging
//! Authority, the files those of "Recording installed projects" and of setuptools' "The
//! Internal Structure of Python Eggs".

use std::borrow::Cow;

use hpcctl_license_db::{Identifier, declared};
use serde::Deserialize;

use super::json::{self, Flag, Text};
use super::stanza::{Stanza, Stanzas};
use super::zip::Zip;
use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads a metadata file, or what belongs to a distribution.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", source.path));
    let mut found = Found::default();
    let paths = match file {
        "RECORD" => recorded(parent(directory), &text(source), &mut found),
        "installed-files.txt" => installed(directory, &text(source)),
        "direct_url.json" => match editable(source) {
            Ok(paths) => paths,
            Err(fault) => return Found::unread(fault),
        },
        file if file.ends_with(".egg-link") => return linked(source, file),
        file if file.ends_with(".egg") => return zipped(source),
        _ => return metadata(source.path, &text(source)),
    };
    if !paths.is_empty() {
        found.owned.push(Owned {
            of: directory.to_owned(),
            paths,
        });
    }
    found
}

fn text<'a>(source: &Source<'a>) -> Cow<'a, str> {
    String::from_utf8_lossy(source.bytes)
}

/// Reads `METADATA` or `PKG-INFO`.
fn metadata(path: &str, text: &str) -> Found {
    let mut found = Found::default();
    let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
    // A single `NAME.egg-info` file lies beside the modules, not in a directory of its own.
    let own = (!file.ends_with(".egg-info")).then_some(directory);
    match Stanzas::new(text)
        .advance()
        .and_then(|stanza| package(stanza, own))
    {
        Some(package) => found.packages.push(package),
        None => found.faults.push("it has no name or version".to_owned()),
    }
    if let Some(own) = own {
        const BESIDE: [&str; 5] = [
            "METADATA",
            "PKG-INFO",
            "SOURCES.txt",
            "WHEEL",
            "entry_points.txt",
        ];
        let mut paths: String = BESIDE
            .iter()
            .map(|name| format!("{own}/{name}\n"))
            .collect();
        // An egg is a directory of its own, with all that is in it.
        if let Some(egg) = own.strip_suffix("/EGG-INFO") {
            paths.push_str(&format!("{egg}/\n"));
        }
        found.owned.push(Owned {
            of: own.to_owned(),
            paths,
        });
    }
    found
}

/// What pip notes of a distribution that was installed from an address ("Direct URL Data
/// Structure"); the directory of an editable one is part of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DirectUrl {
    url: Text,
    dir_info: DirInfo,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DirInfo {
    editable: Flag,
}

fn editable(source: &Source<'_>) -> Result<String, String> {
    let read: DirectUrl = json::read(source)?;
    let path = read
        .url
        .0
        .strip_prefix("file://")
        .filter(|_| read.dir_info.editable.0);
    // The whole system is no source directory.
    let path = path
        .map(|path| path.trim_matches('/'))
        .filter(|path| !path.is_empty());
    Ok(path
        .map(|path| format!("{}/\n", unescaped(path)))
        .unwrap_or_default())
}

/// The path in an address, without its escapes (RFC 3986, 2.1).
fn unescaped(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let digits = tail.get(..2).filter(|_| *first == b'%');
        let escaped = digits
            .and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `NAME.egg-link` of setuptools' `develop`: the directory in which the sources' `egg-info`
/// lies, and from there that of the project.
fn linked(source: &Source<'_>, file: &str) -> Found {
    let text = text(source);
    let mut lines = text.lines().map(str::trim);
    let name = file
        .strip_suffix(".egg-link")
        .unwrap_or(file)
        .replace('-', "_");
    let directory = lines.next().unwrap_or_default().trim_matches('/');
    if directory.is_empty() {
        return Found::unread("it names no directory");
    }
    let owned = Owned {
        of: format!("{directory}/{name}.egg-info"),
        paths: format!("{directory}/\n{}\n", source.path),
    };
    Found {
        owned: vec![owned],
        ..Found::default()
    }
}

/// An egg that is an archive, with the metadata in it.
fn zipped(source: &Source<'_>) -> Found {
    const MOST: u64 = 1024 * 1024;
    let read = Zip::open(source.bytes).and_then(|mut zip| {
        let entry = zip.find("EGG-INFO/PKG-INFO");
        let entry = entry.ok_or("there is no EGG-INFO/PKG-INFO in it")?;
        zip.content(&entry, MOST)
    });
    match read {
        Ok(bytes) => {
            let path = format!("{}/EGG-INFO/PKG-INFO", source.path);
            let mut found = metadata(&path, &String::from_utf8_lossy(&bytes));
            for owned in &mut found.owned {
                owned.paths = source.path.to_owned();
            }
            found
        }
        Err(fault) => Found::unread(fault),
    }
}

fn parent(directory: &str) -> &str {
    directory.rsplit_once('/').map_or("", |(parent, _)| parent)
}

fn package(stanza: &Stanza<'_>, own: Option<&str>) -> Option<Candidate> {
    let name = stanza.get("Name").filter(|name| is_name(name))?;
    let version = stanza
        .get("Version")
        .filter(|version| !version.is_empty())?;
    let classifiers: Vec<&str> = stanza.all("Classifier").collect();
    let known = |name: &str| {
        stanza
            .get(name)
            .filter(|value| !value.is_empty() && *value != "UNKNOWN")
    };
    let people = ["Maintainer", "Maintainer-email", "Author", "Author-email"];
    let mut texts_in = Vec::new();
    if let Some(own) = own {
        texts_in.push(TextsIn::Named(own.to_owned()));
        texts_in.push(TextsIn::All(format!("{own}/licenses")));
        texts_in.push(TextsIn::All(format!("{own}/license_files")));
    }
    Some(Candidate {
        kind: "pypi",
        name: name.to_owned(),
        purl_name: Some(normalised(name)),
        version: version.to_owned(),
        declared: declared::python::license(
            Identifier::spdx(),
            known("License-Expression"),
            known("License"),
            &classifiers,
        ),
        texts_in,
        supplier: people.iter().find_map(|name| known(name)).map(one_line),
        key: own.map(str::to_owned),
        depends: stanza.all("Requires-Dist").filter_map(required).collect(),
        provides: vec![normalised(name)],
        ..Candidate::default()
    })
}

/// The name in a requirement; none where it is for an extra that was not asked for.
fn required(requirement: &str) -> Option<String> {
    let (what, marker) = requirement.split_once(';').unwrap_or((requirement, ""));
    let end = what
        .find([' ', '(', '[', '<', '>', '=', '!', '~'])
        .unwrap_or(what.len());
    let name = &what[..end];
    (!marker.contains("extra") && is_name(name)).then(|| normalised(name))
}

/// Whether a name has the form that the specification gives, or one of old that is no path.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

/// The normalised name ("Names and normalization"): lower case, one dash for each run of `-_.`.
pub(super) fn normalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for character in name.chars() {
        match character {
            '-' | '_' | '.' if out.ends_with('-') => {}
            '-' | '_' | '.' => out.push('-'),
            _ => out.push(character.to_ascii_lowercase()),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// The paths of `installed-files.txt`, which are relative to the `egg-info` that it lies in.
fn installed(directory: &str, text: &str) -> String {
    let paths = text.lines().map(str::trim).filter(|path| !path.is_empty());
    let absolute = |path: &str| match path.strip_prefix('/') {
        Some(path) => format!("{path}\n"),
        None => format!("{directory}/{path}\n"),
    };
    paths.map(absolute).collect()
}

/// The paths of a `RECORD`, which are relative to the directory of the modules: lines of a path,
/// a digest and a size.
fn recorded(base: &str, text: &str, found: &mut Found) -> String {
    let mut owned = String::new();
    let mut stray = 0;
    for line in text.lines().filter(|line| !line.is_empty()) {
        // A path with a comma is quoted, with its quotes doubled.
        let row = match line.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\","),
            None => line.split_once(','),
        };
        let row = row.filter(|(path, rest)| !path.is_empty() && rest.contains(','));
        let Some((path, _)) = row else {
            stray += 1;
            continue;
        };
        if !path.starts_with('/') {
            owned.push_str(base);
            owned.push('/');
        }
        owned.push_str(path);
        owned.push('\n');
    }
    found.stray_lines(stray);
    owned
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn metadata() {
        let text = "Metadata-Version: 2.1\nName: Foo__Bar.baz\nVersion: 1.0\n\
            Author: A B\nRequires-Dist: Num_Py>=1.2; python_version>'3'\nRequires-Dist: x; extra == 't'\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT License\n\nName: body\n";
        let found = read("venv/lib/Foo.dist-info/METADATA", text);
        let [package] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*package.name, &*package.version), ("Foo__Bar.baz", "1.0"));
        assert_eq!(package.purl_name.as_deref(), Some("foo-bar-baz"));
        assert_eq!(package.declared.as_deref(), Some("MIT"));
        assert_eq!(package.supplier.as_deref(), Some("A B"));
        assert_eq!(package.depends, ["num-py"]);
        assert!(
            package
                .texts_in
                .contains(&TextsIn::All("venv/lib/Foo.dist-info/licenses".into()))
        );
        let egg = read("lib/x.egg-info", "Name: x\nVersion: 2\n");
        assert_eq!((egg.packages.len(), egg.packages[0].texts_in.len()), (1, 0));
        assert_eq!(
            read("x.egg-info/PKG-INFO", "Summary: none\n").faults.len(),
            1
        );
    }

    #[test]
    fn record() {
        let text = "foo/__init__.py,sha256=x,3\n../../../bin/foo,,\n\"a,b.py\",,\n";
        let found = read("lib/site/foo-1.dist-info/RECORD", text);
        assert_eq!(found.owned[0].of, "lib/site/foo-1.dist-info");
        assert_eq!(
            found.owned[0].paths,
            "lib/site/foo/__init__.py\nlib/site/../../../bin/foo\nlib/site/a,b.py\n"
        );
    }

    #[test]
    fn distributions_used_from_their_sources() {
        let url = r#"{"dir_info":{"editable":true},"url":"file:///srv/my%20app"}"#;
        let found = read("lib/edit-1.dist-info/direct_url.json", url);
        assert_eq!(
            (&*found.owned[0].of, &*found.owned[0].paths),
            ("lib/edit-1.dist-info", "srv/my app/\n")
        );
        let url = r#"{"archive_info":{},"url":"https://example.org/a.whl"}"#;
        assert_eq!(
            read("lib/a-1.dist-info/direct_url.json", url),
            Found::default()
        );
        let found = read("lib/site/my-app.egg-link", "/srv/app/src\n../\n");
        assert_eq!(found.owned[0].of, "srv/app/src/my_app.egg-info");
        assert!(found.owned[0].paths.starts_with("srv/app/src/\n"));
    }

    #[test]
    fn eggs() {
        let found = read("lib/foo-1.egg/EGG-INFO/PKG-INFO", "Name: foo\nVersion: 1\n");
        assert_eq!(
            found.packages[0].key.as_deref(),
            Some("lib/foo-1.egg/EGG-INFO")
        );
        assert!(found.owned[0].paths.ends_with("lib/foo-1.egg/\n"));
        let egg = crate::catalog::zip::build::zip(&[(
            "EGG-INFO/PKG-INFO",
            b"Name: foo\nVersion: 1\n",
            true,
        )]);
        let found = parse(&Source::whole("lib/foo-1.egg", &egg));
        assert_eq!(
            (&*found.packages[0].name, &*found.owned[0].paths),
            ("foo", "lib/foo-1.egg")
        );
        assert_eq!(
            parse(&Source::whole("lib/foo-1.egg", b"PK")).faults.len(),
            1
        );
        let files = read(
            "lib/foo.egg-info/installed-files.txt",
            "../foo/a.py\n/usr/bin/foo\n",
        );
        assert_eq!(
            files.owned[0].paths,
            "lib/foo.egg-info/../foo/a.py\nusr/bin/foo\n"
        );
    }

    proptest! {
        #[test]
        fn any_metadata_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&Source::whole("a.dist-info/METADATA", &bytes));
            for path in ["a.dist-info/RECORD", "a.dist-info/direct_url.json", "a.egg", "a.egg-link"] {
                let _ = parse(&Source::whole(path, &bytes));
            }
        }
    }
}
