//! Databases of SQLite, opened from memory and read-only, and their write-ahead logs ("Database
//! File Format", 1.3 and 4).

use std::io::Read;

use rusqlite::limits::Limit;
use rusqlite::{Connection, MAIN_DB};

/// Opens the bytes of a database; no value may be larger than `most`.
pub(super) fn open(bytes: &[u8], most: i32) -> rusqlite::Result<Connection> {
    // Bytes 18 and 19 say that the database has a write-ahead log, which one in memory cannot
    // have (1.3.3).
    let (head, rest) = bytes.split_at(bytes.len().min(20));
    let mut head = head.to_vec();
    if let Some(versions) = head.get_mut(18..20) {
        versions.fill(1);
    }
    let mut connection = Connection::open_in_memory()?;
    connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most)?;
    connection.deserialize_read_exact(MAIN_DB, head.as_slice().chain(rest), bytes.len(), true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Whether a name is that of a table: a view could compute for ever.
pub(super) fn is_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT type FROM sqlite_schema WHERE name = ?1";
    let kind: String = connection.query_row(sql, [name], |row| row.get(0))?;
    Ok(kind == "table")
}

/// Bytes of the header of a log, and of a frame in front of its page.
const LOG_HEAD: usize = 32;
const FRAME_HEAD: usize = 24;

/// What there is to say of a log whose database is not there, or lies elsewhere.
pub(super) fn alone(log: &[u8]) -> Result<(), String> {
    match Log::read(log).map_or(0, |log| log.committed().len()) {
        0 => Ok(()),
        pages => Err(format!(
            "it holds {pages} changed pages, and its database is not beside it"
        )),
    }
}

/// Writes the pages of a log that were committed into its database; false where the two do not
/// belong together.
pub(crate) fn apply(database: &mut Vec<u8>, log: &[u8]) -> bool {
    let Some(log) = Log::read(log) else {
        return false;
    };
    // Two bytes of the database, of which 1 stands for 65536 (1.3.2).
    let page = match database.get(16..18) {
        Some([0, 1]) => 65536,
        Some(&[high, low]) => usize::from(high) << 8 | usize::from(low),
        _ => return database.is_empty() && log.write_to(database),
    };
    page == log.page && log.write_to(database)
}

/// A write-ahead log.
struct Log<'a> {
    head: &'a [u8],
    frames: &'a [u8],
    /// Bytes of a page.
    page: usize,
    is_big: bool,
    sums: (u32, u32),
}

impl<'a> Log<'a> {
    /// Reads the header; none where it is not one.
    fn read(log: &'a [u8]) -> Option<Self> {
        let (head, frames) = log.split_at_checked(LOG_HEAD)?;
        let is_big = match word(head, 0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return None,
        };
        let page = usize::try_from(word(head, 8)).ok()?;
        let sums = checksum((0, 0), &head[..24], is_big);
        let is_right = (512..=65536).contains(&page)
            && page.is_power_of_two()
            && sums == (word(head, 24), word(head, 28));
        is_right.then_some(Self {
            head,
            frames,
            page,
            is_big,
            sums,
        })
    }

    /// The frames that were committed.
    ///
    /// Frames count up to the last commit, as long as their salts and checksums are right (4.2):
    /// what follows is left over from before, or was never finished.
    fn committed(&self) -> Vec<&'a [u8]> {
        let mut sums = self.sums;
        let mut frames = Vec::new();
        let mut committed = 0;
        for frame in self.frames.chunks_exact(FRAME_HEAD + self.page) {
            sums = checksum(sums, &frame[..8], self.is_big);
            sums = checksum(sums, &frame[FRAME_HEAD..], self.is_big);
            let is_right = sums == (word(frame, 16), word(frame, 20));
            if frame[8..16] != self.head[16..24] || !is_right {
                break;
            }
            frames.push(frame);
            if word(frame, 4) != 0 {
                committed = frames.len();
            }
        }
        frames.truncate(committed);
        frames
    }

    /// Writes the committed pages into a database, which gets the size of the last commit.
    fn write_to(&self, database: &mut Vec<u8>) -> bool {
        let frames = self.committed();
        let Some(last) = frames.last() else {
            return true;
        };
        // A database grows by pages that the log has.
        let most = database.len() + frames.len() * self.page;
        let size = word(last, 4) as usize * self.page;
        if size > most {
            return false;
        }
        database.resize(size.max(database.len()), 0);
        for frame in frames {
            let place = (word(frame, 0) as usize).checked_sub(1);
            let start = place.and_then(|place| place.checked_mul(self.page));
            let page = start.and_then(|start| database.get_mut(start..start + self.page));
            if let Some(page) = page {
                page.copy_from_slice(&frame[FRAME_HEAD..]);
            }
        }
        database.truncate(size);
        true
    }
}

