//! The log of decisions: append-only lines of JSON, each with the digest of the line before, so
//! that a line that was changed, taken out or put in shows.
//!
//! A line that a crash cut short stays; the record after it names the digest of what is there of
//! it, and only then is it passed over.

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
    /// Records that were there are gone.
    #[error("it ends before the record that was its last: lines were taken out")]
    Shorter,
    /// The digest of its end is gone.
    #[error(
        "the file with the digest of its end, decisions.head, is gone: lines may have been taken out"
    )]
    Headless,
    /// The last line is cut short.
    #[error("the last line is cut short: its decision was not carried out")]
    Torn {
        /// The log before it, or with it where only the end of the line is missing.
        head: Head,
        /// The digest of what is there of it; none where only the end of the line is missing.
        sha256: Option<String>,
    },
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

/// Reads a log to its end, and answers where it ends; `each` sees every record.
///
/// # Errors
///
/// At the first line that is not as it was written.
pub fn verify(mut log: impl BufRead, mut each: impl FnMut(&Record)) -> Result<Head, LogError> {
    let mut head = Head::default();
    // A line that is no record, with its number: a crash, if the next record says so.
    let mut torn: Option<(u64, String)> = None;
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if log.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if line.last() != Some(&b'\n') && torn.is_none() {
            return Err(cut_short(head, line));
        }
        let Ok(record) = serde_json::from_slice::<Record>(&line) else {
            if torn.is_some() {
                return Err(LogError::NoRecord(number - 1));
            }
            // Without the newline that the next record put behind it.
            torn = Some((number, digest(line.trim_ascii_end())));
            continue;
        };
        if let Some((at, sha256)) = torn.take()
            && record.torn.as_ref() != Some(&sha256)
        {
            return Err(LogError::NoRecord(at));
        }
        if record.number != head.records + 1 || record.previous != head.sha256 {
            return Err(LogError::Broken(number));
        }
        head = Head {
            records: record.number,
            sha256: digest(&line),
        };
        each(&record);
    }
    match torn {
        None => Ok(head),
        Some((at, _)) => Err(LogError::NoRecord(at)),
    }
}

/// A last line without its end.
fn cut_short(head: Head, mut line: Vec<u8>) -> LogError {
    let record = serde_json::from_slice::<Record>(&line);
    let follows = record.is_ok_and(|record| record.previous == head.sha256);
    if !follows {
        let sha256 = Some(digest(&line));
        return LogError::Torn { head, sha256 };
    }
    line.push(b'\n');
    let head = Head {
        records: head.records + 1,
        sha256: digest(&line),
    };
    LogError::Torn { head, sha256: None }
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn log(records: u64) -> (Vec<u8>, Head) {
        let mut head = Head::default();
        let mut log = Vec::new();
        for n in 0..records {
            let (line, next) = head.next(json!({"n": n}), None).unwrap();
            log.extend(line);
            head = next;
        }
        (log, head)
    }

    #[test]
    fn a_log_verifies_to_its_head() {
        let (bytes, head) = log(3);
        let mut seen = Vec::new();
        let found = verify(&bytes[..], |record| seen.push(record.number)).unwrap();
        assert_eq!((found, seen), (head, vec![1, 2, 3]));
        assert_eq!(verify(&b""[..], |_| {}).unwrap(), Head::default());
    }

    #[test]
    fn any_change_of_a_byte_shows() {
        let (bytes, head) = log(3);
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let found = verify(&changed[..], |_| {});
            // A change in the last line shows by the head.
            assert!(found.is_err() || found.unwrap() != head, "byte {place}");
        }
    }

    #[test]
    fn a_line_taken_out_or_put_in_shows() {
        let (bytes, head) = log(3);
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let orders: [&[usize]; 5] = [&[0, 2], &[1, 2], &[0, 0, 1, 2], &[1, 0, 2], &[0, 1]];
        for order in orders {
            let other: Vec<u8> = order.iter().flat_map(|n| lines[*n]).copied().collect();
            let found = verify(&other[..], |_| {});
            assert!(found.is_err() || found.unwrap() != head, "{order:?}");
        }
    }

    #[test]
    fn a_crash_at_any_byte_loses_nothing_that_was_whole() {
        let (bytes, whole) = log(2);
        let (two, before) = log(1);
        for cut in two.len() + 1..bytes.len() {
            let Err(LogError::Torn { head, sha256 }) = verify(&bytes[..cut], |_| {}) else {
                panic!("cut at {cut}");
            };
            let is_whole = cut == bytes.len() - 1;
            assert_eq!(sha256.is_none(), is_whole, "cut at {cut}");
            assert_eq!(
                head,
                if is_whole {
                    whole.clone()
                } else {
                    before.clone()
                }
            );
            let (line, after) = head.next(json!("again"), sha256).unwrap();
            let mended = [&bytes[..cut], b"\n", &line].concat();
            assert_eq!(verify(&mended[..], |_| {}).unwrap(), after, "cut at {cut}");
        }
    }
}
