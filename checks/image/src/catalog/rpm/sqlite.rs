//! `rpmdb.sqlite`, the database of rpm since 4.16: a table `Packages` with a header a row.
//!
//! Changes lie in a write-ahead log beside it until rpm writes them into the database, which
//! it does when it ends; what is read here has them applied.

use rusqlite::types::ValueRef;

use super::Headers;
use crate::catalog::sqlite::{is_table, open};

/// The largest header that is read; those of rpm itself end at 256 MiB.
const MAX_HEADER: i32 = 64 * 1024 * 1024;

/// Reads a database; what is wrong with single packages is counted.
pub(super) fn read(bytes: &[u8], headers: &mut Headers<'_>) -> Result<(), String> {
    rows(bytes, headers).map_err(|error| error.to_string())
}

fn rows(bytes: &[u8], headers: &mut Headers<'_>) -> rusqlite::Result<()> {
    let connection = open(bytes, MAX_HEADER)?;
    if !is_table(&connection, "Packages")? {
        headers.fault("Packages is not a table");
        return Ok(());
    }
    let mut statement = connection.prepare("SELECT blob FROM Packages")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let blob = match row.get_ref(0)? {
            ValueRef::Blob(blob) => Some(blob),
            _ => None,
        };
        if !headers.take(blob) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::parse;
    use super::super::tests::{named, packages};
    use crate::catalog::Source;
    use rusqlite::{Connection, MAIN_DB, params};

    const PATH: &str = "var/lib/rpm/rpmdb.sqlite";

    pub(in crate::catalog::rpm) fn database(blobs: &[Vec<u8>]) -> Vec<u8> {
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

    #[test]
    fn packages_of_a_database() {
        let bytes = database(&[named("tool"), named("gpg-pubkey"), b"junk".to_vec()]);
        let found = parse(&Source::whole(PATH, &bytes));
        assert_eq!(packages(&found), ["tool"]);
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
    fn a_log_with_changes_is_a_fault() {
        let log =
            |bytes: &[u8]| parse(&Source::whole("var/lib/rpm/rpmdb.sqlite-wal", bytes)).faults;
        assert!(log(b"").is_empty());
        assert!(log(&crate::catalog::sqlite::tests::log(0, false)).is_empty());
        let faults = log(&crate::catalog::sqlite::tests::log(2, false));
        assert!(
            faults[0].starts_with("it holds 2 changed pages"),
            "{faults:?}"
        );
    }
}
