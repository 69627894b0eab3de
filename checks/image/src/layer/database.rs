//! A database of SQLite and its write-ahead log: two files of one directory, read together.
//!
//! What was committed lies in the log until it is written into the database. Whichever comes
//! first waits for the other as long as the walk stays in their directory.

use crate::catalog;

/// The end of the name of a database, and what the name of its log has behind it.
const DATABASE: &str = ".sqlite";
const LOG: &str = "-wal";

/// A file that waits.
#[derive(Debug)]
pub(super) struct File {
    /// Its path.
    pub(super) path: String,
    /// Its place in the listing.
    pub(super) entry: u32,
    /// The catalogers that read it.
    pub(super) rows: Vec<usize>,
    /// What of it was read.
    pub(super) bytes: Vec<u8>,
    /// How many bytes it has.
    pub(super) size: u64,
}

/// The files that wait.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    database: Option<File>,
    log: Option<File>,
}

/// Whether a file is a database or the log of one, by its name.
pub(super) fn waits(path: &str) -> bool {
    path.strip_suffix(LOG).unwrap_or(path).ends_with(DATABASE)
}

impl Waiting {
    /// Whether what waits lies in another directory than a file.
    pub(super) fn is_left_by(&self, path: &str) -> bool {
        let directory = |path: &str| path.rsplit_once('/').map(|(directory, _)| directory.len());
        let known = self.database.as_ref().or(self.log.as_ref());
        known.is_some_and(|known| {
            let length = directory(&known.path);
            directory(path) != length
                || known.path[..length.unwrap_or(0)] != path[..length.unwrap_or(0)]
        })
    }

    /// Whether a file belongs to what waits, or nothing waits.
    pub(super) fn takes(&self, path: &str) -> bool {
        let database = path.strip_suffix(LOG).unwrap_or(path);
        let is_of = |file: &File| file.path.strip_suffix(LOG).unwrap_or(&file.path) == database;
        let waiting = if database == path {
            &self.database
        } else {
            &self.log
        };
        let known = self.database.as_ref().or(self.log.as_ref());
        waiting.is_none() && known.is_none_or(is_of)
    }

    /// Lets a file wait.
    pub(super) fn put(&mut self, file: File) {
        if file.path.ends_with(LOG) {
            self.log = Some(file);
        } else {
            self.database = Some(file);
        }
    }

    /// The database with what its log holds, or the log where there is no database.
    pub(super) fn settled(&mut self) -> Option<File> {
        match (self.database.take(), self.log.take()) {
            (Some(mut database), Some(log)) => {
                catalog::apply_log(&mut database.bytes, &log.bytes);
                database.size = database.bytes.len() as u64;
                Some(database)
            }
            (database, log) => database.or(log),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> File {
        File {
            path: path.to_owned(),
            entry: 0,
            rows: Vec::new(),
            bytes: Vec::new(),
            size: 0,
        }
    }

    #[test]
    fn files_wait_for_each_other_in_their_directory() {
        assert!(waits("a/b.sqlite") && waits("b.sqlite-wal") && !waits("a/b.sqlite-shm"));
        let mut waiting = Waiting::default();
        assert!(!waiting.is_left_by("x") && waiting.takes("a/b.sqlite-wal"));
        waiting.put(file("a/b.sqlite-wal"));
        assert!(!waiting.is_left_by("a/c") && waiting.is_left_by("b/c") && waiting.is_left_by("c"));
        assert!(waiting.takes("a/b.sqlite") && !waiting.takes("a/c.sqlite"));
        assert!(!waiting.takes("a/b.sqlite-wal"));
        waiting.put(file("a/b.sqlite"));
        assert_eq!(waiting.settled().unwrap().path, "a/b.sqlite");
        assert!(waiting.settled().is_none());
        waiting.put(file("b.sqlite"));
        assert!(!waiting.is_left_by("c") && waiting.is_left_by("a/c"));
    }
}
