//! What gives access in a long text, behind the start of it that everything else is looked for in:
//! to its end, however long it is.

use hpcctl_model::scan::UNREAD;

use crate::sensitive::{self, Sighting, Sightings};

/// Bytes that are looked at together.
const PIECE: usize = 1024 * 1024;

/// Bytes of a piece that the next one begins with: what lies on the edge is whole in one of them.
const OVERLAP: usize = 8 * 1024;

/// A text that is looked at by pieces, as it comes.
#[derive(Debug)]
pub(super) struct Behind {
    /// Bytes of the start that are still to come, at which others look.
    start: u64,
    /// The end of what was looked at, then what is to be looked at.
    piece: Vec<u8>,
    /// How much of the piece was looked at.
    known: usize,
    /// Lines in front of the piece.
    lines: u64,
    /// Whether it is a script, by its first bytes; none before they came.
    is_script: Option<bool>,
    /// Whether something in it is no text.
    has_nul: bool,
    seen: Sightings,
}

impl Behind {
    /// Begins with a text at whose first bytes, so many, others look.
    pub(super) fn new(start: u64) -> Self {
        Self {
            start,
            piece: Vec::new(),
            known: 0,
            lines: 0,
            is_script: None,
            has_nul: false,
            seen: Sightings::default(),
        }
    }

    /// Takes in the next bytes of the file with this path and these permission bits.
    pub(super) fn see(&mut self, path: &str, mode: u16, bytes: &[u8]) {
        let is_script = self.is_script.get_or_insert(bytes.starts_with(b"#!"));
        self.has_nul |= *is_script && memchr::memchr(0, bytes).is_some();
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let (start, mut bytes) = bytes.split_at(start.min(bytes.len()));
        if !start.is_empty() {
            self.start -= start.len() as u64;
            self.keep(start);
        }
        while !bytes.is_empty() {
            let room = PIECE - (self.piece.len() - self.known);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.piece.extend_from_slice(now);
            if now.len() == room {
                self.look(path, mode);
            }
            bytes = later;
        }
    }

    /// Looks at the last piece, and tells what was seen.
    pub(super) fn into_seen(mut self, path: &str, mode: u16) -> Vec<Sighting> {
        self.look(path, mode);
        let mut seen = self.seen.into_seen("this file");
        seen.extend(self.has_nul.then(|| Sighting {
            rule: UNREAD,
            line: None,
            text: "a script with something behind it that is no text, and was not looked into for keys"
                .to_owned(),
            is_clue: sensitive::is_example(path),
        }));
        seen
    }

    /// Keeps of the start what the first piece begins with.
    fn keep(&mut self, start: &[u8]) {
        let (passed, kept) = start.split_at(start.len().saturating_sub(OVERLAP));
        if !passed.is_empty() {
            self.forget(self.piece.len());
            self.lines += newlines(passed);
        }
        self.piece.extend_from_slice(kept);
        self.forget(self.piece.len().saturating_sub(OVERLAP));
        self.known = self.piece.len();
    }

    /// Looks at what was appended to the piece.
    fn look(&mut self, path: &str, mode: u16) {
        if self.piece.len() == self.known {
            return;
        }
        let source = sensitive::Source {
            path,
            mode,
            size: self.piece.len() as u64,
            bytes: &self.piece,
        };
        let seen = sensitive::look_behind(&source, self.known);
        self.seen.take_in(seen, |line| Some(line + self.lines));
        self.forget(self.piece.len().saturating_sub(OVERLAP));
        self.known = self.piece.len();
    }

    /// Drops so many bytes at the start of the piece.
    fn forget(&mut self, count: usize) {
        self.lines += newlines(&self.piece[..count]);
        self.piece.drain(..count);
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sensitive::tests::word;

    /// A text with a login in the given lines of 20 bytes.
    fn text(lines: usize, logins: &[usize]) -> Vec<u8> {
        let mut text = b"nothing to see here\n".repeat(lines);
        for (seed, line) in logins.iter().enumerate() {
            let word = word(seed as u64, 20, "abcdefghijklmnopqrstuvwxyz0123456789");
            let login = format!("https://u:{word}@git.site.org/a\n");
            text[line * 20..][..login.len()].copy_from_slice(login.as_bytes());
        }
        text
    }

    #[test]
    fn what_lies_behind_the_start_is_found_in_pieces_of_any_size() {
        let far = 3 * PIECE / 20;
        let text = text(
            far + 10_000,
            &[3, PIECE / 20 - 2, PIECE / 20 + 9, 2 * PIECE / 20, far],
        );
        for start in [0, 100, 8 * 1024, PIECE as u64, text.len() as u64] {
            for step in [700, 64 * 1024, 3 * PIECE, text.len()] {
                let mut behind = Behind::new(start);
                for bytes in text.chunks(step) {
                    behind.see("opt/log", 0o644, bytes);
                }
                let seen = behind.into_seen("opt/log", 0o644);
                let lines: Vec<u64> = seen.iter().filter_map(|one| one.line).collect();
                // The login takes the ends of two lines and has one itself.
                let all = [3, PIECE / 20 - 2, PIECE / 20 + 9, 2 * PIECE / 20, far];
                let whole = all.iter().enumerate();
                let expected: Vec<u64> = whole
                    .filter(|(_, line)| (**line as u64) * 20 + 50 > start)
                    .map(|(place, line)| (line + 1 - place) as u64)
                    .collect();
                assert_eq!(lines, expected, "{start} {step}");
            }
        }
    }

    #[test]
    fn a_text_of_any_length_is_looked_at_to_its_end() {
        let mut behind = Behind::new(PIECE as u64);
        let piece = text(PIECE / 20, &[]);
        for _ in 0..300 {
            behind.see("opt/log", 0o644, &piece);
        }
        behind.see("opt/log", 0o644, &text(100, &[50]));
        let seen = behind.into_seen("opt/log", 0o644);
        let lines: Vec<Option<u64>> = seen.iter().map(|one| one.line).collect();
        assert_eq!(lines, [Some((300 * (PIECE / 20) + 51) as u64)]);
    }

    #[test]
    fn many_sightings_are_bounded() {
        let logins: Vec<usize> = (0..2000).map(|place| place * 100).collect();
        let text = text(210_000, &logins);
        let mut behind = Behind::new(0);
        behind.see("opt/log", 0o644, &text);
        let seen = behind.into_seen("opt/log", 0o644);
        assert!(seen.len() < 100 && seen[seen.len() - 1].text.contains("more in this file"));
    }
}
