//! Packages in the stores of Nix and Guix: `/nix/store/HASH-NAME-VERSION`.
//!
//! An image has the packages themselves, each a directory of the store; what is built and
//! configured for one machine has no version and is no package. How names divide is that of
//! the Nix manual (`builtins.parseDrvName`); outputs such as `-dev` and `-lib` belong to one
//! package. Where the database is there too, its table `Refs` says what refers to what.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::sqlite::{alone, is_table, open};
use super::{Candidate, Found, Needs, Owned, Source, TextsIn};
use crate::tarball::Kind;
use crate::tree::{FileTree, NodeId};

/// The stores, and the type of a package in each.
const STORES: [(&str, &str); 2] = [("nix/store", "nix"), ("gnu/store", "guix")];

/// Characters of the hash in front of a name (Nix's base 32).
const HASH: usize = 32;

/// The largest value of a database that is read.
const MAX_VALUE: i32 = 1024 * 1024;

/// Rows beyond this are not those of an image.
const MAX_ROWS: usize = 2_000_000;

/// A package and its directories in a store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stored {
    /// The package.
    pub(crate) candidate: Candidate,
    /// Its directories, and the key by which the database knows each.
    pub(crate) places: Vec<(NodeId, String)>,
    /// The files of all of them.
    pub(crate) owned: Vec<Owned>,
}

/// The packages of the stores in a merged tree.
pub(crate) fn in_tree(tree: &FileTree) -> Vec<Stored> {
    let mut found: BTreeMap<(&str, String, String), Stored> = BTreeMap::new();
    for (store, kind) in STORES {
        let Some(top) = tree.resolve(store) else {
            continue;
        };
        for id in tree.children(top) {
            let full = &*tree.node(id).name;
            let Some((name, version)) =
                split(full).filter(|_| tree.node(id).kind == Kind::Directory)
            else {
                continue;
            };
            let same = (kind, name.to_owned(), version.to_owned());
            let stored = found.entry(same).or_insert_with(|| Stored {
                candidate: Candidate {
                    kind,
                    name: name.to_owned(),
                    version: version.to_owned(),
                    ..Candidate::default()
                },
                ..Stored::default()
            });
            let path = format!("{store}/{full}");
            let texts = &mut stored.candidate.texts_in;
            texts.push(TextsIn::All(format!("{path}/share/licenses")));
            texts.push(TextsIn::Named(format!("{path}/share/doc")));
            texts.push(TextsIn::Named(format!("{path}/share/doc/{name}-{version}")));
            texts.push(TextsIn::Named(format!("{path}/share/doc/{name}")));
            stored.owned.push(Owned {
                of: path.clone(),
                paths: format!("{path}/"),
            });
            stored.places.push((id, path));
        }
    }
    found.into_values().collect()
}

/// The name and the version of `HASH-NAME-VERSION[-OUTPUT]`.
fn split(full: &str) -> Option<(&str, &str)> {
    let (hash, rest) = full.split_at_checked(HASH)?;
    let is_hash = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_lowercase();
    let rest = rest
        .strip_prefix('-')
        .filter(|_| hash.bytes().all(is_hash))?;
    let dash = rest
        .as_bytes()
        .windows(2)
        .position(|two| two[0] == b'-' && two[1].is_ascii_digit())?;
    let (name, version) = (&rest[..dash], &rest[dash + 1..]);
    (!name.is_empty()).then(|| (name, without_output(version)))
}

/// A version without the output behind it: a last word of letters that is none of those that
/// versions end in.
fn without_output(version: &str) -> &str {
    const OF_VERSIONS: [&str; 7] = ["alpha", "beta", "final", "git", "pre", "rc", "unstable"];
    match version.rsplit_once('-') {
        Some((rest, last))
            if !last.is_empty()
                && last.bytes().all(|byte| byte.is_ascii_lowercase())
                && !OF_VERSIONS.contains(&last) =>
        {
            rest
        }
        _ => version,
    }
}

/// Reads what refers to what from a database.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    if source.path.ends_with("-wal") {
        found.faults.extend(alone(source.bytes).err());
        return found;
    }
    if let Err(error) = references(source.bytes, &mut found) {
        found.faults.push(error.to_string());
    }
    found
}

