//! A record as bytes: a line `HPCCTLH1 TIME LENGTH SUM JSON`.
//!
//! JSON has no line break, so a line is a record: whatever a crash left of one ends at the next
//! line break, and length and sum tell that it is none. The time stands in front, so that old
//! records are passed over without being read. The number in the magic word is that of the format;
//! fields that later versions add have defaults, so that older records stay readable. The sum of a
//! later format has its magic word in front: a number that a changed bit made is none.

use std::io::{self, BufRead, Read as _};

use hpcctl_model::hex;
use hpcctl_model::history::Record;
use sha2::{Digest, Sha256};

/// What a record begins with.
const MAGIC: &str = "HPCCTLH1";

/// What records of all formats begin with; the number follows.
const ANY: &str = "HPCCTLH";

/// The longest record that is read or written.
const MOST: usize = 64 << 20;

/// What was met while records were read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Read {
    /// Records that are whole, those that were passed over as too old included.
    pub whole: u64,
    /// Lines that are none: cut short by a crash, or changed.
    pub damaged: u64,
    /// Records of a later version of hpcctl.
    pub later: u64,
}

/// Why a record cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is too long.
    #[error("a record would have more than {MOST} bytes")]
    Long,
    /// No JSON.
    #[error("cannot form JSON")]
    Json(#[from] serde_json::Error),
}

/// The bytes of a record, its line break included.
///
/// # Errors
///
/// When it would be too long.
pub fn record(record: &Record) -> Result<Vec<u8>, Unreadable> {
    let json = serde_json::to_string(record)?;
    if json.len() > MOST {
        return Err(Unreadable::Long);
    }
    let (at, length, sum) = (&record.at, json.len(), sum(&record.at, json.as_bytes()));
    Ok(format!("{MAGIC} {at} {length} {sum} {json}\n").into_bytes())
}

/// The bytes to append to a file whose last byte is this: a line that was cut short is ended first.
pub fn with_end(last: Option<u8>, bytes: &[u8]) -> Vec<u8> {
    match last {
        None | Some(b'\n') => bytes.to_vec(),
        Some(_) => [b"\n", bytes].concat(),
    }
}

/// Reads records to the end; `each` gets those that are not older than `since`, with their lines.
///
/// # Errors
///
/// When the file cannot be read.
pub fn read(
    mut file: impl BufRead,
    since: &str,
    mut each: impl FnMut(Record, Line<'_>),
) -> io::Result<Read> {
    let mut read = Read::default();
    let mut line = Vec::new();
    let mut start = 0;
    loop {
        start += line.len() as u64;
        line.clear();
        let limit = MOST as u64 + 1024;
        if file.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(read);
        }
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        if text.is_empty() {
            continue;
        }
        match parsed(text, since) {
            Found::Record(record) => {
                read.whole += 1;
                each(*record, Line { start, bytes: text });
            }
            Found::Old => read.whole += 1,
            Found::Later => read.later += 1,
            Found::Damaged => read.damaged += 1,
        }
    }
}

/// The line of a record.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// How many bytes stand in front of it.
    pub start: u64,
    /// The line, without its end.
    pub bytes: &'a [u8],
}

enum Found {
    Record(Box<Record>),
    Old,
    Later,
    Damaged,
}

fn parsed(text: &[u8], since: &str) -> Found {
    let mut words = text.splitn(5, |byte| *byte == b' ');
    let mut word = || words.next().and_then(|word| str::from_utf8(word).ok());
    let (magic, at, length, given) = (word(), word(), word(), word());
    let (Some(magic), Some(at), Some(json)) = (magic, at, words.next()) else {
        return Found::Damaged;
    };
    let is_whole = |of: &str| {
        length == Some(json.len().to_string().as_str())
            && given == Some(sum(&format!("{of}{at}"), json).as_str())
    };
    if magic != MAGIC {
        let number = magic
            .strip_prefix(ANY)
            .and_then(|number| number.parse::<u32>().ok());
        return match number.is_some() && is_whole(magic) {
            true => Found::Later,
            false => Found::Damaged,
        };
    }
    if !is_whole("") {
        return Found::Damaged;
    }
    if at < since {
        return Found::Old;
    }
    match serde_json::from_slice(json) {
        Ok(record) => Found::Record(Box::new(record)),
        Err(_) => Found::Later,
    }
}

