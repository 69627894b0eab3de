//! A text as words, by the SPDX matching guidelines (annex B of the specification 2.3): case,
//! punctuation, quotes, comment marks, markup and spelling variants do not count.
//!
//! Each word keeps its line. Two views come from it: all words, for notices and names; and the
//! words that count when a text is compared with a template, without copyright lines, list
//! markers and single letters.

use super::markup::{skip_entity, skip_tag};
use super::spelling::hash;
use std::ops::Range;

mod counting;
mod one;
pub(crate) mod short;

/// The hash that stands between two windows of a file; no word has it.
pub(crate) const BREAK: u32 = 0;

/// One word of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word {
    /// Where the word lies in [`Words::text`].
    start: u32,
    end: u32,
    /// The line in the file, from 1.
    pub(crate) line: u32,
    /// The hash of the word, the same for spelling variants.
    pub(crate) hash: u32,
    /// Whether an empty line stands before the word.
    opens: bool,
    /// Whether a full stop stands before the word.
    stopped: bool,
    /// Whether the word is part of an identifier with underscores.
    tied: bool,
    /// Whether `>=` stands before the word.
    least: bool,
    /// Whether a parenthesis opens before the word, and whether one closes.
    opened: bool,
    closed: bool,
    /// Whether the word is in another string than the one before, as in `"a", "b"`.
    item: bool,
}

/// The words of a text.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// The words in lower case, one behind the other.
    text: String,
    pub(crate) words: Vec<Word>,
    /// What stands between the last word and the next.
    gap: Gap,
}

/// The marks between two words.
#[derive(Debug, Default)]
struct Gap {
    newlines: u32,
    stop: bool,
    tie: bool,
    least: bool,
    opened: bool,
    closed: bool,
    item: bool,
}

impl Words {
    /// Reads one text whole.
    pub(crate) fn of(text: &str) -> Self {
        let mut words = Self::default();
        words.read(text, 1);
        words
    }

    /// Reads the windows of a text, with the lines of the whole.
    pub(crate) fn of_windows(text: &str, windows: &[Range<usize>]) -> Self {
        let mut words = Self::default();
        let (mut line, mut at) = (1u32, 0);
        for window in windows {
            let between = text.as_bytes().get(at..window.start).unwrap_or_default();
            line = line.saturating_add(newlines(between));
            if !words.words.is_empty() {
                words.words.push(Word {
                    start: 0,
                    end: 0,
                    line,
                    hash: BREAK,
                    opens: true,
                    stopped: true,
                    tied: false,
                    least: false,
                    opened: false,
                    closed: false,
                    item: false,
                });
            }
            let part = text.get(window.clone()).unwrap_or_default();
            words.read(part, line);
            line = line.saturating_add(newlines(part.as_bytes()));
            at = window.end;
        }
        words
    }

    /// The word at a place, empty outside.
    pub(crate) fn word(&self, at: usize) -> &str {
        self.words
            .get(at)
            .and_then(|word| self.text.get(word.start as usize..word.end as usize))
            .unwrap_or_default()
    }

    /// The line of the word at a place.
    pub(crate) fn line(&self, at: usize) -> u32 {
        self.words.get(at).map_or(1, |word| word.line)
    }

    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether a sentence, a paragraph or another part of the file begins at a place.
    pub(crate) fn begins(&self, at: usize) -> bool {
        self.words
            .get(at)
            .is_none_or(|word| word.opens || word.stopped)
    }