fn references(bytes: &[u8], found: &mut Found) -> rusqlite::Result<()> {
    let connection = open(bytes, MAX_VALUE)?;
    for name in ["ValidPaths", "Refs"] {
        if !is_table(&connection, name)? {
            found.faults.push(format!("{name} is not a table"));
            return Ok(());
        }
    }
    let mut full = false;
    let mut paths: BTreeMap<i64, String> = BTreeMap::new();
    let mut statement = connection.prepare("SELECT id, path FROM ValidPaths")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let (ValueRef::Integer(id), ValueRef::Text(path)) = (row.get_ref(0)?, row.get_ref(1)?) {
            full |= paths.len() >= MAX_ROWS;
            let path = String::from_utf8_lossy(path);
            if !full {
                paths.insert(id, path.trim_start_matches('/').to_owned());
            }
        }
    }
    let mut needs: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    let mut count = 0;
    let mut statement = connection.prepare("SELECT referrer, reference FROM Refs")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let (ValueRef::Integer(from), ValueRef::Integer(to)) = (row.get_ref(0)?, row.get_ref(1)?)
        {
            count += 1;
            full |= count > MAX_ROWS;
            if full {
                break;
            }
            if let Some(path) = paths.get(&to).filter(|_| paths.contains_key(&from)) {
                needs.entry(from).or_default().push(path.clone());
            }
        }
    }
    if full {
        found
            .faults
            .push(format!("only its first {MAX_ROWS} rows were read"));
    }
    found.needs = needs
        .into_iter()
        .filter_map(|(from, names)| {
            Some(Needs {
                of: paths.get(&from)?.clone(),
                names,
            })
        })
        .collect();
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use rusqlite::{Connection, MAIN_DB};

    const A: &str = "nix/store/h5qfx59v07d7j2i6jlqi738x09fv7i1n-zlib-1.3.1";
    const B: &str = "nix/store/hl4jdlbhinn4fhzrs4lzdsrli6jj5lgn-hello-2.12";

    pub(in crate::catalog) fn database() -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        let sql = format!(
            "CREATE TABLE ValidPaths (id INTEGER PRIMARY KEY, path TEXT); \
             CREATE TABLE Refs (referrer INTEGER, reference INTEGER); \
             INSERT INTO ValidPaths VALUES (1, '/{A}'), (2, '/{B}'); \
             INSERT INTO Refs VALUES (2, 1), (2, 9), (9, 1);"
        );
        connection.execute_batch(&sql).unwrap();
        let mut bytes = connection.serialize(MAIN_DB).unwrap().to_vec();
        bytes[18..20].fill(2);
        bytes
    }

    fn read(bytes: &[u8]) -> Found {
        parse(&Source::whole("nix/var/nix/db/db.sqlite", bytes))
    }

    #[test]
    fn names_versions_and_outputs() {
        let hash = "h5qfx59v07d7j2i6jlqi738x09fv7i1n";
        for (rest, parts) in [
            ("zlib-1.3.1", Some(("zlib", "1.3.1"))),
            ("zlib-1.3.1-dev", Some(("zlib", "1.3.1"))),
            ("gcc-13.2.0-libgcc", Some(("gcc", "13.2.0"))),
            ("glibc-2.38-44-bin", Some(("glibc", "2.38-44"))),
            (
                "python3.11-numpy-1.26.4",
                Some(("python3.11-numpy", "1.26.4")),
            ),
            ("tool-1.0-rc", Some(("tool", "1.0-rc"))),
            (
                "lib-0-unstable-2024-01-02",
                Some(("lib", "0-unstable-2024-01-02")),
            ),
            ("source", None),
            ("nss-cacert", None),
            ("-1", None),
        ] {
            assert_eq!(split(&format!("{hash}-{rest}")), parts, "{rest}");
        }
        assert_eq!(split(".links"), None);
        assert_eq!(split("H5QFX59V07D7J2I6JLQI738X09FV7I1N-zlib-1"), None);
    }

    #[test]
    fn references_of_a_database() {
        let found = read(&database());
        let needs = Needs {
            of: B.to_owned(),
            names: vec![A.to_owned()],
        };
        assert_eq!(found.needs, [needs]);
        assert!(found.faults.is_empty());
        assert_eq!(read(b"no database").faults.len(), 1);
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..12000, byte: u8, cut in 0_usize..4000) {
            let mut bytes = database();
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            let _ = read(&bytes);
        }

        #[test]
        fn any_name_is_split(name in "[a-z0-9-]{28,48}") {
            let _ = split(&name);
        }
    }
}