fn sum(at: &str, json: &[u8]) -> String {
    let digest = Sha256::new().chain_update(at).chain_update(json).finalize();
    hex(&digest[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(n: u32) -> Record {
        Record {
            at: format!("2026-11-{n:02}T02:00:00Z"),
            kind: "doctor".into(),
            source: n.to_string(),
            user: None,
            said: Vec::new(),
            silent: Vec::new(),
            kernels: Vec::new(),
            not_checked: Vec::new(),
            waivers: Vec::new(),
            figures: Vec::new(),
        }
    }

    fn all(bytes: &[u8], since: &str) -> (Vec<Record>, Read) {
        let mut records = Vec::new();
        let read = read(bytes, since, |record, _| records.push(record)).unwrap();
        (records, read)
    }

    #[test]
    fn a_crash_at_any_byte_loses_nothing_that_was_whole() {
        let two = [record(&of(1)).unwrap(), record(&of(2)).unwrap()].concat();
        let third = record(&of(3)).unwrap();
        let fourth = record(&of(4)).unwrap();
        for cut in 0..=third.len() {
            let torn = [&two, &third[..cut]].concat();
            let whole = cut + 1 >= third.len();
            let (records, read) = all(&torn, "");
            assert_eq!(records.len(), if whole { 3 } else { 2 }, "cut at {cut}");
            assert_eq!(read.damaged, u64::from(cut > 0 && !whole), "cut at {cut}");
            let next = with_end(torn.last().copied(), &fourth);
            let (records, _) = all(&[torn, next].concat(), "");
            assert_eq!(records.last(), Some(&of(4)), "cut at {cut}");
            assert_eq!(records[..2], [of(1), of(2)], "cut at {cut}");
            assert_eq!(records.len(), if whole { 4 } else { 3 }, "cut at {cut}");
        }
    }

    #[test]
    fn any_change_of_a_byte_shows() {
        let bytes = record(&of(1)).unwrap();
        for place in 0..bytes.len() - 1 {
            let mut changed = bytes.clone();
            changed[place] ^= 1;
            let (records, read) = all(&changed, "");
            assert!(records.is_empty(), "byte {place}");
            assert_eq!((read.damaged, read.later), (1, 0), "byte {place}");
        }
    }

    #[test]
    fn a_record_of_a_later_format_is_told_by_its_sum() {
        let (at, json) = ("2026-11-25T02:00:00Z", "{\"new\":1}");
        let later = |sum: &str| format!("HPCCTLH2 {at} {} {sum} {json}\n", json.len());
        let of = |text: &str| all(text.as_bytes(), "").1;
        let found = of(&later(&sum(&format!("HPCCTLH2{at}"), json.as_bytes())));
        assert_eq!((found.damaged, found.later), (0, 1));
        let changed = of(&later(&sum(at, json.as_bytes())));
        assert_eq!((changed.damaged, changed.later), (1, 0));
    }

    #[test]
    fn old_records_are_passed_over() {
        let bytes = [record(&of(1)).unwrap(), record(&of(9)).unwrap()].concat();
        let (records, read) = all(&bytes, "2026-11-05");
        assert_eq!(records, [of(9)]);
        assert_eq!(read.whole, 2);
    }

    /// A record as the first version wrote it; fields that came later have defaults.
    #[test]
    fn a_record_of_the_first_version_is_read() {
        let first = concat!(
            "HPCCTLH1 2026-11-25T02:00:00Z 162 2f72dd1b5ffb7038 ",
            r#"{"at":"2026-11-25T02:00:00Z","kind":"doctor","source":"00","#,
            r#""said":[{"on":"n1","found":[{"id":"ns.user","status":"fail","#,
            r#""text":"user.max_user_namespaces is 0"}]}]}"#,
            "\n"
        );
        let (records, read) = all(first.as_bytes(), "");
        assert_eq!(records.len(), 1, "{read:?}");
        assert_eq!(records[0].said[0].found[0].id, "ns.user");
    }
}
