//! The mark of a statement: the word "Copyright", its sign, or the name of a field.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use memchr::memmem::Finder;

/// What a text without any statement does not hold.
const FRAGMENTS: &[&str] = &[
    "opyright", "OPYRIGHT", "\u{a9}", "(c)", "(C)", "&copy;", "\\(co",
];

static FINDERS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| FRAGMENTS.iter().copied().map(Finder::new).collect());

/// What a line with a mark holds, in any case.
static MARKS: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .build(["copyright", "(c)", "\u{a9}", "&copy;", "\\(co"])
        .ok()
});

/// How a statement begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// A field of a machine-readable file: what follows is a statement.
    Field,
    /// The word with the sign, or the word at the start of a line.
    Word,
    /// The sign alone at the start of a line, such as `©`.
    Sign,
    /// Somewhere in a sentence: only a year tells it from talk.
    Within,
}

impl Mark {
    /// Whether a statement without a year is one.
    pub(super) fn tells(self, rest: &str) -> bool {
        match self {
            Self::Field => true,
            Self::Word | Self::Sign => {
                let rest = rest.trim_start_matches(['"', '\u{201c}']);
                let by = rest.strip_prefix("by ").unwrap_or(rest);
                let the = by.strip_prefix("the ").unwrap_or(by);
                the.starts_with(|c: char| c.is_uppercase())
            }
            Self::Within => false,
        }
    }
}

/// Whether a file may hold a statement; cheap. A letter of another encoding may be the sign.
pub(super) fn may_stand_in(bytes: &[u8]) -> bool {
    let wide = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    wide || FINDERS.iter().any(|finder| finder.find(bytes).is_some())
        || memchr::memchr(0xa9, bytes).is_some()
}

/// Where marks may stand in a text: anywhere, if there is no searcher.
pub(super) fn places(text: &str) -> impl Iterator<Item = usize> {
    let anywhere = MARKS.is_none().then_some(0..text.len());
    let marks = MARKS.iter().flat_map(move |marks| marks.find_iter(text));
    let marks = marks.map(|found| found.start());
    marks.chain(anywhere.into_iter().flatten())
}

/// The mark in a line, and what stands behind it.
pub(super) fn find(line: &str) -> Option<(Mark, &str)> {
    for field in ["SPDX-FileCopyrightText:", "SPDX-SnippetCopyrightText:"] {
        if let Some((_, rest)) = line.split_once(field) {
            return Some((Mark::Field, signs(rest).rest));
        }
    }
    let (at, len, word) = first(line)?;
    let (before, rest) = (line.get(..at)?, line.get(at + len..)?);
    if word && before.is_empty() && rest.starts_with(':') {
        return Some((Mark::Field, signs(rest).rest));
    }
    // "(c) Copyright A": the word counts.
    let between = signs(rest);
    let named = word || between.named;
    let starts = before.is_empty() || is_lead(before);
    let mark = match (named, starts) {
        (true, true) => Mark::Word,
        (true, false) if between.signed && capital(line, at) => Mark::Word,
        (false, true) if len != 3 => Mark::Sign,
        _ => Mark::Within,
    };
    Some((mark, between.rest))
}

/// The first mark of a line: where, how long, and whether it is the word.
fn first(line: &str) -> Option<(usize, usize, bool)> {
    let bytes = line.as_bytes();
    let ends = |at: usize| !bytes.get(at).is_some_and(u8::is_ascii_alphanumeric);
    let begins = |at: usize| at.checked_sub(1).is_none_or(ends);
    line.char_indices().find_map(|(at, c)| {
        let rest = bytes.get(at..)?;
        let is = |word: &str| {
            rest.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        };
        match c {
            'c' | 'C' if begins(at) => ["copyrighted", "copyrights", "copyright"]
                .iter()
                .find(|word| is(word) && ends(at + word.len()))
                .map(|word| (at, word.len(), true)),
            '(' if is("(c)") && begins(at) => Some((at, 3, false)),
            '\u{a9}' => Some((at, 2, false)),
            '&' if is("&copy;") => Some((at, 6, false)),
            '\\' if is("\\(co") => Some((at, 4, false)),
            _ => None,
        }
    })
}

/// What stands between the mark and the year.
struct Between<'a> {
    /// Whether a sign was there.
    signed: bool,
    /// Whether the word was there, as in "(c) Copyright".
    named: bool,
    rest: &'a str,
}

/// Skips the signs, and the word behind a sign.
fn signs(rest: &str) -> Between<'_> {
    const WORDS: &[&str] = &["copyrights", "copyright"];
    const SIGNS: &[&str] = &["(c)", "\u{a9}", "&copy;", "\\(co", "(r)"];
    let (mut signed, mut named, mut rest) = (false, false, rest);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ":,.-*\u{2013}".contains(c));
        let starts = |word: &str| {
            rest.get(..word.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        let ends = |len: usize| {
            let behind = rest.get(len..).unwrap_or_default();
            !behind.starts_with(|c: char| c.is_alphanumeric())
        };
        if let Some(sign) = SIGNS.iter().find(|sign| starts(sign)) {
            signed = true;
            rest = rest.get(sign.len()..).unwrap_or_default();
        } else if let Some(word) = WORDS.iter().find(|w| starts(w) && ends(w.len())) {
            named = true;
            rest = rest.get(word.len()..).unwrap_or_default();
        } else {
            return Between {
                signed,
                named,
                rest,
            };
        }
    }
}

/// Words before the mark that belong to the statement.
fn is_lead(before: &str) -> bool {
    const LEADS: &[&str] = &[
        "portions",
        "parts",
        "some",
        "most",
        "original",
        "all",
        "modifications",
        "changes",
        "this",
        "file",
        "code",
        "work",
        "program",
        "software",
        "documentation",
        "is",
        "are",
        "of",
        "the",
    ];
    let lower = before.to_ascii_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    // "The Copyright Act" is talk.
    words.peek().is_some_and(|first| *first != "the")
        && before.len() < 60
        && words.all(|word| LEADS.contains(&word))
}

fn capital(line: &str, at: usize) -> bool {
    line.get(at..).is_some_and(|rest| rest.starts_with('C'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_told_apart() {
        let cases = [
            ("Copyright (c) 2020 A", Mark::Word, "2020 A"),
            ("COPYRIGHT \u{a9} A", Mark::Word, "A"),
            ("(C) Copyright IBM 2001", Mark::Word, "IBM 2001"),
            ("\u{a9} 2020 A", Mark::Sign, "2020 A"),
            ("&copy; A", Mark::Sign, "A"),
            ("Copyright: 2020 A", Mark::Field, "2020 A"),
            ("SPDX-FileCopyrightText: \u{a9} A", Mark::Field, "A"),
            ("the above copyright notice", Mark::Within, "notice"),
            ("Foo is Copyright (C) 2020 A", Mark::Word, "2020 A"),
            ("Portions copyright A", Mark::Word, "A"),
        ];
        for (line, mark, rest) in cases {
            assert_eq!(find(line), Some((mark, rest)), "{line}");
        }
        for line in ["copyrightable", "f(c)", "no mark", "uncopyright", ""] {
            assert_eq!(find(line), None, "{line}");
        }
    }
}
