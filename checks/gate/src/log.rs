//! The log of decisions: append-only lines of JSON, each with the digest of the line before, so
//! that a line that was changed, taken out or put in shows.
//!
//! Where the log ends is kept beside it, with the digest of the record that is to follow: that is
//! there before the record is, so that nothing but this very record, whole or cut short by a crash,
//! may ever stand behind the end. What a crash cut short stays; the record after it names the
//! digest of what is there of it, and only then is it passed over.

use std::io::{self, BufRead, Read as _};

use hpcctl_model::hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The longest line that is read.
const LINE: u64 = 1 << 30;

/// What stands before the first record.
const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// Where a log ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many records it has.
    pub records: u64,
    /// The digest of the last line in hex.
    pub sha256: String,
}

/// What is kept beside the log of where it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Its end, with all records that are known to be written.
    #[serde(flatten)]
    pub head: Head,
    /// The digest of the record that is being written; none where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A log that was read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Where it ends.
    pub head: Head,
    /// What a crash left to be done.
    pub left: Left,
    /// Whether its last line has an end.
    ended: bool,
}

/// What a crash left to be done at the end of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Nothing.
    Nothing,
    /// The last record is the one that was being written, and is whole; it is not yet kept as the
    /// end.
    Unkept,
    /// There is a part of the record that was being written; its digest.
    Torn(String),
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its number, from 1.
    pub number: u64,
    /// The digest of the line before in hex.
    pub previous: String,
    /// The digest of a line that a crash cut short, which stands before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torn: Option<String>,
    /// What was decided.
    pub decision: Value,
}

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// It cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line is no record.
    #[error("line {0} is no record: it was changed")]
    NoRecord(u64),
    /// A record does not follow the one before.
    #[error("{}: a line was changed, taken out or put in", unfit(*.0))]
    Broken(u64),
    /// A record is not the one that was there.
    #[error(
        "line {0} is not the record that was the last of the log: it was changed, or one before it"
    )]
    Other(u64),
    /// Records that were there are gone.
    #[error("it ends before the record that was its last: lines were taken out")]
    Shorter,
    /// Its last record lacks the end of its line.
    #[error("the end of its last line is gone: it was changed")]
    Unended,
    /// There are more records than were written.
    #[error("it goes on behind the record that was its last: lines were put in")]
    Longer,
    /// What is kept of its end is gone.
    #[error(
        "what is kept of its end, decisions.head, is gone or damaged: lines may have been changed"
    )]
    Headless,
}

/// Which lines do not fit one another.
fn unfit(line: u64) -> String {
    match line {
        0 | 1 => "line 1 does not begin a log".to_owned(),
        line => format!("lines {} and {line} do not fit one another", line - 1),
    }
}

impl Default for Head {
    fn default() -> Self {
        Self {
            records: 0,
            sha256: START.into(),
        }
    }
}

impl Head {
    /// The line of the next record, and where the log then ends.
    ///
    /// # Errors
    ///
    /// When the decision cannot be written as JSON.
    pub fn next(
        &self,
        decision: Value,
        torn: Option<String>,
    ) -> Result<(Vec<u8>, Self), serde_json::Error> {
        let record = Record {
            number: self.records + 1,
            previous: self.sha256.clone(),
            torn,
            decision,
        };
        let mut line = serde_json::to_vec(&record)?;
        line.push(b'\n');
        let head = Self {
            records: record.number,
            sha256: digest(&line),
        };
        Ok((line, head))
    }
}

impl End {
    /// What is to be written behind the log for the next record, what is kept of its end meanwhile,
    /// and where it then ends.
    ///
    /// # Errors
    ///
    /// When the decision cannot be written as JSON.
    pub fn next(self, decision: Value) -> Result<(Vec<u8>, Kept, Head), serde_json::Error> {
        let torn = match self.left {
            Left::Torn(sha256) => Some(sha256),
            Left::Nothing | Left::Unkept => None,
        };
        let (mut line, after) = self.head.next(decision, torn)?;
        if !self.ended {
            line.insert(0, b'\n');
        }
        let pending = Kept {
            head: self.head,
            next: Some(after.sha256.clone()),
        };
        Ok((line, pending, after))
    }
}

