//! The log of decisions in the state directory: one writer at a time, every record on disk before
//! anything follows from it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hpcctl_gate::log::{End, Head, Kept, LogError, Record, verify};
use hpcctl_model::gate::Gate;
use hpcctl_reports::history::parts;
use jiff::{SignedDuration, Timestamp};
use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::bounded;
use crate::failure::{Failure, chain};
use crate::state;

/// The largest head.
const HEAD: u64 = 4096;

/// Bytes that a record takes and what is kept of it, in blocks of 64 KiB.
const ROOM: usize = 4 << 16;

/// The field that names the report of the scan that was judged, by its digest.
const SCAN: &str = "scan";

/// The field that says when a record was written.
const AT: &str = "at";

/// How far clocks of nodes that share a state directory may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The log.
#[derive(Debug)]
pub struct Decisions {
    log: PathBuf,
    head: PathBuf,
}

impl Decisions {
    /// The log below a state directory.
    pub fn below(directory: &Path) -> Self {
        Self {
            log: directory.join("decisions.jsonl"),
            head: directory.join("decisions.head"),
        }
    }

    /// Whether decisions can be logged: the log is as it was written, and the clock is not behind
    /// its last record. A clock that went back would bring waivers to life that have lapsed.
    ///
    /// Answers the digests of the kept scans that its records were made by.
    pub fn usable(&self) -> Result<BTreeSet<String>, Failure> {
        let mut last: Option<Timestamp> = None;
        let mut scans = BTreeSet::new();
        let end = self.verified(|record| {
            let scan = record.decision[SCAN].as_str();
            scans.extend(scan.map(str::to_owned));
            let at = record.decision[AT].as_str();
            last = at.and_then(|at| at.parse().ok()).or(last);
        });
        // What a crash left is mended by the next record.
        end.map_err(|error| self.failure(&error))?;
        let now = Timestamp::now();
        match last.filter(|last| last.duration_since(now) > SKEW) {
            None => Ok(scans),
            Some(last) => {
                let message = format!(
                    "cannot decide: it is {now} by the clock, and the last decision was logged at {last}"
                );
                Err(Failure::unreachable(message).hint("set the clock"))
            }
        }
    }

    /// Appends a record, and answers where the log then ends.
    ///
    /// A log that was changed is not written to: nothing is decided on top of what cannot be
    /// trusted.
    pub fn append(&self, mut decision: Value) -> Result<Head, Failure> {
        decision[AT] = json!(Timestamp::now().to_string());
        self.appended(decision)
            .map_err(|error| self.failure(&error))
    }

