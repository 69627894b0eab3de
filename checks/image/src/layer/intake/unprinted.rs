//! Keys and tokens in files that are no text: databases, compiled modules of Python, memory that was
//! saved. Their texts are looked at as strings(1) has them.
//!
//! One byte in [`LEAST`] is looked at, and more only around those that may be of a token. Programs and
//! libraries are looked at otherwise ([`super::program`]).

use crate::sensitive::{self, Sighting, Sightings};

/// The fewest printable bytes of a token; a key has more.
const LEAST: usize = 24;

/// Bytes of what was looked at that the next bytes begin with: a key may lie over the edge.
const OVERLAP: usize = 16 * 1024;

/// The look at a file that is no text.
#[derive(Debug)]
pub(super) struct Strings {
    /// The end of what was looked at.
    before: Vec<u8>,
    /// Every second byte that counts, where it may be a text in UTF-16.
    wide: Option<usize>,
    /// The end of what was looked at of these bytes.
    narrow: Vec<u8>,
    /// How many bytes were looked at.
    at: usize,
    seen: Sightings,
}

impl Strings {
    /// Begins with a file that begins so.
    pub(super) fn new(head: &[u8]) -> Self {
        Self {
            before: Vec::new(),
            wide: wide(head),
            narrow: Vec::new(),
            at: 0,
            seen: Sightings::default(),
        }
    }

    /// Looks at the next bytes of the file at a path.
    pub(super) fn see(&mut self, path: &str, bytes: &[u8]) {
        let place = self.wide.map(|place| (place + self.at) % 2);
        self.at += bytes.len();
        if let Some(place) = place {
            let narrow: Vec<u8> = bytes.iter().skip(place).step_by(2).copied().collect();
            self.text(path, &narrow);
        }
        // Two bytes at its start make no file a text: the rest is looked at as any other.
        let kept = self.before.len();
        // What lies over the edge, and nothing that was looked at as a whole.
        let edge = bytes.len().min(OVERLAP);
        let mut both = std::mem::take(&mut self.before);
        both.extend_from_slice(&bytes[..edge]);
        if kept > 0 {
            let is_over = |run: &std::ops::Range<usize>| run.start < kept && run.end > kept;
            for run in runs(&both, LEAST).into_iter().filter(is_over) {
                self.look(path, &both[run]);
            }
        }
        for run in runs(bytes, LEAST) {
            self.look(path, &bytes[run]);
        }
        // A short piece forgets nothing of what stood before it.
        if bytes.len() >= OVERLAP {
            both = bytes[bytes.len() - OVERLAP..].to_vec();
        } else {
            both.drain(..both.len().saturating_sub(OVERLAP));
        }
        self.before = both;
    }

    fn text(&mut self, path: &str, bytes: &[u8]) {
        let both = [&std::mem::take(&mut self.narrow)[..], bytes].concat();
        self.look(path, &both);
        self.narrow = both[both.len().saturating_sub(OVERLAP)..].to_vec();
    }

    /// Looks at a run of printable bytes.
    fn look(&mut self, path: &str, run: &[u8]) {
        self.seen
            .take_in(sensitive::look_at_string(path, run), |_| None);
    }

    /// What was seen.
    pub(super) fn into_seen(self) -> Vec<Sighting> {
        self.seen.into_seen("this file")
    }
}

/// Which byte of two is printed, of a text in UTF-16 (RFC 2781).
fn wide(head: &[u8]) -> Option<usize> {
    match head {
        [0xff, 0xfe, ..] => return Some(0),
        [0xfe, 0xff, ..] => return Some(1),
        _ => {}
    }
    let head = head.get(..32)?;
    let is_all =
        |place: usize, is: fn(u8) -> bool| head.iter().skip(place).step_by(2).all(|byte| is(*byte));
    let is_one = |place: usize| is_all(1 - place, |byte| byte == 0) && is_all(place, is_printed);
    [0, 1].into_iter().find(|place| is_one(*place))
}

