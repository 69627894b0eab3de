//! The history in the state directory: one writer at a time, every record on disk before anything
//! follows from it.
//!
//! There is no index beside it: records are folded, so a night of ten thousand nodes is a few
//! kilobytes, and one pass that skips old records by their time takes milliseconds. An index would
//! be a second file to be kept true.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hpcctl_model::history::Record;
use hpcctl_reports::history::{self, Read};
use rustix::fs::{FlockOperation, flock};

use crate::failure::{Failure, chain};
use crate::state;

/// How much is read at a time.
const CHUNK: usize = 256 << 10;

/// The history.
#[derive(Debug)]
pub struct History {
    directory: PathBuf,
    log: PathBuf,
}

impl History {
    /// The history below a state directory.
    pub fn below(directory: &Path) -> Self {
        Self {
            directory: directory.to_path_buf(),
            log: directory.join("history.log"),
        }
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
        let mut known = HashSet::new();
        self.each("", |record, _| {
            known.insert(record.source);
        })?;
        let mut bytes = Vec::new();
        let mut count = 0;
        for record in records {
            if known.insert(record.source.clone()) {
                bytes.extend(history::record(&record).map_err(io::Error::other)?);
                count += 1;
            }
        }
        let mut file = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log)?;
        let last = last_byte(&mut file)?;
        file.write_all(&history::with_end(last, &bytes))?;
        file.sync_all()?;
        File::open(&self.directory)?.sync_all()?;
        drop(lock);
        Ok(count)
    }

    /// Reads the records from a time on; one that was never begun has none.
    pub fn read(&self, since: &str, mut each: impl FnMut(Record)) -> Result<Read, Failure> {
        self.each(since, |record, _| each(record))
            .map_err(|error| self.failure(&error))
    }

    /// Takes out what is older than a time, and what a crash cut short; answers how many records
    /// stay, and how many went.
    pub fn prune(&self, before: &str) -> Result<(u64, u64), Failure> {
        self.pruned(before).map_err(|error| self.failure(&error))
    }

    fn pruned(&self, before: &str) -> io::Result<(u64, u64)> {
        let lock = self.locked()?;
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        let mut written = Ok(());
        let mut kept = 0;
        let read = self.each(before, |_, line| {
            kept += 1;
            if written.is_ok() {
                written = file.write_all(line).and_then(|()| file.write_all(b"\n"));
            }
        })?;
        written?;
        if read.later > 0 {
            let message = "a later version of hpcctl has written to it: prune with that one";
            return Err(io::Error::other(message));
        }
        file.as_file().sync_all()?;
        file.persist(&self.log)?;
        File::open(&self.directory)?.sync_all()?;
        drop(lock);
        Ok((kept, read.whole - kept))
    }

    fn each(&self, since: &str, each: impl FnMut(Record, &[u8])) -> io::Result<Read> {
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

fn last_byte(file: &mut File) -> io::Result<Option<u8>> {
    if file.metadata()?.len() == 0 {
        return Ok(None);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut byte = [0];
    file.read_exact(&mut byte)?;
    Ok(Some(byte[0]))
}