    fn appended(&self, decision: Value) -> Result<Head, LogError> {
        let above = self.log.parent().unwrap_or(Path::new("."));
        state::make(above)?;
        let open = File::options()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.log);
        let mut file = open?;
        // What is written to a device is kept nowhere.
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is not a regular file").into());
        }
        flock(&file, FlockOperation::LockExclusive).map_err(io::Error::from)?;
        let end = self.end(&file, |_| {})?;
        let (line, pending, after) = end.next(decision).map_err(io::Error::from)?;
        // What is to follow is kept first: nothing else may ever stand there.
        self.keep(&pending)?;
        let before = file.metadata()?.len();
        if let Err(error) = file.write_all(&line).and_then(|()| file.sync_all()) {
            // Where it cannot be taken back, what there is of it is passed over by the next record.
            let _ = file.set_len(before);
            return Err(error.into());
        }
        self.keep(&Kept {
            head: after.clone(),
            next: None,
        })?;
        Ok(after)
    }

    /// Keeps room on the disk for a record, until it is dropped: what has to be logged after
    /// something cannot be undone any more is not to meet a full disk.
    pub fn room(&self) -> Result<File, Failure> {
        let above = self.log.parent().unwrap_or(Path::new("."));
        let made = tempfile::tempfile_in(above).and_then(|mut file| {
            file.write_all(&filling())?;
            file.sync_all()?;
            Ok(file)
        });
        made.map_err(|error| self.failure(&LogError::Io(error)))
    }

    /// Whether anything was ever logged there.
    pub fn is_begun(&self) -> bool {
        self.log.exists() || self.head.exists()
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.log
    }

    /// Reads the log to its end; `each` sees every record, which counts only where the log turns out
    /// to be as it was written.
    pub fn verified(&self, each: impl FnMut(&Record)) -> Result<End, LogError> {
        match bounded::open(&self.log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                verify(io::empty(), self.kept()?.as_ref(), each)
            }
            file => {
                let file = file?;
                flock(&file, FlockOperation::LockShared).map_err(io::Error::from)?;
                self.end(&file, each)
            }
        }
    }

    /// Where a log that is locked ends.
    fn end(&self, file: &File, each: impl FnMut(&Record)) -> Result<End, LogError> {
        let kept = self.kept()?;
        verify(BufReader::new(file.try_clone()?), kept.as_ref(), each)
    }

    /// What is kept of the end; none where it is not there, or damaged.
    fn kept(&self) -> io::Result<Option<Kept>> {
        match bounded::bytes(&self.head, HEAD) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => Ok(serde_json::from_slice(&bytes?).ok()),
        }
    }

    fn keep(&self, kept: &Kept) -> io::Result<()> {
        state::write(&self.head, &serde_json::to_vec(kept)?)
    }

    /// Why the log cannot be used.
    pub fn failure(&self, error: &LogError) -> Failure {
        let log = self.log.display();
        let failure = Failure::unreachable(format!(
            "cannot use the log of decisions {log}: {}",
            chain(error)
        ));
        match error {
            LogError::Io(_) => failure.hint("name another state directory: --state DIR"),
            _ => failure.hint(format!(
                "find out who changed it; to begin a new one, move both away: {} and {}",
                self.log.display(),
                self.head.display()
            )),
        }
    }
}

/// As many bytes as [`ROOM`] that do not compress: a file system that compresses gives zeros no block.
fn filling() -> Vec<u8> {
    let all = (0_u64..).flat_map(|number| Sha256::digest(number.to_le_bytes()));
    all.take(ROOM).collect()
}

/// What the log keeps of a decision; the report that was judged by its digest, where it is kept.
pub fn decided(event: &str, gate: &Gate, scan: Option<&str>) -> Value {
    let rules = gate.decision.rules.iter().map(|rule| {
        let (parts, count) = parts(rule);
        json!({
            "id": rule.id,
            "outcome": rule.outcome.as_str(),
            "findings": rule.findings.len(),
            "parts": parts,
            "count": count,
            "waived_by": rule.waived_by,
        })
    });
    let waivers = gate.waivers.iter().map(|waiver| {
        json!({
            "id": waiver.id,
            "owner": waiver.owner,
            "expires": waiver.expires,
        })
    });
    json!({
        "event": event,
        "subject": gate.subject,
        SCAN: scan,
        "destination": gate.destination,
        "outcome": gate.decision.outcome.as_str(),
        "now": gate.now,
        "policies": gate.policies,
        "rules": rules.collect::<Vec<_>>(),
        "waivers": waivers.collect::<Vec<_>>(),
        "choices": choices(gate),
    })
}

/// Of choices of licences the branches that count, and for how many packages and files.
pub fn choices(gate: &Gate) -> Vec<Value> {
    let choices = gate.choices.iter();
    choices
        .map(|choice| {
            json!({
                "license": choice.license,
                "chosen": choice.chosen,
                "subjects": choice.subjects.len(),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_for_a_record_is_as_large_where_files_are_compressed() {
        let filling = filling();
        assert_eq!(filling.len(), ROOM);
        let compressed = zstd::encode_all(&filling[..], 3).unwrap();
        assert!(compressed.len() >= ROOM, "{}", compressed.len());
    }
}
