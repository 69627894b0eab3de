//! Installed packages of npm, yarn and pnpm: the `package.json` of each (npm's package.json(5)).
//!
//! What a package needs is looked up as Node.js does it: in the `node_modules` beside it, then
//! in those of the directories above.

use hpcctl_license_db::declared;
use serde::Deserialize;

use super::json::{self, Flag, Keys, Names, Text};
use super::{Candidate, Found, Owned, Source, TextsIn, is_word};

/// Directories in a package that hold examples of packages, not packages.
const EXAMPLES: [&str; 14] = [
    "test",
    "tests",
    "__tests__",
    "spec",
    "fixture",
    "fixtures",
    "__fixtures__",
    "example",
    "examples",
    "template",
    "templates",
    "demo",
    "benchmark",
    "benchmarks",
];

/// Places in which one dependency is looked for.
const MOST_PLACES: usize = 16;

/// Dependencies of one package.
const MOST_NEEDS: usize = 2000;

/// A longer path is not looked up from.
const LONGEST: usize = 1024;

/// The fields that count.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Manifest {
    name: Text,
    version: Text,
    license: Names,
    licenses: Names,
    author: Names,
    maintainers: Names,
    private: Flag,
    dependencies: Keys,
    optional_dependencies: Keys,
    peer_dependencies: Keys,
}

/// Where a manifest lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Where package managers put packages.
    Installed,
    /// Inside a package.
    Inside,
    /// Anywhere else: an application.
    Loose,
}

/// Reads a manifest.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let directory = source.path.rsplit_once('/').map_or("", |(head, _)| head);
    let Some(place) = place(directory) else {
        return found;
    };
    match json::read::<Manifest>(source) {
        Ok(manifest) => {
            if let Some(package) = package(&manifest, directory, place) {
                found.owned.push(Owned {
                    of: directory.to_owned(),
                    paths: format!("{directory}/"),
                });
                found.add(package);
            }
        }
        Err(fault) if place == Place::Installed => found.faults.push(fault),
        // Elsewhere a broken document need not be a manifest at all.
        Err(_) => {}
    }
    found
}

/// The place of a directory; none where its manifest describes no package.
fn place(directory: &str) -> Option<Place> {
    let inside = match directory.rfind("node_modules/") {
        Some(at) => &directory[at + "node_modules/".len()..],
        None => match directory.strip_prefix("usr/share/nodejs/") {
            Some(inside) => inside,
            None => return (!directory.ends_with("node_modules")).then_some(Place::Loose),
        },
    };
    let mut names = inside.split('/');
    let scoped = names.next().is_some_and(|first| first.starts_with('@'));
    if scoped {
        names.next()?;
    }
    let mut below = names.peekable();
    if below.peek().is_none() {
        return Some(Place::Installed);
    }
    let is_example = below.any(|name| EXAMPLES.contains(&name));
    (!is_example).then_some(Place::Inside)
}

/// The name under which the package that a directory lies in was installed.
fn installed_as(directory: &str) -> Option<&str> {
    let at = directory.rfind("node_modules/")?;
    let inside = &directory[at + "node_modules/".len()..];
    let parts = if inside.starts_with('@') { 2 } else { 1 };
    let end = inside.match_indices('/').nth(parts - 1);
    Some(end.map_or(inside, |(at, _)| &inside[..at]))
}

fn package(manifest: &Manifest, directory: &str, place: Place) -> Option<Candidate> {
    let name = manifest.name.some().filter(|name| is_name(name))?;
    let version = manifest.version.some().filter(|version| is_word(version))?;
    if place == Place::Inside && (manifest.private.0 || installed_as(directory) == Some(name)) {
        // An entry point of its package, such as `preact/hooks`, or its own manifest again.
        return None;
    }
    let licenses = if manifest.license.0.is_empty() {
        &manifest.licenses
    } else {
        &manifest.license
    };
    let people = manifest.author.0.iter().chain(&manifest.maintainers.0);
    let needs = [
        &manifest.dependencies,
        &manifest.optional_dependencies,
        &manifest.peer_dependencies,
    ];
    let needs = needs.iter().flat_map(|keys| &keys.0).take(MOST_NEEDS);
    let (namespace, short) = scope(name);
    Some(Candidate {
        kind: "npm",
        name: name.to_owned(),
        namespace: namespace.map(str::to_owned),
        purl_name: namespace.map(|_| short.to_owned()),
        version: version.to_owned(),
        declared: declared::any_of(licenses.0.iter().map(String::as_str)),
        texts_in: vec![TextsIn::Named(directory.to_owned())],
        supplier: people
            .map(|name| name.trim())
            .find(|name| !name.is_empty())
            .map(str::to_owned),
        key: Some(directory.to_owned()),
        depends: needs
            .filter(|name| is_name(name))
            .map(|name| places(directory, name))
            .collect(),
        ..Candidate::default()
    })
}

/// Whether a name is one that npm takes, or took once: no slash but that of the scope.
pub(super) fn is_name(name: &str) -> bool {
    let (namespace, short) = scope(name);
    is_word(name) && !short.is_empty() && !short.contains('/') && namespace != Some("@")
}

