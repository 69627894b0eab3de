//! What catalogers read: databases, archives of languages, lock files.

use rusqlite::{Connection, MAIN_DB};

use super::parts::*;
use super::{Case, scaled};

const RPM: &str = "var/lib/rpm/rpmdb.sqlite";

pub const CASES: &[Case] = &[
    Case {
        name: "jars 100 deep in one another",
        make: |place| {
            let mut jar = zip(&[("A.class", b"x")]);
            for _ in 0..100 {
                jar = zip(&[("inner-1.jar", &jar), ("A.class", b"x")]);
            }
            root(place, &[("srv/a-1.jar", &jar)])
        },
        code: 3,
        says: "too deep",
    },
    Case {
        name: "a jar of 10000 jars that are one",
        make: |place| {
            let inner = zip(&[("A.class", &vec![0; MIB])]);
            let names: Vec<String> = (0..10_000).map(|n| format!("{n}.jar")).collect();
            let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (&**name, &*inner)).collect();
            root(place, &[("srv/a-1.jar", &shared(&entries))])
        },
        code: 3,
        says: "shares",
    },
    Case {
        name: "a jar of 250 MB",
        make: |place| {
            let jar = zip(&[("A.class", &vec![7; scaled(250 * MIB)])]);
            layout(place, &[(gzip(&entry("srv/a-1.jar", &jar)), 1)])
        },
        code: 3,
        says: "",
    },
    Case {
        name: "a package.json 100000 deep",
        make: |place| root(place, &[("srv/package.json", &b"{\"a\":".repeat(100_000))]),
        code: 0,
        says: "",
    },
    Case {
        name: "a package-lock.json of 50 MB",
        make: |place| {
            let mut text = br#"{"lockfileVersion":3,"packages":{"#.to_vec();
            for n in 0..scaled(1_500_000) {
                let comma = if n == 0 { "" } else { "," };
                let row = format!("{comma}\"node_modules/a{n}\":{{\"version\":\"1\"}}");
                text.extend(row.as_bytes());
            }
            text.extend(b"}}");
            root(place, &[("srv/package-lock.json", &text)])
        },
        code: 3,
        says: "parts",
    },
    Case {
        name: "an installed.json of 60 MB",
        make: |place| {
            let row = r#"{"name":"a/b","version":"1","license":["MIT"]},"#;
            let rows = row.repeat(scaled(60 * MIB) / row.len());
            let text = format!("{{\"packages\":[{}]}}", rows.trim_end_matches(','));
            root(
                place,
                &[("srv/vendor/composer/installed.json", text.as_bytes())],
            )
        },
        code: 3,
        says: "parts",
    },
    Case {
        name: "a Cargo.lock of 16 MB",
        make: |place| {
            let row = "[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n\n";
            root(
                place,
                &[(
                    "srv/Cargo.lock",
                    row.repeat(15 * MIB / row.len()).as_bytes(),
                )],
            )
        },
        code: 3,
        says: "parts",
    },
    // SQLite holds a copy: of a database, twice its size is held at most.
    Case {
        name: "an rpm database of 80 MB",
        make: |place| {
            let blob = vec![1; scaled(20 * MIB)];
            let bytes = database(&(0..4).map(|_| blob.clone()).collect::<Vec<_>>());
            layout(place, &[(gzip(&entry(RPM, &bytes)), 1)])
        },
        code: 3,
        says: "headers cannot be read",
    },
    Case {
        name: "an rpm database whose pages lead to themselves",
        make: |place| {
            let mut bytes = database(&vec![vec![1; 3000]; 2000]);
            // The right-most pointer of each inner page of a table.
            for page in bytes.chunks_exact_mut(4096).skip(1) {
                if page[0] == 5 {
                    page[8..12].copy_from_slice(&2_u32.to_be_bytes());
                }
                let chain = page[..4].to_vec();
                if chain[..3] == [0, 0, 0] && chain[3] != 0 {
                    page[..4].copy_from_slice(&3_u32.to_be_bytes());
                }
            }
            root(place, &[(RPM, &bytes)])
        },
        code: 3,
        says: "rpmdb.sqlite",
    },
    Case {
        name: "an rpm database that is a query",
        make: |place| {
            let mut connection = Connection::open_in_memory().unwrap();
            let endless = "CREATE VIEW Packages AS WITH RECURSIVE n(i) AS \
                (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i AS blob FROM n WHERE i < 0";
            connection.execute(endless, []).unwrap();
            root(place, &[(RPM, &connection.serialize(MAIN_DB).unwrap())])
        },
        code: 3,
        says: "not a table",
    },
    Case {
        name: "a Berkeley DB of pages that are one",
        make: |place| root(place, &[("var/lib/rpm/Packages", &berkeley())]),
        code: 3,
        says: "Packages",
    },
    Case {
        name: "9000 packages that need 1000 each",
        make: |place| {
            let all: Vec<String> = (0..1000).map(|n| format!("p{n}")).collect();
            let all = all.join(", ");
            let stanzas = (0..scaled(9000)).map(|n| {
                format!(
                    "Package: p{n}\nStatus: install ok installed\nVersion: 1\nDepends: {all}\n\n"
                )
            });
            root(place, &[(STATUS, stanzas.collect::<String>().as_bytes())])
        },
        code: 3,
        says: "names",
    },
];