/// The checksum of 4.2, carried on over pairs of words.
fn checksum(sums: (u32, u32), bytes: &[u8], is_big: bool) -> (u32, u32) {
    let word = |bytes: &[u8], at| {
        let word = word(bytes, at);
        if is_big { word } else { word.swap_bytes() }
    };
    bytes.chunks_exact(8).fold(sums, |(a, b), pair| {
        let a = a.wrapping_add(word(pair, 0)).wrapping_add(b);
        (a, b.wrapping_add(word(pair, 4)).wrapping_add(a))
    })
}

/// A big-endian number; its place is known to be there.
fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes a log of commits of one page each.
    pub(in crate::catalog) fn log(commits: u32, is_big: bool) -> Vec<u8> {
        let mut head = Vec::new();
        for number in [0x377f_0682 + u32::from(is_big), 3_007_000, 512, 0, 5, 6] {
            head.extend(number.to_be_bytes());
        }
        let mut sums = checksum((0, 0), &head, is_big);
        let mut log = head;
        let add = |log: &mut Vec<u8>, (a, b): (u32, u32)| {
            log.extend(a.to_be_bytes());
            log.extend(b.to_be_bytes());
        };
        add(&mut log, sums);
        for number in 1..=commits {
            let frame = [number.to_be_bytes(), number.to_be_bytes()].concat();
            let page = [number as u8; 512];
            sums = checksum(checksum(sums, &frame, is_big), &page, is_big);
            log.extend(frame);
            add(&mut log, (5, 6));
            add(&mut log, sums);
            log.extend(page);
        }
        log
    }

    fn committed(log: &[u8]) -> usize {
        Log::read(log).map_or(0, |log| log.committed().len())
    }

    #[test]
    fn committed_pages_are_counted() {
        for is_big in [false, true] {
            let mut bytes = log(3, is_big);
            assert_eq!(committed(&bytes), 3);
            // A page that was written in part.
            let third = bytes.len() - 9;
            bytes[third] ^= 1;
            assert_eq!(committed(&bytes), 2);
            bytes.truncate(600);
            assert_eq!(committed(&bytes), 1);
            // One of another generation.
            bytes[LOG_HEAD + 8] ^= 1;
            assert_eq!(committed(&bytes), 0);
        }
    }

    #[test]
    fn what_was_committed_is_in_the_database_with_its_log() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("db.sqlite");
        let connection = Connection::open(&path).unwrap();
        let set = |name: &str, value: &str| {
            let set = format!("PRAGMA {name} = {value}");
            connection.query_row(&set, [], |_| Ok(())).unwrap();
        };
        set("journal_mode", "WAL");
        set("wal_autocheckpoint", "0");
        connection.execute("CREATE TABLE t (a)", []).unwrap();
        let read = |end: &str| {
            let mut bytes = Vec::new();
            let path = place.path().join(format!("db.sqlite{end}"));
            std::fs::File::open(path)
                .unwrap()
                .read_to_end(&mut bytes)
                .unwrap();
            bytes
        };
        for number in 0..500 {
            connection
                .execute("INSERT INTO t VALUES (?1)", [number])
                .unwrap();
        }
        let (mut database, mut log) = (read(""), read("-wal"));
        let count = |bytes: &[u8]| -> rusqlite::Result<u32> {
            open(bytes, 1000)?.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        };
        assert!(count(&database).is_err());
        assert!(apply(&mut database, &log));
        assert_eq!(count(&database), Ok(500));
        // What was not finished does not count.
        let (mut database, length) = (read(""), log.len());
        log[length - 5] ^= 1;
        assert!(apply(&mut database, &log));
        assert_eq!(count(&database), Ok(499));
        database[16] ^= 0x10;
        assert!(!apply(&mut database, &log) && !apply(&mut database, b"no log"));
    }

    proptest! {
        #[test]
        fn any_change_is_read_or_refused(at in 0_usize..1200, byte: u8, cut in 0_usize..1200) {
            let mut bytes = log(2, false);
            let length = bytes.len();
            bytes[at % length] = byte;
            bytes.truncate(length - cut % length);
            prop_assert!(committed(&bytes) <= 2);
            let mut database = vec![0; 1024];
            database[16] = 2;
            apply(&mut database, &bytes);
            prop_assert!(database.len() <= 2048);
        }
    }
}