    /// Whether a word goes on an identifier, as the last of `PROJECT_LICENSE_GPL2`.
    pub(crate) fn tied(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.tied)
    }

    /// Whether a number is the least of several, as in `GPL (>= 2)`.
    pub(crate) fn least(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.least)
    }

    /// Whether words stand in parentheses of their own.
    pub(crate) fn enclosed(&self, at: usize, end: usize) -> bool {
        let closed = self
            .words
            .get(end)
            .map_or(self.gap.closed, |word| word.closed);
        self.words.get(at).is_some_and(|word| word.opened) && closed
    }

    /// Whether a word begins the next of several strings of a program, as the second of
    /// `["MIT", "ISC"]` does.
    pub(crate) fn is_item(&self, at: usize) -> bool {
        self.words.get(at).is_some_and(|word| word.item)
    }

    /// Whether another sentence begins at a place. An empty line before an item of a list ends
    /// none.
    pub(crate) fn stopped(&self, at: usize) -> bool {
        self.words.get(at).is_none_or(|word| word.stopped)
    }

    /// Whether the word at a place is the first of its line.
    pub(crate) fn starts_line(&self, at: usize) -> bool {
        at == 0 || self.line(at) != self.line(at - 1)
    }

    fn read(&mut self, text: &str, first_line: u32) {
        let bytes = text.as_bytes();
        let (mut at, mut line) = (self.skip_comment(bytes, 0), first_line);
        while let Some(&byte) = bytes.get(at) {
            at = match byte {
                b'\n' => {
                    line = line.saturating_add(1);
                    self.gap.newlines += 1;
                    self.skip_comment(bytes, at + 1)
                }
                b'_' => {
                    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
                    self.gap.tie = before.is_some_and(u8::is_ascii_alphanumeric);
                    at + 1
                }
                b'.' => {
                    let ends = bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace);
                    self.gap.stop |= ends && (!self.abbreviated() || ends_paragraph(bytes, at + 1));
                    at + 1
                }
                b',' => {
                    self.gap.item |= parts_strings(bytes, at);
                    at + 1
                }
                b'<' => skip_tag(bytes, at),
                b'(' => {
                    // Not those of a call: `name("MIT")`.
                    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
                    self.gap.opened = before.is_some_and(u8::is_ascii_whitespace)
                        && bytes.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
                    at + 1
                }
                b')' => {
                    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
                    let word = |b: &u8| b.is_ascii_alphanumeric() || *b == b'+';
                    self.gap.closed |= before.is_some_and(word);
                    at + 1
                }
                b'>' if bytes.get(at + 1) == Some(&b'=') => {
                    self.gap.least = true;
                    at + 2
                }
                b'&' => skip_entity(bytes, at),
                b'\\' => {
                    at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'n' | b't' | b'r')))
                }
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => self.take(text, at, &mut line),
                128.. => {
                    let c = text
                        .get(at..)
                        .and_then(|rest| rest.chars().next())
                        .unwrap_or(' ');
                    if c.is_alphanumeric() || c == '\u{a9}' {
                        self.take(text, at, &mut line)
                    } else {
                        at + c.len_utf8()
                    }
                }
                _ => at + 1,
            };
        }
    }

    /// Where reading goes on behind a comment mark that is a word: `dnl`, `rem` and Fortran's
    /// `C`, in the first column.
    fn skip_comment(&self, bytes: &[u8], at: usize) -> usize {
        let rest = bytes.get(at..).unwrap_or_default();
        let blank = |n: usize| matches!(rest.get(n), Some(b' ' | b'\t'));
        match rest.first() {
            Some(b'c' | b'C') if blank(1) => at + 1,
            Some(b'd' | b'r' | b'R') if blank(3) => {
                let mark = rest.get(..3).unwrap_or_default();
                at + if mark == b"dnl" || mark.eq_ignore_ascii_case(b"rem") {
                    3
                } else {
                    0
                }
            }
            _ => at,
        }
    }

    /// Whether a full stop behind the last word may only shorten it: `v.`, `Inc.`
    fn abbreviated(&self) -> bool {
        let last = self.word(self.words.len().saturating_sub(1));
        last.len() < 3 && !last.starts_with(|c: char| c.is_ascii_digit())
            || matches!(last, "inc" | "ver" | "vers" | "ltd" | "corp" | "etc")
    }

    fn push(&mut self, start: usize, line: u32) {
        let word = self.text.get(start..).unwrap_or_default();
        let hash = hash(word);
        let to_u32 = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let (start, end) = (to_u32(start), to_u32(self.text.len()));
        let gap = std::mem::take(&mut self.gap);
        self.words.push(Word {
            start,
            end,
            line,
            hash,
            opens: gap.newlines > 1,
            stopped: gap.stop,
            tied: gap.tie,
            least: gap.least,
            opened: gap.opened,
            closed: gap.closed,
            item: gap.item,
        });
    }
}

/// Whether a comma stands between two strings.
fn parts_strings(bytes: &[u8], comma: usize) -> bool {
    let is_quote = |byte: &u8| matches!(byte, b'"' | b'\'' | b'`');
    let before = comma.checked_sub(1).and_then(|at| bytes.get(at));
    let mut behind = bytes.get(comma + 1..).unwrap_or_default().iter();
    let next = behind.find(|byte| !byte.is_ascii_whitespace());
    before.is_some_and(is_quote) && next.is_some_and(is_quote)
}