fn database(blobs: &[Vec<u8>]) -> Vec<u8> {
    let mut connection = Connection::open_in_memory().unwrap();
    let table = "CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)";
    connection.execute(table, []).unwrap();
    for blob in blobs {
        let insert = "INSERT INTO Packages (blob) VALUES (?1)";
        connection.execute(insert, [blob]).unwrap();
    }
    connection.serialize(MAIN_DB).unwrap().to_vec()
}

/// A hash database of 60 MB whose pages all hold the same entry, which leads to a chain of
/// overflow pages that comes back to its start.
fn berkeley() -> Vec<u8> {
    const PAGE: usize = 4096;
    let mut bytes = vec![0; 60 * MIB];
    bytes[12..16].copy_from_slice(&0x0006_1561_u32.to_le_bytes());
    bytes[16..20].copy_from_slice(&9_u32.to_le_bytes());
    bytes[20..24].copy_from_slice(&(PAGE as u32).to_le_bytes());
    bytes[25] = 8;
    bytes[32..36].copy_from_slice(&((60 * MIB / PAGE - 1) as u32).to_le_bytes());
    for (number, page) in bytes.chunks_exact_mut(PAGE).enumerate().skip(1) {
        let (kind, entries) = if number % 2 == 1 { (13, 2_u16) } else { (7, 1) };
        page[8..12].copy_from_slice(&(number as u32).to_le_bytes());
        page[16..20].copy_from_slice(&2_u32.to_le_bytes());
        page[20..22].copy_from_slice(&entries.to_le_bytes());
        page[22..24].copy_from_slice(&4000_u16.to_le_bytes());
        page[25] = kind;
        if kind == 13 {
            page[26..30].copy_from_slice(&[0xe0, 0x0f, 0xd0, 0x0f]);
            page[0x0fe0] = 1;
            page[0x0fd0] = 3;
            page[0x0fd4..0x0fd8].copy_from_slice(&2_u32.to_le_bytes());
            page[0x0fd8..0x0fdc].copy_from_slice(&u32::MAX.to_le_bytes());
        }
    }
    bytes
}

/// A zip of stored entries.
fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    written(entries, false)
}

/// A zip whose entries all have the bytes of the first.
fn shared(entries: &[(&str, &[u8])]) -> Vec<u8> {
    written(entries, true)
}

fn written(entries: &[(&str, &[u8])], is_shared: bool) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (place, (name, content)) in entries.iter().enumerate() {
        let offset = if is_shared { 0 } else { out.len() as u32 };
        let mut head = vec![20, 0, 0, 0, 0, 0];
        head.extend([0; 8]);
        head.extend((content.len() as u32).to_le_bytes());
        head.extend((content.len() as u32).to_le_bytes());
        head.extend((name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        if place == 0 || !is_shared {
            out.extend(b"PK\x03\x04");
            out.extend(&head);
            out.extend(name.as_bytes());
            out.extend(*content);
        }
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend((entries.len() as u16).to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0, 0]);
    out
}
