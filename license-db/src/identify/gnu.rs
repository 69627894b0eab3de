//! The grammar of GNU grants: "version 2 of the License, or (at your option) any later
//! version", in its many wordings, and bare mentions of the family.
//!
//! A GNU licence without a version may be taken in any version (GPL-2.0 section 9), so it is
//! read as the first version "or later", and marked as vague.

use hpcctl_model::license::Kind;

use super::finding::{Finding, MAX_FINDINGS, Taken};
use super::words::{BREAK, Words};
use crate::declared::gnu_id;

/// How far behind the name a version is looked for, in words.
const AHEAD: usize = 40;

/// How far before the name the words of a grant are looked for.
const BEHIND: usize = 14;

/// The GNU grants and mentions among the words that are not taken.
pub(crate) fn find(words: &Words, taken: &Taken) -> Vec<Finding> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < words.len() && out.len() < MAX_FINDINGS {
        let named = if taken.is(at) { None } else { name(words, at) };
        let Some(named) = named else {
            at += 1;
            continue;
        };
        let (finding, end) = grant(words, taken, at, &named);
        out.push(finding);
        at = end.max(at + 1);
    }
    out
}

/// The name of a GNU licence in a text.
struct Name {
    family: &'static str,
    /// Behind the name.
    end: usize,
    /// The version where it is part of the name, such as in `GPLv2+`.
    version: Option<Version>,
}

#[derive(Debug, Clone, PartialEq)]
struct Version {
    number: String,
    later: bool,
}

