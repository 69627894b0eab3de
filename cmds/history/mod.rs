//! The history in the state directory: one writer at a time, every record on disk before anything
//! follows from it.
//!
//! Beside it lies an index, which may be missing or broken.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hpcctl_model::history::Record;
use hpcctl_reports::history::{self, Line, Read};
use rustix::fs::{FlockOperation, flock};
use tempfile::NamedTempFile;

use crate::failure::{Failure, chain};
use crate::state;
use index::Index;

mod index;

/// The name of what is to take the place of the log.
const NEXT: &str = "history.next";

/// How much is read at a time.
const CHUNK: usize = 256 << 10;

/// What became of the records of a history that was pruned.
#[derive(Debug)]
pub struct Pruned {
    /// Records that stay.
    pub kept: u64,
    /// Those that were too old.
    pub old: u64,
    /// Lines that were none: cut short by a crash, or changed.
    pub damaged: u64,
}

/// The history.
#[derive(Debug)]
pub struct History {
    directory: PathBuf,
    log: PathBuf,
    index: PathBuf,
}

impl History {
    /// The history below a state directory.
    pub fn below(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            log: directory.join("history.log"),
            index: directory.join("history.index"),
        }
    }

    /// Whether anything was put into it.
    pub fn is_begun(&self) -> bool {
        !state::is_absent(&self.log)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.log
    }

    /// Appends the records that are not there yet; answers how many those were.
    pub fn append(&self, records: Vec<Record>) -> Result<usize, Failure> {
        self.appended(records).map_err(|error| self.failure(&error))
    }

    fn appended(&self, records: Vec<Record>) -> io::Result<usize> {
        let lock = self.locked()?;
        let mut bytes = Vec::new();
        let mut count = 0;
        for record in self.unknown(records)? {
            bytes.extend(history::record(&record).map_err(io::Error::other)?);
            count += 1;
        }
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log)?;
        let (end, last) = (file.metadata()?.len(), last_byte(&mut file)?);
        if let Err(error) = file.write_all(&history::with_end(last, &bytes)) {
            // All or none; what cannot be taken back is passed over by whoever reads it.
            let _ = file.set_len(end);
            return Err(error);
        }
        file.sync_all()?;
        File::open(&self.directory)?.sync_all()?;
        Index::cover(&self.index, &file);
        drop(lock);
        Ok(count)
    }

    /// The reports that are there, without the index.
    fn sources(&self) -> io::Result<HashSet<String>> {
        let mut sources = HashSet::new();
        self.whole("", |record, _| {
            sources.insert(record.source);
        })?;
        Ok(sources)
    }

    /// The records that are not there yet, each once.
    fn unknown(&self, records: Vec<Record>) -> io::Result<Vec<Record>> {
        let indexed = self.indexed(|index, log| {
            let mut known = HashSet::new();
            for record in &records {
                if index.knows(&record.source, log)? {
                    known.insert(record.source.clone());
                }
            }
            behind(log, index.covered, |record, _| {
                known.insert(record.source);
            })?;
            Ok(known)
        });
        let mut known = match indexed {
            Some(known) => known,
            None => self.sources()?,
        };
        let mut records = records;
        records.retain(|record| known.insert(record.source.clone()));
        Ok(records)
    }

    /// Reads the records from a time on; one that was never begun has none.
    pub fn read(&self, since: &str, mut each: impl FnMut(Record)) -> Result<Read, Failure> {
        let read = self.whole(since, |record, _| each(record));
        read.map_err(|error| self.failure(&error))
    }

    /// What can be found by the index; none where there is none that serves.
    fn indexed<T>(&self, find: impl FnOnce(&Index, &File) -> io::Result<T>) -> Option<T> {
        let log = File::open(&self.log).ok()?;
        let index = Index::open(&self.index, &log)?;
        find(&index, &log).ok()
    }

    /// Takes out what is older than a time, and what is damaged.
    pub fn prune(&self, before: &str) -> Result<Pruned, Failure> {
        self.pruned(before).map_err(|error| self.failure(&error))
    }

    fn pruned(&self, before: &str) -> io::Result<Pruned> {
        let lock = self.locked()?;
        let mut file = self.next()?;
        let mut written = Ok(());
        let mut kept = 0;
        let read = self.whole(before, |_, line| {
            kept += 1;
            if written.is_ok() {
                let bytes = file.write_all(line.bytes);
                written = bytes.and_then(|()| file.write_all(b"\n"));
            }
        })?;
        written?;
        if read.later > 0 {
            let message = "a later version of hpcctl has written to it: prune with that one";
            return Err(io::Error::other(message));
        }
        file.as_file().sync_all()?;
        let log = file.persist(&self.log)?;
        File::open(&self.directory)?.sync_all()?;
        Index::cover(&self.index, &log);
        drop(lock);
        Ok(Pruned {
            kept,
            old: read.whole - kept,
            damaged: read.damaged,
        })
    }

    /// The file that is to take the place of the log, under the lock: what a prune that was killed left of it
    /// goes first.
    fn next(&self) -> io::Result<NamedTempFile> {
        match fs::remove_file(self.directory.join(NEXT)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut builder = tempfile::Builder::new();
        let named = builder.prefix(NEXT).rand_bytes(0);
        named.tempfile_in(&self.directory)
    }

    fn whole(&self, since: &str, each: impl FnMut(Record, Line<'_>)) -> io::Result<Read> {
        match File::open(&self.log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Read::default()),
            file => history::read(BufReader::with_capacity(CHUNK, file?), since, each),
        }
    }

    /// The lock of writers; a file of its own, as pruning puts another file in place of the log.
    fn locked(&self) -> io::Result<File> {
        state::make(&self.directory)?;
        let lock = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.directory.join("history.lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(lock)
    }

    fn failure(&self, error: &io::Error) -> Failure {
        let log = self.log.display();
        let failure =
            Failure::unreachable(format!("cannot use the history {log}: {}", chain(error)));
        failure.hint("name another state directory: --state DIR")
    }
}

/// Reads the records behind a place in the log.
fn behind(mut log: &File, place: u64, each: impl FnMut(Record, Line<'_>)) -> io::Result<Read> {
    log.seek(SeekFrom::Start(place))?;
    history::read(BufReader::with_capacity(CHUNK, log), "", each)
}

fn last_byte(file: &mut File) -> io::Result<Option<u8>> {
    if file.metadata()?.len() == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(Some(byte[0]))
}
