//! `package-lock.json` and `npm-shrinkwrap.json`: the tree of `node_modules`, flat in
//! `packages` (versions 2 and 3) or nested in `dependencies` (version 1).

use hpcctl_license_db::declared;
use serde::Deserialize;

use super::Locked;
use crate::catalog::Source;
use crate::catalog::json::{self, Flag, Keys, Names, Object, Text};

/// Directories in which one dependency is looked for.
const MOST_PLACES: usize = 16;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lock {
    packages: Object<Entry>,
    dependencies: Object<Nested>,
}

/// An entry of versions 2 and 3; its key is the path of its directory.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Entry {
    name: Text,
    version: Text,
    license: Names,
    dev: Flag,
    link: Flag,
    dependencies: Keys,
    optional_dependencies: Keys,
    peer_dependencies: Keys,
}

/// An entry of version 1.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Nested {
    version: Text,
    dev: Flag,
    requires: Keys,
    dependencies: Object<Nested>,
}

/// Reads the file.
pub(super) fn read(source: &Source<'_>) -> Result<Vec<Locked>, String> {
    let lock: Lock = json::read(source)?;
    let mut out = Vec::new();
    if lock.packages.0.is_empty() {
        nested(lock.dependencies, "", &mut out);
        return Ok(out);
    }
    for (path, entry) in lock.packages.0 {
        // The empty path is the application, and one without node_modules a folder of it.
        let Some((_, last)) = path.rsplit_once("node_modules/") else {
            continue;
        };
        if entry.dev.0 || entry.link.0 {
            continue;
        }
        let needs = [
            entry.dependencies,
            entry.optional_dependencies,
            entry.peer_dependencies,
        ];
        let needs = needs.iter().flat_map(|keys| &keys.0);
        out.push(Locked {
            name: entry.name.some().unwrap_or(last).to_owned(),
            license: declared::any_of(entry.license.0.iter().map(String::as_str)),
            needs: needs.map(|name| places(&path, name)).collect(),
            version: entry.version.0,
            key: path,
            also: Vec::new(),
        });
    }
    Ok(out)
}

/// Takes in the entries of version 1; the nesting is bounded by the reader of JSON.
fn nested(entries: Object<Nested>, above: &str, out: &mut Vec<Locked>) {
    for (name, entry) in entries.0 {
        if entry.dev.0 {
            continue;
        }
        let path = match above {
            "" => format!("node_modules/{name}"),
            above => format!("{above}/node_modules/{name}"),
        };
        // `npm:other@1.0` is another package under this name.
        let alias = entry.version.0.strip_prefix("npm:");
        let (name, version) = match alias.and_then(|alias| alias.rsplit_once('@')) {
            Some((name, version)) => (name.to_owned(), version.to_owned()),
            None => (name, entry.version.0),
        };
        // A version that is an address has no number.
        if !version.contains(['/', ':']) {
            let needs = entry.requires.0.iter();
            out.push(Locked {
                name,
                version,
                needs: needs.map(|need| places(&path, need)).collect(),
                key: path.clone(),
                ..Locked::default()
            });
        }
        nested(entry.dependencies, &path, out);
    }
}

/// Where a dependency may lie, the nearest first.
fn places(path: &str, name: &str) -> String {
    let mut places = vec![format!("{path}/node_modules/{name}")];
    let mut at = path;
    while let Some((above, _)) = at.rsplit_once("node_modules/") {
        places.push(format!("{above}node_modules/{name}"));
        if places.len() >= MOST_PLACES {
            break;
        }
        at = above;
    }
    places.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(text: &str) -> Vec<Locked> {
        read(&Source::whole("package-lock.json", text.as_bytes())).unwrap()
    }

    #[test]
    fn version_3() {
        let read = locked(
            r#"{"lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"},
              "node_modules/a":{"version":"1.2.3","license":"MIT","dependencies":{"@s/b":"^1"}},
              "node_modules/a/node_modules/@s/b":{"version":"2.0.0"},
              "node_modules/c":{"name":"real","version":"3.0.0"},
              "node_modules/d":{"version":"4.0.0","dev":true},
              "node_modules/w":{"resolved":"w","link":true},"w":{"version":"5.0.0"}}}"#,
        );
        let names: Vec<_> = read.iter().map(|one| (&*one.name, &*one.version)).collect();
        assert_eq!(
            names,
            [("a", "1.2.3"), ("@s/b", "2.0.0"), ("real", "3.0.0")]
        );
        assert_eq!(read[0].license.as_deref(), Some("MIT"));
        assert_eq!(
            read[0].needs,
            ["node_modules/a/node_modules/@s/b|node_modules/@s/b"]
        );
        assert_eq!(read[1].key, "node_modules/a/node_modules/@s/b");
    }

    #[test]
    fn version_1() {
        let read = locked(
            r#"{"lockfileVersion":1,"dependencies":{
              "a":{"version":"1.0.0","requires":{"b":"^2"},"dependencies":{"b":{"version":"2.0.0"}}},
              "b":{"version":"1.5.0","dev":true},"c":{"version":"npm:real@3.0.0"},
              "g":{"version":"git+https://example.org/g#1"}}}"#,
        );
        let names: Vec<_> = read.iter().map(|one| (&*one.name, &*one.version)).collect();
        assert_eq!(names, [("a", "1.0.0"), ("b", "2.0.0"), ("real", "3.0.0")]);
        assert_eq!(
            read[0].needs,
            ["node_modules/a/node_modules/b|node_modules/b"]
        );
        assert_eq!(read[1].key, "node_modules/a/node_modules/b");
    }
}