/// The bytes that texts are made of, as the table of strings(1) has them, with the ends of lines.
fn is_printed(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Runs of printable bytes in which a word has at least so many: prose has none, and tokens and the
/// lines of keys are such words.
fn runs(bytes: &[u8], least: usize) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    // Each word has a byte at one of these places, and half of it lies before or behind that.
    let (stride, half) = (least, least / 2);
    let is_word = |byte: &u8| GRAPHIC[usize::from(*byte)];
    let mut at = stride - 1;
    while at < bytes.len() {
        let next = at + stride;
        let is_behind = || bytes[at..bytes.len().min(at + half)].iter().all(is_word);
        let is_before = || bytes[at.saturating_sub(half)..at].iter().rev().all(is_word);
        if !is_word(&bytes[at]) || !(is_behind() || is_before()) {
            at = next;
            continue;
        }
        let before = bytes[..at].iter().rev().take_while(|byte| is_word(byte));
        let behind = bytes[at..].iter().take_while(|byte| is_word(byte));
        if before.count() + behind.count() < least {
            at = next;
            continue;
        }
        let start = bytes[..at].iter().rposition(|byte| !is_printed(*byte));
        let end = bytes[at..].iter().position(|byte| !is_printed(*byte));
        let end = end.map_or(bytes.len(), |end| at + end);
        runs.push(start.map_or(0, |start| start + 1)..end);
        at = end + stride - 1;
    }
    runs
}

/// The bytes that words are made of.
const GRAPHIC: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        table[byte as usize] = true;
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::tests::{der, noise, pem, word};

    fn told(head: &[u8], parts: &[&[u8]]) -> Vec<Sighting> {
        let mut strings = Strings::new(head);
        for part in parts {
            strings.see("opt/app/data", part);
        }
        strings.into_seen()
    }

    #[test]
    fn keys_are_found_wherever_they_lie() {
        let key = pem("PRIVATE KEY", &der(1));
        let short = pem(
            "PRIVATE KEY",
            &[&b"\x30\x2e\x02\x01\0\x30\x05\x06"[..], &noise(5, 40)].concat(),
        );
        for key in [&key, &short] {
            for before in (0..300).chain([5000, 70_000]) {
                let bytes = [&noise(2, before)[..], b"\0", key.as_bytes(), b"\0\0"].concat();
                assert_eq!(told(b"\0", &[&bytes]).len(), 1, "{before}");
                let (one, two) = bytes.split_at(before + key.len() / 2);
                assert_eq!(told(b"\0", &[one, two]).len(), 1, "{before} in two");
                let short: Vec<&[u8]> = bytes[before.saturating_sub(100)..].chunks(20).collect();
                assert_eq!(told(b"\0", &short).len(), 1, "{before} in short pieces");
            }
        }
        assert_eq!(told(b"\0", &[&noise(7, 1 << 20)]), []);
    }

    #[test]
    fn many_keys_hide_no_token() {
        let key = |seed| pem(&format!("K{seed} PRIVATE KEY"), &der(seed));
        let keys: String = (0..60).map(key).collect();
        let token = word(3, 20, "abcdefghijklmnopqrstuvwxyz0123456789");
        let bytes = format!("{keys}\0token = glpat-{token}\0");
        let seen = told(b"\0", &[bytes.as_bytes()]);
        assert!(
            seen.iter().any(|one| one.rule == "secret.token"),
            "{seen:?}"
        );
        assert!(
            seen.last().unwrap().text.contains("11 more in this file"),
            "{seen:?}"
        );
    }

    #[test]
    fn wide_texts_are_looked_at() {
        let key = pem("RSA PRIVATE KEY", &der(1));
        let little: Vec<u8> = key.bytes().flat_map(|byte| [byte, 0]).collect();
        let big: Vec<u8> = key.bytes().flat_map(|byte| [0, byte]).collect();
        for bytes in [
            [b"\xff\xfe", &little[..]].concat(),
            [b"\xfe\xff", &big[..]].concat(),
            little,
            big,
        ] {
            assert_eq!(told(&bytes, &[&bytes]).len(), 1);
            for at in [100, 101] {
                let (one, two) = bytes.split_at(at);
                assert_eq!(told(&bytes, &[one, two]).len(), 1);
            }
        }
        // Two bytes hide no key in ASCII.
        let marked = [b"\xff\xfe\0", key.as_bytes()].concat();
        assert_eq!(told(&marked, &[&marked]).len(), 1);
    }

    #[test]
    fn runs_are_found_as_by_a_plain_search() {
        for seed in 0..200 {
            let mut bytes = noise(seed, 600);
            let from = (seed * 7 % 500) as usize;
            let length = (seed % 90) as usize;
            bytes[from..(from + length).min(600)].fill(b'a');
            let plain: Vec<_> = bytes
                .split(|byte| !is_printed(*byte))
                .filter(|run| {
                    let mut words = run.split(|byte| !byte.is_ascii_graphic());
                    words.any(|word| word.len() >= 24)
                })
                .collect();
            let found: Vec<_> = runs(&bytes, 24)
                .into_iter()
                .map(|run| &bytes[run])
                .collect();
            assert_eq!(found, plain, "{seed}");
        }
    }
}
