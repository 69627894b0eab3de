//! The holder of a statement, and where it ends.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// A longer holder is a sentence that was taken for one.
const MAX_HOLDER: usize = 240;

/// Behind these the holder is over.
const ENDS: &[&str] = &[
    "all rights reserved",
    "all right reserved",
    "all rights are reserved",
    "some rights reserved",
    "no rights reserved",
    "permission is",
    "permission to",
    "licensed under",
    "licensed to",
    "license:",
    "released under",
    "distributed under",
    "distributable under",
    "available under",
    "redistribution and",
    "redistribution is",
    "this file is",
    "this software is",
    "this program is",
    "this library is",
    "this work is",
    "this code is",
    "this is free",
    "this material",
    "this product",
    "the following",
    "see the",
    "see license",
    "see copying",
    "you can redistribute",
    "you may",
    "under the terms",
    "under the ",
    "everyone is permitted",
    "use of this source",
    "spdx-",
    "unpublished",
    "copyright",
    "\u{a9}",
];

/// Looks for all of them at once.
static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| AhoCorasick::new(ENDS).ok());

/// What is no holder where no year tells that it is one: talk about copyright.
const TALK: &[&str] = &[
    "notice",
    "notices",
    "holder",
    "holders",
    "owner",
    "owners",
    "law",
    "laws",
    "license",
    "licence",
    "licenses",
    "statement",
    "statements",
    "and",
    "or",
    "is",
    "in",
    "of",
    "on",
    "to",
    "information",
    "protection",
    "act",
    "interest",
    "disclaimer",
    "year",
    "date",
    "remains",
    "infringement",
    "assignment",
    "material",
    "works",
    "work",
    "permission",
    "terms",
    "rights",
    "protected",
    "treaties",
    "claims",
    "status",
    "years",
    "file",
    "files",
    "text",
    "line",
    "header",
    "policy",
    "clause",
    "treaty",
    "free",
    "term",
];

/// Marks of a template that nobody filled in.
const TEMPLATES: &[&str] = &[
    "<",
    "[",
    "{",
    "year",
    "yyyy",
    "yoyodyne",
    "name of author",
    "name of copyright",
    "owner",
    "holder",
    "your name",
    "20xx",
    "19xx",
    "19yy",
    "$",
    "xxxx",
    "%s",
];

/// What begins the second line of a name.
const RESTS: &[&str] = &["foundation", "inc", "ltd", "llc", "corporation", "gmbh"];

/// What begins a line of a field that names nobody.
const NOBODY: &[&str] = &[
    "rights", "none", "unknown", "nobody", "note", "see", "based", "pd", "public",
];

/// What no name has in it.
const PROSE: &[&str] = &[
    "is",
    "are",
    "was",
    "were",
    "has",
    "have",
    "should",
    "must",
    "not",
    "written",
    "derived",
    "license",
    "licence",
    "merchantability",
    "reuse",
];

/// Whether a line is the second of a name.
pub(super) fn is_rest(line: &str) -> bool {
    words(line)
        .next()
        .is_some_and(|word| RESTS.contains(&&*word))
}

/// Whether a line goes on with a name: `and Jane Doe`, `of Harvard College`.
pub(super) fn is_joined(line: &str) -> bool {
    let rest = ["and ", "& ", "of "];
    let mut rest = rest.iter().filter_map(|word| line.strip_prefix(word));
    rest.any(|rest| {
        let rest = rest.trim_start().trim_start_matches("the ");
        rest.starts_with(char::is_uppercase)
    })
}

