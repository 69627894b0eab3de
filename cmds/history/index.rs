//! An index of the history, beside it: which reports it holds, and where. What it saves is reading
//! the log whenever a report is added: 400 nights of 10,000 nodes are 8 MB and take 30 ms.
//!
//! It is never the truth and may be missing: it covers the log up to some byte, what follows is read
//! from the log, and so is everything where it is broken or that of another log. Each record that
//! it points at is checked as any other; whoever removes it loses nothing. Reports of the history read
//! the whole log and find damage wherever it is.

use std::fs::{self, File};
use std::io::{self, BufReader, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use hpcctl_model::hex;
use hpcctl_reports::history;
use rusqlite::{Connection, OpenFlags, Row, Transaction, params};
use sha2::{Digest, Sha256};

/// The number of the layout below; an index of another is made anew.
const LAYOUT: i64 = 3;

/// How many bytes at the end of what is covered tell one log from another.
const TAIL: u64 = 4096;

/// The tables.
const TABLES: &str = "\
    CREATE TABLE record (source TEXT PRIMARY KEY, start INTEGER NOT NULL, length INTEGER NOT NULL)
        WITHOUT ROWID;
    CREATE TABLE log (inode INTEGER NOT NULL, covered INTEGER NOT NULL, whole INTEGER NOT NULL,
        tail TEXT NOT NULL);
    PRAGMA user_version = 3;";

/// An index that fits its log.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    /// How many bytes of the log it covers.
    pub covered: u64,
    /// How many whole records are in those.
    whole: u64,
}

impl Index {
    /// Opens the index of a log; none where there is none that fits it.
    pub fn open(path: &Path, log: &File) -> Option<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).ok()?;
        let found = Self::fitting(connection, log).ok()??;
        Some(found)
    }

    fn fitting(connection: Connection, log: &File) -> rusqlite::Result<Option<Self>> {
        let layout: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if layout != LAYOUT {
            return Ok(None);
        }
        let sql = "SELECT inode, covered, whole, tail FROM log";
        let (inode, covered, whole, tail) = connection.query_row(sql, [], |row| {
            let number = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
            Ok((number(0)?, number(1)?, number(2)?, row.get::<_, String>(3)?))
        })?;
        let fits = log
            .metadata()
            .is_ok_and(|log| log.ino() == inode && log.len() >= covered)
            && tail_of(log, covered).is_ok_and(|found| found == tail);
        let sql = "SELECT count(*) FROM record";
        let rows: i64 = connection.query_row(sql, [], |row| row.get(0))?;
        let fits = fits && rows.cast_unsigned() == whole;
        Ok(fits.then_some(Self {
            connection,
            covered,
            whole,
        }))
    }

    /// Whether the part of the log that it covers holds a report; the log itself has to say so.
    pub fn knows(&self, source: &str, log: &File) -> io::Result<bool> {
        let line = self.lines(source, log)?;
        let mut known = false;
        history::read(&line[..], "", |record, _| known |= record.source == source)?;
        match known || line.is_empty() {
            true => Ok(known),
            false => Err(io::Error::other("the index is not that of the log")),
        }
    }

    fn lines(&self, source: &str, log: &File) -> io::Result<Vec<u8>> {
        let mut lines = Vec::new();
        for (start, length) in self.places(source).map_err(io::Error::other)? {
            let end = start.checked_add(length);
            if end.is_none_or(|end| end > self.covered) {
                return Err(io::Error::other("a record would lie outside of the log"));
            }
            let from = lines.len();
            lines.resize(from + usize::try_from(length).map_err(io::Error::other)?, 0);
            log.read_exact_at(&mut lines[from..], start)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    fn places(&self, source: &str) -> rusqlite::Result<Vec<(u64, u64)>> {
        let sql = "SELECT start, length FROM record WHERE source = ?1";
        let mut places = self.connection.prepare_cached(sql)?;
        let number = |row: &Row<'_>, at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let places = places.query_map([source], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
        places.collect()
    }

    /// Makes the index cover the log; where that cannot be, there is none.
    pub fn cover(path: &Path, log: &File) {
        let begun = Self::open(path, log).map(|index| (index.covered, index.whole));
        if begun.is_none() {
            // What is there is broken, or of another log.
            let _ = fs::remove_file(path);
        }
        if covered(path, log, begun).is_err() {
            let _ = fs::remove_file(path);
        }
    }
}

/// The digest of the last bytes before a place, at which a line ends.
fn tail_of(log: &File, end: u64) -> io::Result<String> {
    let start = end.saturating_sub(TAIL);
    let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
    log.read_exact_at(&mut bytes, start)?;
    match bytes.last() {
        None | Some(b'\n') => Ok(hex(&Sha256::digest(bytes))),
        Some(_) => Err(io::Error::other("the log is written to")),
    }
}

/// Adds what the log holds behind what was covered.
fn covered(path: &Path, log: &File, begun: Option<(u64, u64)>) -> io::Result<()> {
    // SQLite itself would let others read it.
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let mut connection = Connection::open(path).map_err(io::Error::other)?;
    let transaction = connection.transaction().map_err(io::Error::other)?;
    if begun.is_none() {
        transaction
            .execute_batch(TABLES)
            .map_err(io::Error::other)?;
    }
    let (from, before) = begun.unwrap_or_default();
    let mut log_file = log.try_clone()?;
    log_file.seek(SeekFrom::Start(from))?;
    let mut written = Ok(());
    let read = history::read(BufReader::new(log_file), "", |record, line| {
        if written.is_ok() {
            let place = (from + line.start, line.bytes.len());
            written = put(&transaction, &record.source, place);
        }
    })?;
    written.map_err(io::Error::other)?;
    let meta = log.metadata()?;
    let tail = tail_of(log, meta.len())?;
    let numbers = [meta.ino(), meta.len(), before + read.whole];
    let [inode, end, whole] = numbers.map(u64::cast_signed);
    transaction
        .execute("DELETE FROM log", [])
        .map_err(io::Error::other)?;
    let sql = "INSERT INTO log VALUES (?1, ?2, ?3, ?4)";
    transaction
        .execute(sql, params![inode, end, whole, tail])
        .map_err(io::Error::other)?;
    transaction.commit().map_err(io::Error::other)
}

fn put(
    transaction: &Transaction<'_>,
    source: &str,
    (start, length): (u64, usize),
) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO record VALUES (?1, ?2, ?3)";
    let (start, length) = (start.cast_signed(), (length as u64).cast_signed());
    let mut insert = transaction.prepare_cached(sql)?;
    insert.execute(params![source, start, length])?;
    Ok(())
}
