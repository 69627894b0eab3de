//! RPM packages: `rpmdb.sqlite`, the database of rpm since 4.16.
//!
//! The database is opened from memory, read-only. Each row of its table `Packages` holds the
//! header of a package, in the format of the RPM manual ("Header format").

mod header;

use std::collections::BTreeSet;
use std::io::Read;

use hpcctl_license_db::declared;
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, MAIN_DB};

use self::header::{Header, Tag};
use super::{Candidate, Found, Owned, Source, TextsIn};

/// The largest header that is read; those of rpm itself end at 256 MiB.
const MAX_HEADER: i32 = 64 * 1024 * 1024;

/// Rows beyond this are not those of an image.
const MAX_ROWS: usize = 100_000;

/// Reads a database, or says why it is of a kind that is not read.
pub(super) fn parse(source: &Source<'_>) -> Found {
    let mut found = Found::default();
    let fault = match source.path.rsplit('/').next() {
        Some("rpmdb.sqlite") => read(source.bytes, &mut found)
            .err()
            .map(|error| error.to_string()),
        _ if source.bytes.is_empty() => None,
        Some("rpmdb.sqlite-wal") => {
            Some("it may hold changes that are not in the database yet, and is not read".to_owned())
        }
        Some("Packages.db") => Some("an RPM database of the kind ndb is not read yet".to_owned()),
        _ => Some("an RPM database of the kind Berkeley DB is not read yet".to_owned()),
    };
    found.faults.extend(fault);
    found
}

fn read(bytes: &[u8], found: &mut Found) -> rusqlite::Result<()> {
    let connection = open(bytes)?;
    let sql = "SELECT type FROM sqlite_schema WHERE name = 'Packages'";
    let kind: String = connection.query_row(sql, [], |row| row.get(0))?;
    // A view could compute for ever.
    if kind != "table" {
        found.faults.push("Packages is not a table".to_owned());
        return Ok(());
    }
    let mut statement = connection.prepare("SELECT blob FROM Packages")?;
    let mut rows = statement.query([])?;
    let (mut broken, mut count) = (0, 0);
    while let Some(row) = rows.next()? {
        count += 1;
        if count > MAX_ROWS {
            let fault = format!("only its first {MAX_ROWS} rows were read");
            found.faults.push(fault);
            break;
        }
        let header = match row.get_ref(0)? {
            ValueRef::Blob(blob) => Header::read(blob),
            _ => None,
        };
        match header.as_ref().and_then(package) {
            Some(package) if package.name == "gpg-pubkey" => {}
            Some(package) => {
                let of = package.name.clone();
                let paths = header.as_ref().map(paths).unwrap_or_default();
                found.owned.push(Owned { of, paths });
                found.add(package);
            }
            None => broken += 1,
        }
    }
    if broken > 0 {
        found
            .faults
            .push(format!("{broken} headers cannot be read"));
    }
    Ok(())
}

fn open(bytes: &[u8]) -> rusqlite::Result<Connection> {
    // Bytes 18 and 19 say that the database has a write-ahead log, which one in memory cannot
    // have ("Database File Format", 1.3.3).
    let (head, rest) = bytes.split_at(bytes.len().min(20));
    let mut head = head.to_vec();
    if let Some(versions) = head.get_mut(18..20) {
        versions.fill(1);
    }
    let mut connection = Connection::open_in_memory()?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_HEADER)?;
    connection.deserialize_read_exact(MAIN_DB, head.as_slice().chain(rest), bytes.len(), true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

fn package(header: &Header<'_>) -> Option<Candidate> {
    let name = header
        .string(Tag::Name)
        .filter(|name| !name.is_empty() && !name.contains('/'))?;
    let version = header.string(Tag::Version)?;
    let release = header.string(Tag::Release)?;
    let epoch = header
        .number(Tag::Epoch)
        .filter(|epoch| *epoch != 0)
        .map(|epoch| epoch.to_string());
    let plain = format!("{version}-{release}");
    let full = epoch
        .as_ref()
        .map_or_else(|| plain.clone(), |epoch| format!("{epoch}:{plain}"));
    let known = |tag| {
        header
            .string(tag)
            .filter(|value| !value.is_empty() && value != "(none)")
    };
    let license = known(Tag::License);
    let name = name.into_owned();
    Some(Candidate {
        kind: "rpm",
        version: full,
        purl_version: Some(plain),
        epoch,
        arch: known(Tag::Arch).map(Into::into),
        declared: license.and_then(|license| declared::rpm::license(&license)),
        texts_in: vec![
            TextsIn::All(format!("usr/share/licenses/{name}")),
            TextsIn::Named(format!("usr/share/doc/{name}")),
        ],
        supplier: known(Tag::Vendor).map(Into::into),
        source: known(Tag::SourceRpm).map(Into::into),
        // What rpm itself must be able to do is no package.
        depends: names(header, Tag::Requires)
            .filter(|name| !name.starts_with("rpmlib("))
            .collect(),
        provides: names(header, Tag::Provides).collect(),
        name,
        ..Candidate::default()
    })
}

/// The strings of a tag, each once.
fn names<'a>(header: &Header<'a>, tag: Tag) -> impl Iterator<Item = String> + use<'a> {
    let names: BTreeSet<String> = header.strings(tag).map(Into::into).collect();
    names.into_iter()
}