/// Reads a log to its end, and answers where it ends; `each` sees every record, also of a log that
/// turns out to be changed further on. `kept` is what is kept of its end.
///
/// # Errors
///
/// At the first line that is not as it was written, and where the log does not end as is kept.
pub fn verify(
    mut log: impl BufRead,
    kept: Option<&Kept>,
    mut each: impl FnMut(&Record),
) -> Result<End, LogError> {
    let mut head = Head::default();
    let mut gap: Option<Gap> = None;
    let mut ended = true;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if log.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        ended = line.last() == Some(&b'\n');
        let Some(record) = record(&line, ended, kept) else {
            gap.get_or_insert_with(|| Gap::at(number)).add(&line);
            continue;
        };
        let torn = gap.take().map(|gap| (gap.line, gap.sha256()));
        if let Some((at, sha256)) = torn
            && record.torn.as_ref() != Some(&sha256)
        {
            return Err(LogError::NoRecord(at));
        }
        if record.number != head.records + 1 || record.previous != head.sha256 {
            return Err(LogError::Broken(number));
        }
        head = Head {
            records: record.number,
            sha256: whole(&line),
        };
        if kept.is_some_and(|kept| kept.head.records == head.records && kept.head != head) {
            return Err(LogError::Other(number));
        }
        each(&record);
    }
    let left = left(&head, kept, gap)?;
    // Only who was about to go on behind a crash leaves a record without the end of its line.
    let at_rest = kept.is_none_or(|kept| kept.next.is_none());
    match ended || !at_rest {
        true => Ok(End { head, left, ended }),
        false => Err(LogError::Unended),
    }
}

/// The record in a line. One without its end is one only if it is the very record that was written
/// last or was being written.
fn record(line: &[u8], ended: bool, kept: Option<&Kept>) -> Option<Record> {
    let is_known = || {
        let sha256 = whole(line);
        kept.is_some_and(|kept| kept.head.sha256 == sha256 || kept.next == Some(sha256))
    };
    match ended || is_known() {
        true => serde_json::from_slice(line).ok(),
        false => None,
    }
}

/// What a crash left behind the end that is kept, where it is nothing else.
fn left(head: &Head, kept: Option<&Kept>, gap: Option<Gap>) -> Result<Left, LogError> {
    let Some(kept) = kept else {
        // Before anything was ever written nothing is kept.
        return match head.records == 0 && gap.is_none() {
            true => Ok(Left::Nothing),
            false => Err(LogError::Headless),
        };
    };
    if head.records < kept.head.records {
        return Err(LogError::Shorter);
    }
    if kept.head.records == 0 && kept.head != Head::default() {
        return Err(LogError::Headless);
    }
    let is_next = kept.next.as_ref() == Some(&head.sha256);
    match (head.records - kept.head.records, gap) {
        (0, None) => Ok(Left::Nothing),
        (0, Some(gap)) if kept.next.is_some() => Ok(Left::Torn(gap.sha256())),
        (0, Some(gap)) => Err(LogError::NoRecord(gap.line)),
        (1, None) if is_next => Ok(Left::Unkept),
        _ => Err(LogError::Longer),
    }
}

/// What stands between two records, or behind the last one, and is none.
struct Gap {
    /// The number of its first line.
    line: u64,
    /// All of it, but for the end of its last line.
    hasher: Sha256,
    /// Whether its last line has an end.
    ended: bool,
}

impl Gap {
    fn at(line: u64) -> Self {
        Self {
            line,
            hasher: Sha256::new(),
            ended: false,
        }
    }

    fn add(&mut self, line: &[u8]) {
        if self.ended {
            self.hasher.update(b"\n");
        }
        let without = line.strip_suffix(b"\n");
        self.ended = without.is_some();
        self.hasher.update(without.unwrap_or(line));
    }

    /// Its digest, as the record that follows names it.
    fn sha256(self) -> String {
        hex(&self.hasher.finalize())
    }
}

/// The digest of a line with its end.
fn whole(line: &[u8]) -> String {
    match line.ends_with(b"\n") {
        true => digest(line),
        false => digest(&[line, b"\n"].concat()),
    }
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
