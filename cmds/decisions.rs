//! The log of decisions in the state directory: one writer at a time, every record on disk before
//! anything follows from it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use hpcctl_gate::log::{Head, LogError, Record, verify};
use hpcctl_model::gate::Gate;
use jiff::{SignedDuration, Timestamp};
use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};

use crate::bounded;
use crate::failure::{Failure, chain};
use crate::state;

/// The largest head.
const HEAD: u64 = 4096;

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
        match end {
            // The next record says that it was seen.
            Ok(_) | Err(LogError::Torn { .. }) => {}
            Err(error) => return Err(self.failure(&error)),
        }
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
        let (head, torn, cut) = match self.end(&file) {
            Ok(head) => (head, None, false),
            Err(LogError::Torn { head, sha256 }) => (head, sha256, true),
            Err(error) => return Err(error),
        };
        let (line, head) = head.next(decision, torn).map_err(io::Error::from)?;
        let line = if cut { [b"\n", &*line].concat() } else { line };
        file.write_all(&line)?;
        file.sync_all()?;
        let text = serde_json::to_vec(&head).map_err(io::Error::from)?;
        state::write(&self.head, &text)?;
        Ok(head)
    }

    /// Whether anything was ever logged there.
    pub fn is_begun(&self) -> bool {
        self.log.exists() || self.head.exists()
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.log
    }

    /// Reads the log to its end; `each` sees every record.
    pub fn verified(&self, each: impl FnMut(&Record)) -> Result<Head, LogError> {
        let file = match bounded::open(&self.log) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return match self.kept()? {
                    Some(_) => Err(LogError::Shorter),
                    None => Ok(Head::default()),
                };
            }
            file => file?,
        };
        flock(&file, FlockOperation::LockShared).map_err(io::Error::from)?;
        let head = verify(BufReader::new(file), each)?;
        self.compared(head)
    }

    fn end(&self, file: &File) -> Result<Head, LogError> {
        let head = verify(BufReader::new(file.try_clone()?), |_| {})?;
        self.compared(head)
    }

    /// The end that was found, if it is not before the one that was kept.
    fn compared(&self, head: Head) -> Result<Head, LogError> {
        match self.kept()? {
            Some(kept) if kept.records > head.records => Err(LogError::Shorter),
            Some(kept) if kept.records == head.records && kept != head => {
                Err(LogError::Broken(kept.records))
            }
            // Only the very first record is ever there without a head, after a crash between the two.
            None if head.records > 1 => Err(LogError::Headless),
            // A crash came between the record and the head.
            _ => Ok(head),
        }
    }

    fn kept(&self) -> io::Result<Option<Head>> {
        match bounded::bytes(&self.head, HEAD) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            bytes => Ok(serde_json::from_slice(&bytes?).ok()),
        }
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

/// What the log keeps of a decision; the report that was judged by its digest, where it is kept.
pub fn decided(event: &str, gate: &Gate, scan: Option<&str>) -> Value {
    let rules = gate.decision.rules.iter().map(|rule| {
        json!({
            "id": rule.id,
            "outcome": rule.outcome.as_str(),
            "findings": rule.findings.len(),
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
    })
}