/// The files of a package, one a line.
fn paths(header: &Header<'_>) -> String {
    let mut paths = String::new();
    let directories: Vec<_> = header.strings(Tag::DirNames).collect();
    let places = header.numbers(Tag::DirIndexes);
    for (name, place) in header.strings(Tag::BaseNames).zip(places) {
        if let Some(directory) = directories.get(place as usize) {
            for part in [directory, &name, "\n"] {
                paths.push_str(part);
            }
        }
    }
    paths
}

#[cfg(test)]
mod tests {
    use super::header::tests::{Value, header};
    use super::*;
    use rusqlite::params;

    const PATH: &str = "var/lib/rpm/rpmdb.sqlite";

    fn database(blobs: &[Vec<u8>]) -> Vec<u8> {
        let mut connection = Connection::open_in_memory().unwrap();
        connection
            .execute(
                "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)",
                [],
            )
            .unwrap();
        for blob in blobs {
            connection
                .execute("INSERT INTO Packages (blob) VALUES (?1)", params![blob])
                .unwrap();
        }
        let mut bytes = connection.serialize(MAIN_DB).unwrap().to_vec();
        // As rpm leaves it: with a write-ahead log.
        bytes[18..20].fill(2);
        bytes
    }

    fn named(name: &str) -> Vec<u8> {
        header(&[
            (Tag::Name, Value::Text(name)),
            (Tag::Version, Value::Text("1.2")),
            (Tag::Release, Value::Text("3.el9")),
            (Tag::Epoch, Value::Numbers(&[1])),
            (Tag::License, Value::Text("MIT")),
            (Tag::Arch, Value::Text("x86_64")),
            (Tag::Vendor, Value::Text("(none)")),
            (Tag::SourceRpm, Value::Text("src-1.2-3.el9.src.rpm")),
            (Tag::Provides, Value::Texts(&["tool", "tool"])),
            (
                Tag::Requires,
                Value::Texts(&["rpmlib(X)", "libc.so.6()(64bit)"]),
            ),
            (Tag::DirNames, Value::Texts(&["/usr/bin/", "/etc/"])),
            (Tag::DirIndexes, Value::Numbers(&[0, 1, 7])),
            (Tag::BaseNames, Value::Texts(&["tool", "tool.conf", "lost"])),
        ])
    }

    #[test]
    fn packages_of_a_database() {
        let bytes = database(&[named("tool"), named("gpg-pubkey"), b"junk".to_vec()]);
        let found = parse(&Source::whole(PATH, &bytes));
        let [tool] = &found.packages[..] else {
            panic!("{found:?}")
        };
        assert_eq!((&*tool.name, &*tool.version), ("tool", "1:1.2-3.el9"));
        assert_eq!(tool.purl_version.as_deref(), Some("1.2-3.el9"));
        assert_eq!(
            (tool.declared.as_deref(), tool.supplier.as_deref()),
            (Some("MIT"), None)
        );
        assert_eq!(tool.source.as_deref(), Some("src-1.2-3.el9.src.rpm"));
        assert_eq!(
            (&*tool.depends, &*tool.provides),
            (
                &["libc.so.6()(64bit)".to_owned()][..],
                &["tool".to_owned()][..]
            )
        );
        assert_eq!(found.owned[0].of, "tool");
        assert_eq!(found.owned[0].paths, "/usr/bin/tool\n/etc/tool.conf\n");
        assert_eq!(found.faults, ["1 headers cannot be read"]);
    }

    #[test]
    fn broken_databases_are_faults() {
        let mut bytes = database(&(0..200).map(|_| named("tool")).collect::<Vec<_>>());
        let whole = parse(&Source::whole(PATH, &bytes)).packages.len();
        assert_eq!(whole, 200);
        bytes.truncate(bytes.len() / 2);
        let cut = parse(&Source::whole(PATH, &bytes));
        assert!(cut.packages.len() < whole && !cut.faults.is_empty());
        for bytes in [
            &b""[..],
            b"SQLite format 3\0",
            b"not a database at all, only some text",
        ] {
            let found = parse(&Source::whole(PATH, bytes));
            assert_eq!(
                (found.packages.len(), found.faults.len()),
                (0, 1),
                "{bytes:?}"
            );
        }
    }

    #[test]
    fn a_view_is_not_run() {
        let mut connection = Connection::open_in_memory().unwrap();
        let endless = "CREATE VIEW Packages AS WITH RECURSIVE n(i) AS \
            (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i AS blob FROM n WHERE i < 0";
        connection.execute(endless, []).unwrap();
        let bytes = connection.serialize(MAIN_DB).unwrap().to_vec();
        let found = parse(&Source::whole(PATH, &bytes));
        assert_eq!(found.faults, ["Packages is not a table"]);
    }

    #[test]
    fn older_kinds_are_named() {
        let found = parse(&Source::whole("var/lib/rpm/Packages", b"x"));
        assert!(found.faults[0].contains("Berkeley DB"));
        let found = parse(&Source::whole("usr/lib/sysimage/rpm/Packages.db", b"x"));
        assert!(found.faults[0].contains("ndb"));
        assert!(
            parse(&Source::whole("var/lib/rpm/rpmdb.sqlite-wal", b""))
                .faults
                .is_empty()
        );
    }
}