/// The scope, with its `@`, and the name in it.
pub(super) fn scope(name: &str) -> (Option<&str>, &str) {
    match name.split_once('/') {
        Some((scope, short)) if scope.starts_with('@') => (Some(scope), short),
        _ => (None, name),
    }
}

/// The directories in which Node.js looks for a package (its manual, "Loading from
/// `node_modules` folders"), and where Debian has it, divided by `|`.
fn places(directory: &str, name: &str) -> String {
    if directory.len() > LONGEST {
        return name.to_owned();
    }
    let mut places = Vec::new();
    let mut at = Some(directory);
    while let Some(here) = at.filter(|_| places.len() < MOST_PLACES) {
        if here.is_empty() {
            places.push(format!("node_modules/{name}"));
        } else if here != "node_modules" && !here.ends_with("/node_modules") {
            places.push(format!("{here}/node_modules/{name}"));
        }
        at = match here.rsplit_once('/') {
            Some((above, _)) => Some(above),
            None => (!here.is_empty()).then_some(""),
        };
    }
    if directory.starts_with("usr/") {
        places.push(format!("usr/share/nodejs/{name}"));
    }
    places.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(path: &str, text: &str) -> Found {
        parse(&Source::whole(path, text.as_bytes()))
    }

    #[test]
    fn a_scoped_package_and_what_it_needs() {
        let found = read(
            "app/node_modules/@a/b/package.json",
            r#"{"name":"@a/b","version":"1.0.0","license":"MIT","author":{"name":"N","email":"e"},
                "dependencies":{"c":"^1"},"peerDependencies":{"@d/e":"*"},"devDependencies":{"x":"1"}}"#,
        );
        let package = &found.packages[0];
        assert_eq!(
            (
                &*package.name,
                package.namespace.as_deref(),
                package.purl_name.as_deref()
            ),
            ("@a/b", Some("@a"), Some("b"))
        );
        assert_eq!(package.declared.as_deref(), Some("MIT"));
        assert_eq!(package.supplier.as_deref(), Some("N"));
        assert_eq!(
            package.depends,
            [
                "app/node_modules/@a/b/node_modules/c|app/node_modules/@a/node_modules/c|\
                 app/node_modules/c|node_modules/c",
                "app/node_modules/@a/b/node_modules/@d/e|app/node_modules/@a/node_modules/@d/e|\
                 app/node_modules/@d/e|node_modules/@d/e"
            ]
        );
        assert_eq!(found.owned[0].paths, "app/node_modules/@a/b/");
    }

    #[test]
    fn licences_of_old() {
        let license = |field: &str| {
            let text = format!(r#"{{"name":"a","version":"1",{field}}}"#);
            read("node_modules/a/package.json", &text).packages[0]
                .declared
                .clone()
        };
        let two = r#""licenses":[{"type":"MIT","url":"u"},{"type":"GPL-2.0"}]"#;
        assert_eq!(license(two).unwrap(), "MIT OR GPL-2.0-only");
        assert_eq!(license(r#""license":{"type":"ISC"}"#).unwrap(), "ISC");
        assert_eq!(license(r#""license":"SEE LICENSE IN x""#), None);
        assert_eq!(license(r#""license":"BSD""#).unwrap(), "LicenseRef-BSD");
    }

    #[test]
    fn where_a_manifest_is_a_package() {
        let cases = [
            ("app", Some(Place::Loose)),
            ("app/node_modules", None),
            ("node_modules/a", Some(Place::Installed)),
            (
                "app/node_modules/a/node_modules/@b/c",
                Some(Place::Installed),
            ),
            ("app/node_modules/@b", None),
            ("app/node_modules/a/dist/vendor", Some(Place::Inside)),
            ("app/node_modules/resolve/test/multirepo", None),
            ("usr/share/nodejs/@babel/core", Some(Place::Installed)),
        ];
        for (directory, expected) in cases {
            assert_eq!(place(directory), expected, "{directory}");
        }
        let count = |path, text| read(path, text).packages.len();
        let again = r#"{"name":"@b/a","version":"1"}"#;
        assert_eq!(count("node_modules/@b/a/package.json", again), 1);
        assert_eq!(count("node_modules/@b/a/dist/lib/package.json", again), 0);
        assert_eq!(count("node_modules/c/dist/lib/package.json", again), 1);
        let private = r#"{"name":"a-hooks","version":"1","private":true}"#;
        assert_eq!(count("node_modules/a/hooks/package.json", private), 0);
        assert_eq!(count("app/package.json", private), 1);
        assert_eq!(
            count("node_modules/a/package.json", r#"{"type":"module"}"#),
            0
        );
        assert_eq!(
            count(
                "node_modules/a/package.json",
                r#"{"name":"../x","version":"1"}"#
            ),
            0
        );
        assert_eq!(read("node_modules/a/package.json", "{").faults.len(), 1);
        assert_eq!(read("app/package.json", "{"), Found::default());
    }

    proptest! {
        #[test]
        fn any_manifest_is_read(path in "(node_modules/|@a/|b/|test/){0,6}", text in "[{}\\[\\]\":,a-e]{0,60}") {
            let _ = parse(&Source::whole(&format!("{path}package.json"), text.as_bytes()));
        }
    }
}
