//! Installed Python distributions: `*.dist-info` and `*.egg-info`.
//!
//! The fields are those of the "Core metadata" specification of the Python Packaging
//! Authority, the files those of "Recording installed projects".

use hpcctl_license_db::{Identifier, declared};

use super::stanza::{Stanza, Stanzas};
use super::{Candidate, Found, Owned, Source, TextsIn};

/// Reads a metadata file, or the record of a distribution's files.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let text = String::from_utf8_lossy(source.bytes);
    let (directory, file) = source.path.rsplit_once('/').unwrap_or(("", source.path));
    let mut found = Found::default();
    if file == "RECORD" {
        found.owned.push(Owned {
            of: directory.to_owned(),
            paths: recorded(parent(directory), &text),
        });
        return found;
    }
    // A single `NAME.egg-info` file lies beside the modules, not in a directory of its own.
    let own = if file.ends_with(".egg-info") {
        None
    } else {
        Some(directory)
    };
    match Stanzas::new(&text)
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
        found.owned.push(Owned {
            of: own.to_owned(),
            paths: BESIDE
                .iter()
                .map(|name| format!("{own}/{name}\n"))
                .collect(),
        });
    }
    found
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
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

/// The normalised name ("Names and normalization"): lower case, one dash for each run of `-_.`.
fn normalised(name: &str) -> String {
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

/// The paths of a `RECORD`, which are relative to the directory of the modules.
fn recorded(base: &str, text: &str) -> String {
    let mut owned = String::new();
    for line in text.lines() {
        // A path with a comma is quoted, with its quotes doubled.
        let path = match line.strip_prefix('"') {
            Some(quoted) => quoted.split_once("\",").map_or(quoted, |(path, _)| path),
            None => line.split(',').next().unwrap_or(""),
        };
        if path.is_empty() {
            continue;
        }
        if !path.starts_with('/') {
            owned.push_str(base);
            owned.push('/');
        }
        owned.push_str(path);
        owned.push('\n');
    }
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

    proptest! {
        #[test]
        fn any_metadata_is_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = parse(&Source::whole("a.dist-info/METADATA", &bytes));
            let _ = parse(&Source::whole("a.dist-info/RECORD", &bytes));
        }
    }
}
