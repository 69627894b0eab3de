//! The versions of a GNU licence in a text, and whether later ones are granted too.

use super::super::finding::Taken;
use super::super::words::{BREAK, Words};
use super::{Name, name};

/// How far before the name its version is looked for, in words.
const BEHIND: usize = 14;

/// How far behind the name a version is looked for, in words.
const AHEAD: usize = 40;

/// A version that a text names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    pub(super) number: String,
    pub(super) later: bool,
}

/// The versions that were published.
fn published(family: &str, number: &str) -> bool {
    match family {
        "gpl" => matches!(number, "1" | "2" | "3" | "1.0" | "2.0" | "3.0"),
        "lgpl" => matches!(number, "2" | "3" | "2.0" | "2.1" | "3.0"),
        "agpl" => matches!(number, "1" | "3" | "1.0" | "3.0"),
        _ => matches!(number, "1.1" | "1.2" | "1.3"),
    }
}

/// Reads `2`, `v2`, `2.1+`.
pub(super) fn version_word(word: &str, family: &str) -> Option<Version> {
    let word = word.strip_prefix('v').unwrap_or(word);
    let (number, later) = match word.strip_suffix('+') {
        Some(number) => (number, true),
        None => (word, false),
    };
    published(family, number).then(|| Version {
        number: number.to_owned(),
        later,
    })
}

/// The version at a place; `>= 2` is one, and those after it.
fn version_at(words: &Words, at: usize, family: &str) -> Option<Version> {
    let mut version = version_word(words.word(at), family)?;
    version.later |= words.least(at);
    Some(version)
}

/// "version 2 or later of the GNU …".
pub(super) fn before(words: &Words, at: usize, family: &str) -> Option<(usize, Version)> {
    const BETWEEN: &[&str] = &[
        "of",
        "the",
        "or",
        "later",
        "any",
        "at",
        "your",
        "option",
        "only",
        "newer",
        "terms",
        "gnu",
        "version",
        "and",
        "as",
        "published",
        "by",
        "fsf",
    ];
    let (mut later, mut of) = (false, false);
    for back in 1..=BEHIND {
        let place = at.checked_sub(back)?;
        let word = words.word(place);
        if let Some(mut version) = version_word(word, family) {
            let prefixed = word.starts_with('v')
                || matches!(words.word(place.checked_sub(1)?), "version" | "v" | "ver");
            // "version 2 or the GNU Library …" is a version of what stands before it.
            if !prefixed || !of {
                return None;
            }
            version.later |= later;
            return Some((place.saturating_sub(1), version));
        }
        if !BETWEEN.contains(&word) {
            return None;
        }
        later |= matches!(word, "later" | "newer");
        of |= word == "of";
    }
    None
}

/// Looks behind the name for "version 2 … or any later version", "2.1 or newer", "v3".
pub(super) fn after(words: &Words, taken: &Taken, named: &Name) -> (Vec<Version>, usize) {
    let mut at = named.end;
    // The short name again: "GNU General Public License (GPL)".
    if let Some(again) = name(words, at).filter(|again| again.family == named.family) {
        if let Some(version) = again.version {
            return (vec![version], again.end);
        }
        at = again.end;
    }
    let first = at;
    let limit = (at + AHEAD).min(words.len());
    while at < limit && !taken.is(at) && words.words.get(at).is_some_and(|w| w.hash != BREAK) {
        if at > first && name(words, at).is_some_and(|n| n.end > at + 2) {
            break;
        }
        let word = words.word(at);
        let spelled = matches!(word, "version" | "versions" | "v" | "ver" | "v.");
        let number_at = at + usize::from(spelled);
        let close = spelled || at == first || word.starts_with('v');
        if let Some(version) = version_at(words, number_at, named.family).filter(|_| close) {
            return all_versions(words, number_at + 1, version, named.family);
        }
        at += 1;
    }
    (Vec::new(), named.end)
}

/// Goes on behind the first version: "or version 3", "or any later version".
fn all_versions(words: &Words, end: usize, first: Version, family: &str) -> (Vec<Version>, usize) {
    let (is_later, later_end) = later(words, end);
    if is_later || first.later {
        return (
            vec![Version {
                later: true,
                ..first
            }],
            later_end.max(end),
        );
    }
    let mut versions = vec![first];
    let mut end = end;
    loop {
        let mut at = end;
        while matches!(words.word(at), "of" | "the" | "license" | "either" | "only") && at < end + 4
        {
            at += 1;
        }
        if words.word(at) != "or" {
            return (versions, end);
        }
        at += 1;
        while matches!(words.word(at), "at" | "your" | "option") {
            at += 1;
        }
        at += usize::from(words.word(at) == "version");
        let Some(version) = version_at(words, at, family) else {
            return (versions, end);
        };
        let (is_later, later_end) = later(words, at + 1);
        versions.push(Version {
            later: version.later || is_later,
            ..version
        });
        end = later_end.max(at + 1);
    }
}

/// Whether later versions are granted behind a version, and where that ends.
pub(super) fn later(words: &Words, from: usize) -> (bool, usize) {
    let (is_later, end) = right_behind(words, from);
    if is_later {
        return (true, end);
    }
    // "version 3, the text of which is in COPYING, or any later version".
    let aside = matches!(
        words.word(from),
        "the" | "a" | "whose" | "which" | "as" | "found"
    );
    let rest = (from..from + ASIDE).take_while(|at| !words.begins(*at));
    let either = |at: &usize| {
        words.word(*at) == "or" && matches!(words.word(at + 1), "any" | "at" | "later" | "newer")
    };
    let place = if aside {
        rest.into_iter().find(either)
    } else {
        None
    };
    place.map_or((false, from), |at| right_behind(words, at))
}

/// How far behind a version an aside may end, in words.
const ASIDE: usize = 24;

fn right_behind(words: &Words, from: usize) -> (bool, usize) {
    let mut joined = false;
    for at in from..(from + 18).min(words.len()) {
        match words.word(at) {
            "or" | "and" => joined = true,
            "later" | "newer" | "higher" | "greater" | "above" | "subsequent" | "upwards"
                if joined =>
            {
                let more = matches!(words.word(at + 1), "version" | "versions");
                return (true, at + 1 + usize::from(more));
            }
            "of" | "the" | "license" | "licence" | "at" | "your" | "option" | "any" | "its"
            | "as" | "published" | "by" | "free" | "software" | "foundation" | "gnu" | "gpl"
            | "lgpl" | "general" | "public" | "lesser" | "library" | "if" | "you" | "wish"
            | "prefer" | "alternatively" | "optionally" | "inc" | "fsf" | "this" | "terms"
            | "choice" => {}
            "version" | "versions" if joined => {}
            _ => break,
        }
    }
    (false, from)
}