/// Whether an empty line follows.
fn ends_paragraph(bytes: &[u8], at: usize) -> bool {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut newlines = 0;
    for byte in rest {
        match byte {
            b'\n' if newlines == 1 => return true,
            b'\n' => newlines += 1,
            b' ' | b'\t' | b'\r' => {}
            _ => return false,
        }
    }
    false
}

fn newlines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        let words = Words::of(text);
        (0..words.len()).map(|i| words.word(i).to_owned()).collect()
    }

    #[test]
    fn reads_words() {
        assert_eq!(
            list("// The \"Software\", AS-IS!"),
            ["the", "software", "asis"]
        );
        assert_eq!(list("GPL-2.0+ v1.1."), ["gpl", "2.0+", "v1.1"]);
        assert_eq!(
            list("author's \u{201c}as is\u{201d}"),
            ["authors", "as", "is"]
        );
        assert_eq!(list("redistri-\n * bution of"), ["redistribution", "of"]);
        assert_eq!(
            list("MIT-Licensed, dual-licensed"),
            ["mit", "licensed", "duallicensed"]
        );
        assert_eq!(list("<p>One</p><br/>&nbsp;<year>"), ["one", "year"]);
        assert_eq!(list("a\\nb"), ["a", "b"]);
        assert_eq!(list("\u{a9}2020 caf\u{e9}"), ["c", "2020", "caf\u{e9}"]);
    }

    #[test]
    fn the_least_of_several_is_known() {
        let words = Words::of("GPL (>= 2), not 3");
        let least: Vec<bool> = (0..words.len()).map(|at| words.least(at)).collect();
        assert_eq!(least, [false, true, false, false]);
    }

    #[test]
    fn parentheses_are_known() {
        let words = Words::of("a (b c) d (e, f) (g)");
        for (at, end, known) in [(1, 3, true), (1, 2, false), (0, 1, false), (6, 7, true)] {
            assert_eq!(words.enclosed(at, end), known, "{at}");
        }
    }

    #[test]
    fn strings_of_a_program_are_parted() {
        let words = Words::of("['a', 'b c'], \"d\",\n \"e\", f, 'g' and 'h'");
        let items = (0..words.len()).filter(|at| words.is_item(*at));
        let items: Vec<&str> = items.map(|at| words.word(at)).collect();
        assert_eq!(items, ["b", "e"]);
    }

    #[test]
    fn keeps_lines() {
        let words = Words::of("one\n\ntwo-\nthree\nfour");
        let lines: Vec<u32> = words.words.iter().map(|w| w.line).collect();
        assert_eq!(lines, [1, 3, 5]);
    }

    #[test]
    fn comment_marks_are_no_words() {
        assert_eq!(
            list("dnl one\nREM two\nC     three\nc is a word"),
            ["one", "two", "three", "is", "a", "word"]
        );
        assert_eq!(list("dnlx rem"), ["dnlx", "rem"]);
    }

    #[test]
    fn sentences_and_paragraphs_begin() {
        let words = Words::of("One of v. 2.0, by X Inc. and two. Three\n * \n * four\nfive");
        let begin: Vec<&str> = (0..words.len())
            .filter(|i| words.begins(*i))
            .map(|i| words.word(i))
            .collect();
        assert_eq!(begin, ["three", "four"]);
        let stopped: Vec<bool> = (0..words.len()).map(|i| words.stopped(i)).collect();
        assert_eq!(stopped.iter().filter(|s| **s).count(), 1);
    }

    #[test]
    fn words_of_an_identifier_are_tied() {
        let words = Words::of("a_b __c d_ e");
        let tied: Vec<bool> = (0..words.len()).map(|i| words.tied(i)).collect();
        assert_eq!(tied, [false, true, false, false, true]);
    }

    #[test]
    fn windows_keep_the_lines_of_the_file() {
        let text = "a\nb\nc\nd\n";
        let words = Words::of_windows(text, &[2..4, 6..8]);
        let lines: Vec<(u32, bool)> = words
            .words
            .iter()
            .map(|w| (w.line, w.hash == BREAK))
            .collect();
        assert_eq!(lines, [(2, false), (4, true), (4, false)]);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "\\PC*") {
            let words = Words::of(&text);
            words.counting();
        }

        #[test]
        fn words_outlive_marks(text in "(-\n|\\+|\u{a9}|'|x|\u{e9}|1|\\.|<b|>|&amp;|\\\\n|\u{4e2d}){0,60}") {
            let words = Words::of(&text);
            proptest::prop_assert!((0..words.len()).all(|i| !words.word(i).is_empty()));
        }
    }
}