fn name(words: &Words, at: usize) -> Option<Name> {
    let from = at + usize::from(words.word(at) == "gnu");
    let long = |family, len| {
        Some(Name {
            family,
            end: from + len,
            version: None,
        })
    };
    let is = |n: usize, word: &str| words.word(from + n) == word;
    let license = |n: usize| matches!(words.word(from + n), "license" | "licence" | "licenses");
    let general = |n: usize| is(n, "general") && is(n + 1, "public") && license(n + 2);
    match words.word(from) {
        "general" if general(0) => long("gpl", 3),
        "affero" if general(1) => long("agpl", 4),
        "affero" if is(1, "gpl") => long("agpl", 2),
        "lesser" | "library" if general(1) => long("lgpl", 4),
        "lesser" | "library" if is(1, "gpl") => long("lgpl", 2),
        "library" | "lesser" if is(1, "or") && general(3) => long("lgpl", 6),
        "lesserlibrary" | "librarylesser" if general(1) => long("lgpl", 4),
        "free" if is(1, "documentation") && license(2) => long("gfdl", 3),
        short => {
            let family = ["agpl", "lgpl", "gfdl", "gpl", "fdl"]
                .iter()
                .find(|f| short.starts_with(**f))?;
            let rest = short.strip_prefix(family)?;
            let version = version_word(rest, family);
            (rest.is_empty() || version.is_some()).then_some(Name {
                family: if *family == "fdl" { "gfdl" } else { family },
                end: from + 1,
                version,
            })
        }
    }
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
fn version_word(word: &str, family: &str) -> Option<Version> {
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

fn grant(words: &Words, taken: &Taken, at: usize, named: &Name) -> (Finding, usize) {
    let behind = if named.version.is_some() {
        None
    } else {
        version_before(words, at, named.family)
    };
    let (start, versions, end) = match (&named.version, behind) {
        (Some(version), _) => {
            let (later, end) = later(words, named.end);
            let version = Version {
                later: version.later || later,
                ..version.clone()
            };
            (at, vec![version], end)
        }
        (None, Some((start, version))) => (start, vec![version], named.end),
        (None, None) => {
            let (versions, end) = versions_after(words, taken, named);
            (at, versions, end)
        }
    };
    let said = context(words, at, end);
    let vague = versions.is_empty() || said == Context::Pointer;
    let license = expression(named.family, &versions);
    let kind = match said {
        Context::Grant if !vague => Kind::Notice,
        _ => Kind::Reference,
    };
    let mut finding = Finding::new(start..end, license, kind);
    finding.vague = vague;
    let tells = matches!(said, Context::Grant | Context::Pointer)
        || (said == Context::None && named.version.is_some());
    let finding = if tells { finding } else { finding.clue() };
    (finding, end)
}

fn expression(family: &str, versions: &[Version]) -> String {
    let ids: Vec<String> = versions
        .iter()
        .filter_map(|v| {
            let number = if v.number.contains('.') {
                v.number.clone()
            } else {
                format!("{}.0", v.number)
            };
            gnu_id(family, Some(&number), v.later)
        })
        .collect();
    crate::expression::or(ids.iter().map(String::as_str))
        .or_else(|| gnu_id(family, None, true))
        .unwrap_or_default()
}

/// "version 2 or later of the GNU …".
fn version_before(words: &Words, at: usize, family: &str) -> Option<(usize, Version)> {
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
    let mut later = false;
    for back in 1..=BEHIND {
        let place = at.checked_sub(back)?;
        let word = words.word(place);
        if let Some(mut version) = version_word(word, family) {
            let prefixed = word.starts_with('v')
                || matches!(words.word(place.checked_sub(1)?), "version" | "v" | "ver");
            if !prefixed || back < 2 {
                return None;
            }
            version.later |= later;
            return Some((place.saturating_sub(1), version));
        }
        if !BETWEEN.contains(&word) {
            return None;
        }
        later |= matches!(word, "later" | "newer");
    }
    None
}

/// Looks behind the name for "version 2 … or any later version", "2.1 or newer", "v3".
fn versions_after(words: &Words, taken: &Taken, named: &Name) -> (Vec<Version>, usize) {
    let mut at = named.end;
    // The short name again: "GNU General Public License (GPL)".
    if let Some(again) =
        name(words, at).filter(|again| again.family == named.family && again.end == at + 1)
    {
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
        if let Some(version) = version_word(words.word(number_at), named.family).filter(|_| close) {
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
        at += usize::from(words.word(at) == "version");
        let Some(version) = version_word(words.word(at), family) else {
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

/// Whether later versions are granted right behind a version, and where that ends.
fn later(words: &Words, from: usize) -> (bool, usize) {
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

#[derive(Debug, Clone, Copy, PartialEq)]
enum Context {
    /// Words of a grant stand before or behind.
    Grant,
    /// Only where the text is found, as Debian's copyright files say it.
    Pointer,
    /// Said of something else.
    Other,
    /// None of these.
    None,
}

fn context(words: &Words, at: usize, end: usize) -> Context {
    let before = |reach: usize, list: &[&str]| {
        (at.saturating_sub(reach)..at).any(|i| list.contains(&words.word(i)))
    };
    if before(2, &["commonlicenses"]) || before(4, &["text"]) {
        return Context::Pointer;
    }
    // "You should have received a copy of …", "see … for more details".
    if before(4, &["see", "copy"]) || before(BEHIND, AGAINST) {
        return Context::Other;
    }
    let published = words.word(end) == "as" && words.word(end + 1) == "published";
    if published || before(BEHIND, GRANT) {
        Context::Grant
    } else {
        Context::None
    }
}

/// Words that stand before the name where nothing is granted.
const AGAINST: &[&str] = &[
    "compatible",
    "incompatible",
    "not",
    "doesnt",
    "cannot",
    "gplcompatible",
    "unlike",
];

/// Words that stand before the name in a grant.
const GRANT: &[&str] = &[
    "under",
    "licensed",
    "terms",
    "released",
    "covered",
    "governed",
    "distributed",
    "license",
    "licence",
    "redistribute",
    "modify",
    "permission",
];

#[cfg(test)]
mod tests {
    use super::*;
    use hpcctl_model::license::State;

    fn licenses(text: &str) -> Vec<(String, State)> {
        let words = Words::of(text);
        let found = find(&words, &Taken::new(words.len()));
        found.into_iter().map(|f| (f.license, f.state)).collect()
    }

    #[test]
    fn reads_grants() {
        let cases = [
            (
                "redistribute it under the terms of the GNU General Public License as published by the Free Software Foundation; either version 2 of the License, or (at your option) any later version.",
                "GPL-2.0-or-later",
            ),
            (
                "under the terms of the GNU General Public License version 2",
                "GPL-2.0-only",
            ),
            (
                "under the terms of the GNU General Public License version 2 as published by the Free Software Foundation.",
                "GPL-2.0-only",
            ),
            (
                "under the terms of version 2 of the GNU General Public License",
                "GPL-2.0-only",
            ),
            (
                "under the terms of version 2.1 or later of the GNU Lesser General Public License",
                "LGPL-2.1-or-later",
            ),
            ("licensed under the GPLv3+", "GPL-3.0-or-later"),
            ("licensed under GPL v2 or later", "GPL-2.0-or-later"),
            (
                "under the GNU Library General Public License, version 2",
                "LGPL-2.0-only",
            ),
            (
                "under the terms of the GNU Affero General Public License, either version 3 of the License, or any later version",
                "AGPL-3.0-or-later",
            ),
            (
                "modify this document under the terms of the GNU Free Documentation License, Version 1.3 or any later version",
                "GFDL-1.3-or-later",
            ),
            (
                "under the terms of the GNU GPL, version 2 or version 3",
                "GPL-2.0-only OR GPL-3.0-only",
            ),
            (
                "distributed under the GNU General Public License (GPL), version 3",
                "GPL-3.0-only",
            ),
            ("released under the GNU GPL", "GPL-1.0-or-later"),
            ("licensed under the LGPL, version 2.1", "LGPL-2.1-only"),
            ("licensed under the GPL-2.0", "GPL-2.0-only"),
        ];
        for (text, license) in cases {
            assert_eq!(
                licenses(text),
                [(license.to_owned(), State::Likely)],
                "{text}"
            );
        }
    }

    #[test]
    fn mentions_are_clues() {
        for text in [
            "a licence that is compatible with the GNU General Public License",
            "You should have received a copy of the GNU General Public License along with this",
            "the history of the GNU General Public License",
        ] {
            assert_eq!(licenses(text)[0].1, State::Clue, "{text}");
        }
        assert!(licenses("the general public").is_empty());
    }
}
