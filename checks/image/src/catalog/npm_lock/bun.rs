//! `bun.lock` of Bun 1.2 and later (Bun's reference, `BunLockFile`): JSON with commas before closing
//! brackets. A package is a list, of which the first element is `NAME@VERSION` and the first object
//! tells what it needs; its key is its name, behind those that it is installed below.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::Value;

use super::Locked;
use crate::catalog::Source;
use crate::catalog::json::{self, Keys, Names, Object, Text};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lock {
    workspaces: Object<Workspace>,
    packages: Object<Vec<Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Workspace {
    name: Text,
    #[serde(flatten)]
    needs: Needs,
}

/// What is needed beside what is for development only.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Needs {
    dependencies: Keys,
    optional_dependencies: Keys,
    peer_dependencies: Keys,
    /// Those of the peers that may be missing: they install nothing.
    optional_peers: Names,
}

impl Needs {
    fn names(&self) -> impl Iterator<Item = &String> {
        let peers = self.peer_dependencies.0.iter();
        let peers = peers.filter(|peer| !self.optional_peers.0.contains(peer));
        let needs = [&self.dependencies, &self.optional_dependencies];
        needs.into_iter().flat_map(|keys| &keys.0).chain(peers)
    }
}

/// Reads the file.
pub(super) fn read(source: &Source<'_>) -> Result<Vec<Locked>, String> {
    let plain = without_last_commas(source.bytes);
    let lock: Lock = json::read(&Source {
        bytes: &plain,
        ..*source
    })?;
    let mut packages = HashMap::new();
    let mut order = Vec::new();
    for (key, parts) in lock.packages.0 {
        let Some(ident) = parts.first().and_then(Value::as_str) else {
            continue;
        };
        let (name, version) = ident.rsplit_once('@').unwrap_or((ident, ""));
        let info = parts.iter().find(|part| part.is_object());
        let needs = info.and_then(|info| Needs::deserialize(info).ok());
        let needs = needs.iter().flat_map(Needs::names);
        let locked = Locked {
            name: name.to_owned(),
            version: version.to_owned(),
            needs: needs.map(|need| places(&key, need)).collect(),
            key: key.clone(),
            ..Locked::default()
        };
        order.push(key.clone());
        packages.insert(key, locked);
    }
    let needed = needed(&lock.workspaces.0, &packages);
    let of_elsewhere = |locked: &Locked| !locked.version.contains([':', '/']);
    Ok(order
        .iter()
        .filter(|key| needed.contains(*key))
        .filter_map(|key| packages.remove(key))
        .filter(of_elsewhere)
        .collect())
}

/// The keys of the packages that the workspaces need, by way of others, too.
fn needed(
    workspaces: &[(String, Workspace)],
    packages: &HashMap<String, Locked>,
) -> HashSet<String> {
    let mut seen = HashSet::new();
    let mut open: Vec<String> = Vec::new();
    for (_, workspace) in workspaces {
        let names = workspace.needs.names();
        open.extend(names.map(|name| places(&workspace.name.0, name)));
    }
    while let Some(places) = open.pop() {
        let found = places.split('|').find_map(|key| packages.get(key));
        if let Some(locked) = found.filter(|locked| seen.insert(locked.key.clone())) {
            open.extend(locked.needs.iter().cloned());
        }
    }
    seen
}

/// The keys under which a package finds what it needs, the nearest first.
fn places(key: &str, need: &str) -> String {
    let mut places = Vec::new();
    let mut at = key;
    while !at.is_empty() {
        places.push(format!("{at}/{need}"));
        at = above(at);
    }
    places.push(need.to_owned());
    places.join("|")
}

/// The key without its last name, which may have a scope.
fn above(key: &str) -> &str {
    let Some((above, _)) = key.rsplit_once('/') else {
        return "";
    };
    match above.rsplit_once('/') {
        Some((higher, scope)) if scope.starts_with('@') => higher,
        None if above.starts_with('@') => "",
        _ => above,
    }
}

/// The bytes without commas before a closing bracket.
fn without_last_commas(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(bytes.len());
    let (mut is_string, mut is_escaped) = (false, false);
    let mut comma = None;
    for &byte in bytes {
        if is_string {
            is_string = is_escaped || byte != b'"';
            is_escaped = !is_escaped && byte == b'\\';
        } else {
            match byte {
                b',' => comma = Some(out.len()),
                b']' | b'}' => {
                    if let Some(at) = comma.take() {
                        out[at] = b' ';
                    }
                }
                byte if byte.is_ascii_whitespace() => {}
                _ => (comma, is_string) = (None, byte == b'"'),
            }
        }
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(text: &str) -> Vec<Locked> {
        read(&Source::whole("bun.lock", text.as_bytes())).unwrap()
    }

    #[test]
    fn packages_of_all_kinds() {
        let read = locked(
            r#"{
              "lockfileVersion": 1,
              "workspaces": {
                "": {"name": "app", "dependencies": {"a": "^1", "lib": "workspace:*"}, "devDependencies": {"dev": "1"}},
                "lib": {"name": "lib", "dependencies": {"@s/b": "^2",},},
              },
              "packages": {
                "a": ["a@1.2.3", "", {"dependencies": {"c": "^3"}, "peerDependencies": {"dev": "*"}, "optionalPeers": ["dev"]}, "sha512-,]"],
                "a/c": ["c@3.0.0", "", {"optionalDependencies": {"@s/b": "^1"}}, "sha512-\",]"],
                "a/c/@s/b": ["@s/b@1.0.0", "", {}, ""],
                "c": ["c@2.0.0", "", {}, ""],
                "@s/b": ["real@2.5.0", "", {}, ""],
                "dev": ["dev@1.0.0", "", {"dependencies": {"c": "2"}}, ""],
                "lib": ["lib@workspace:lib"],
                "git": ["git@github:x/y", {}, "tag"],
              },
            }"#,
        );
        let names: Vec<_> = read.iter().map(|one| (&*one.name, &*one.version)).collect();
        assert_eq!(
            names,
            [
                ("a", "1.2.3"),
                ("c", "3.0.0"),
                ("@s/b", "1.0.0"),
                ("real", "2.5.0")
            ]
        );
        assert_eq!(read[1].needs, ["a/c/@s/b|a/@s/b|@s/b"]);
    }

    #[test]
    fn a_key_ends_with_a_name_that_may_have_a_scope() {
        for (key, higher) in [
            ("a", ""),
            ("@s/a", ""),
            ("a/b", "a"),
            ("a/@s/b", "a"),
            ("@s/a/b", "@s/a"),
            ("@s/a/@t/b", "@s/a"),
        ] {
            assert_eq!(above(key), higher, "{key}");
        }
    }
}