/// Whether what no year speaks for is no name: a sentence, an address, or the rest of a line.
pub(super) fn is_prose(text: &str) -> bool {
    let begins = |list: &[&str]| {
        words(text)
            .next()
            .is_some_and(|word| list.contains(&&*word))
    };
    let is_number = |word: String| word.bytes().all(|byte| byte.is_ascii_digit());
    words(text).next().is_some_and(is_number)
        || begins(NOBODY)
        || begins(RESTS)
        || words(text).any(|word| PROSE.contains(&&*word))
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// Whether a line begins what comes behind a statement.
pub(super) fn ends(line: &str) -> bool {
    let lower = line.to_ascii_lowercase();
    ENDS.iter().any(|end| lower.starts_with(end))
}

/// The holder in what stands behind the mark and the years, or none where it is no statement.
pub(super) fn read(text: &str, dated: bool) -> Option<String> {
    let text =
        text.trim_start_matches(|c: char| c.is_whitespace() || ",.:;?-*/)\u{2013}".contains(c));
    let text = strip_word(strip_word(text, "by"), "held by");
    let lower = text.to_ascii_lowercase();
    let text = text.get(..end(&lower).unwrap_or(text.len()))?;
    let text = text.get(..sentence(text))?;
    let holder = without_addresses(text);
    let holder = holder.trim_matches(|c: char| {
        c.is_whitespace() || ",;:-*/\"'`|\u{2013}\u{201c}\u{201d}()<>[]".contains(c)
    });
    let holder = trim_stop(holder);
    let first = holder.split(|c: char| !c.is_alphanumeric()).next()?;
    let talk = !dated && TALK.contains(&first.to_ascii_lowercase().as_str());
    let begin = text.trim_start().to_ascii_lowercase();
    let template = TEMPLATES.iter().any(|mark| begin.starts_with(mark));
    let named = holder.chars().filter(|c| c.is_alphabetic()).count() > 1;
    (named && !talk && !template && holder.len() <= MAX_HOLDER).then(|| holder.to_owned())
}

fn strip_word<'a>(text: &'a str, word: &str) -> &'a str {
    let starts = text
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word));
    match text.get(word.len()..) {
        Some(rest) if starts && rest.starts_with([' ', ':']) => rest.trim_start_matches([' ', ':']),
        _ => text,
    }
}

/// Where the first of the ends begins that is a word of its own where it comes first.
fn end(text: &str) -> Option<usize> {
    let free = |at: &usize| {
        let before = text
            .get(..*at)
            .and_then(|before| before.chars().next_back());
        before.is_none_or(|c| !c.is_alphanumeric())
    };
    let mut first = [None; ENDS.len()];
    for found in SEARCH
        .iter()
        .flat_map(|ends| ends.find_overlapping_iter(text))
    {
        first[found.pattern().as_usize()].get_or_insert(found.start());
    }
    first.into_iter().flatten().filter(free).min()
}

/// Where the first sentence ends: a full stop that shortens no name, then a new sentence.
fn sentence(text: &str) -> usize {
    const SHORT: &[&str] = &[
        "inc", "ltd", "corp", "co", "llc", "dr", "jr", "sr", "st", "mr", "ms", "prof", "univ",
        "dept", "gmbh", "bv", "ag", "sa", "al", "no", "pty",
    ];
    for (at, _) in text.match_indices(". ") {
        let before = text.get(..at).unwrap_or_default();
        let last = before.rsplit([' ', '.', ',']).next().unwrap_or_default();
        let behind = text.get(at + 2..).unwrap_or_default().trim_start();
        let initial = last.chars().count() < 2;
        if !initial
            && !SHORT.contains(&last.to_ascii_lowercase().as_str())
            && behind.starts_with(|c: char| c.is_uppercase())
        {
            return at;
        }
    }
    text.len()
}

/// Drops `<a@b>`, `(a@b)` and addresses of the web.
fn without_addresses(text: &str) -> String {
    let address =
        |word: &str| word.contains('@') || word.contains("://") || word.starts_with("www.");
    let words = text.split_whitespace();
    let kept: Vec<&str> = words.filter(|word| !address(word)).collect();
    // Nothing but an address: then that is the holder.
    if kept
        .iter()
        .all(|word| !word.contains(|c: char| c.is_alphabetic()))
    {
        return text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    kept.join(" ")
}

/// Drops a full stop that shortens no word.
fn trim_stop(text: &str) -> &str {
    match text.strip_suffix('.') {
        Some(bare) => {
            let last = bare.rsplit([' ', '.']).next().unwrap_or_default();
            let short = last.len() < 5 && last.starts_with(|c: char| c.is_uppercase());
            if short { text } else { bare }
        }
        None => text,
    }
}
