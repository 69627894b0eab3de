//! The grammar of GNU grants: "version 2 of the License, or (at your option) any later
//! version", in its many wordings, and bare mentions of the family.
//!
//! A GNU licence without a version may be taken in any version (GPL-2.0 section 9), so it is
//! read as the first version "or later", and marked as vague.

use hpcctl_model::license::Kind;

use origin::of_its_own;
use version::{Version, later, version_word};

use super::finding::{Finding, MAX_FINDINGS, Taken, Vague};
use super::phrase::context::{coded, denied, stands};
use super::phrase::row::listed;
use super::words::Words;
use crate::declared::gnu_id;

mod origin;
mod other;
mod version;

/// How far before the name the words of a grant are looked for.
const BEHIND: usize = 18;

/// How far before the name the word "license" says that it is one.
const CLOSE: usize = 7;

/// How far before the name a word may turn the grant around.
const NEAR: usize = 7;

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
    other::tell(words, &mut out);
    out
}

/// Whether a GNU licence is named among some words.
pub(crate) fn named(words: &Words, mut among: std::ops::Range<usize>) -> bool {
    among.any(|at| name(words, at).is_some())
}

/// The name of a GNU licence in a text.
struct Name {
    family: &'static str,
    /// Behind the name.
    end: usize,
    /// The version where it is part of the name, such as in `GPLv2+`.
    version: Option<Version>,
}

fn name(words: &Words, at: usize) -> Option<Name> {
    let gnu = words.word(at) == "gnu";
    let from = at + usize::from(gnu);
    if let Some((family, len, number)) = long_name(words, from, gnu) {
        let version = number.and_then(|number| version_word(words.word(number), family));
        return Some(Name {
            family,
            end: from + len,
            version,
        });
    }
    let short = words.word(from);
    // `EXPORT_SYMBOL_GPL` is a name of something else.
    if words.tied(from) {
        return None;
    }
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

/// The family and the length of a name that is written out, and the place of the version that
/// may stand in it, as in "General Public version 2 License".
fn long_name(
    words: &Words,
    from: usize,
    gnu: bool,
) -> Option<(&'static str, usize, Option<usize>)> {
    let word = |n: usize| words.word(from + n);
    let public = |n: usize| {
        let license = |n: usize| matches!(word(n), "license" | "licence" | "licenses" | "licences");
        match (word(n), word(n + 1)) {
            ("public", _) if license(n + 1) => Some((n + 2, None)),
            ("public", "version" | "v") if license(n + 3) => Some((n + 4, Some(from + n + 2))),
            ("public", v) if license(n + 2) && v.starts_with('v') => {
                Some((n + 3, Some(from + n + 1)))
            }
            _ => None,
        }
    };
    let general = |family, n: usize| {
        if word(n) == "gpl" {
            return Some((family, n + 1, None));
        }
        let (len, version) = public(if word(n) == "general" { n + 1 } else { n })?;
        (word(n) == "general" || gnu || n > 0).then_some((family, len, version))
    };
    match word(0) {
        "general" => general("gpl", 0),
        "public" if gnu => general("gpl", 0),
        "affero" => general("agpl", 1),
        "lesser" | "library" if word(1) == "or" => general("lgpl", 3),
        "lesser" | "library" if word(1) == "gnu" => general("lgpl", 2),
        "lesser" | "library" | "lesserlibrary" | "librarylesser" | "limited" => general("lgpl", 1),
        "free" if word(1) == "documentation" && word(2).starts_with("licen") => {
            Some(("gfdl", 3, None))
        }
        "license" | "licence" if gnu => Some(("gpl", 1, None)),
        _ => None,
    }
}

fn grant(words: &Words, taken: &Taken, at: usize, named: &Name) -> (Finding, usize) {
    let behind = if named.version.is_some() {
        None
    } else {
        version::before(words, at, named.family)
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
        (None, Some((start, mut version))) => {
            let (later, end) = later(words, named.end);
            version.later |= later;
            (start, vec![version], end)
        }
        (None, None) => {
            let (versions, end) = version::after(words, taken, named);
            (at, versions, end)
        }
    };
    let said = context(words, at, end, named);
    let vague = match said {
        Context::Pointer => Vague::Pointer,
        Context::Grant if versions.is_empty() && of_its_own(words, at) => Vague::No,
        _ if versions.is_empty() => Vague::Family,
        _ => Vague::No,
    };
    let mut license = expression(named.family, &versions);
    if named.family == "gfdl" && vague == Vague::No {
        license = with_invariants(words, end, license);
    }
    let kind = match said {
        Context::Grant if vague == Vague::No => Kind::Notice,
        _ => Kind::Reference,
    };
    let mut finding = Finding::new(start..end, license, kind);
    finding.vague = vague;
    // Who says "version 2 or later" grants; an id such as `GPL-2.0-or-later` may be in a list.
    let spelled = (named.end..end).any(|i| words.word(i).starts_with('v'));
    let later = versions.iter().any(|version| version.later);
    let stated = named.version.is_some() || (later && spelled);
    let tells =
        matches!(said, Context::Grant | Context::Pointer) || (said == Context::None && stated);
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

/// How far behind a grant of the GFDL its invariant sections are told, in words.
const INVARIANTS: usize = 40;

/// The GFDL with or without invariant sections, where the grant says which.
fn with_invariants(words: &Words, end: usize, license: String) -> String {
    let told = (end..end + INVARIANTS).find(|i| words.word(*i) == "invariant");
    let Some((told, (stem, grant))) = told.zip(
        license
            .strip_suffix("-only")
            .map(|stem| (stem, "only"))
            .or_else(|| Some((license.strip_suffix("-or-later")?, "or-later"))),
    ) else {
        return license;
    };
    // "being LIST" is the example of the licence itself.
    let sections = words.word(told + 1).starts_with("section") && words.word(told + 3) != "list";
    match words.word(told.saturating_sub(1)) {
        "no" | "without" => format!("{stem}-no-invariants-{grant}"),
        "the" if sections => format!("{stem}-invariants-{grant}"),
        _ => license,
    }
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

fn context(words: &Words, at: usize, end: usize, named: &Name) -> Context {
    let before = |reach: usize, list: &[&str]| stands(words, at, reach, list);
    // A file such as `COPYING.gplv3`.
    if before(1, &["copying"]) {
        return Context::Other;
    }
    if before(2, &["commonlicenses"]) || before(4, &["text"]) || is_address(words, at) {
        return Context::Pointer;
    }
    if sold_beside(words, at) {
        return Context::Grant;
    }
    // "You should have received a copy of …", "see … for more details".
    if before(4, &["see", "copy", "refer"]) || before(NEAR, AGAINST) || denied(words, at) {
        return Context::Other;
    }
    // "…, use the GNU Lesser General Public License instead of this License."
    if words.word(end) == "instead" && words.word(end + 1) == "of" {
        return Context::Other;
    }
    // "… only inherits the GPL if it forms a single work".
    if words.word(end) == "if" && before(CLOSE, &["only"]) {
        return Context::Other;
    }
    let only = end + usize::from(words.word(end) == "only");
    let published = words.word(only) == "as" && words.word(only + 1) == "published";
    let first = at - usize::from(at > 0 && words.word(at - 1) == "the");
    let ends = words.begins(end)
        || (end > named.end && (words.starts_line(end) || words.word(end) == "see"));
    let alone = words.begins(first) && ends;
    let license = before(
        CLOSE,
        &["license", "licence", "licenses", "licences", "inherits"],
    );
    // A table of ids in a program: `agpl_3`.
    if coded(words, at, end) && !before(BEHIND, GRANT) {
        return Context::Other;
    }
    if published || license || before(BEHIND, GRANT) || listed(words, at, end) || alone {
        Context::Grant
    } else {
        Context::None
    }
}

/// Whether another licence is offered to those for whom this one will not do: "a commercial license
/// for those who cannot use the GPL".
fn sold_beside(words: &Words, at: usize) -> bool {
    let before = |reach: usize, list: &[&str]| stands(words, at, reach, list);
    before(NEAR + 3, &["who", "whose"])
        && before(NEAR, &["cannot", "not", "unable", "dont"])
        && before(BEHIND + NEAR, &["commercial", "proprietary"])
        && before(
            BEHIND + NEAR,
            &["license", "licence", "licenses", "licences"],
        )
}

/// Whether the name is part of an address, which tells a version and no grant.
fn is_address(words: &Words, at: usize) -> bool {
    let site = |i: &usize| matches!(words.word(*i), "org" | "http" | "www");
    (at.saturating_sub(4)..at).any(|i| site(&i)) && !words.begins(at)
}

/// Words that stand before the name where nothing is granted, or where it is a title.
const AGAINST: &[&str] = &[
    "might",
    "would",
    "whether",
    "other",
    "entitled",
    "titled",
    "invariant",
    "section",
    "sections",
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
    "subject",
    "redistribute",
    "modify",
    "permission",
    "choose",
    "choice",
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

    fn reads(cases: &[(&str, &str)]) {
        for (text, license) in cases {
            let expected = [((*license).to_owned(), State::Likely)];
            assert_eq!(licenses(text), expected, "{text}");
        }
    }

    #[test]
    fn reads_grants() {
        reads(&[
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
            ("you can choose either the GPL v2 here", "GPL-2.0-only"),
            (
                "Copyright Jane Doe; GPL (v3 or later), with",
                "GPL-3.0-or-later",
            ),
            (
                "under the Lesser GNU General Public License version 3",
                "LGPL-3.0-only",
            ),
        ]);
    }

    #[test]
    fn a_licence_that_is_sold_beside_it_grants_too() {
        reads(&[
            (
                "also available under a proprietary license for those who can not use the GPL in their code",
                "GPL-1.0-or-later",
            ),
            (
                "We sell commercial licenses to users who cannot comply with the GNU GPL version 3.",
                "GPL-3.0-only",
            ),
            (
                "A commercial licence is for those who do not want to be bound by the LGPL",
                "LGPL-2.0-or-later",
            ),
        ]);
        for text in [
            "for those who do not know the GPL",
            "It is a commercial license, not the GPL",
            "a license for all who use it. This is not the GPL",
        ] {
            assert_eq!(licenses(text)[0].1, State::Clue, "{text}");
        }
    }

    #[test]
    fn reads_the_least_version() {
        reads(&[
            ("licensed under the GPL (>= 2)", "GPL-2.0-or-later"),
            (
                "Released under the terms of the GPL version >= 2.0",
                "GPL-2.0-or-later",
            ),
            ("under the LGPL, version >= 2.1", "LGPL-2.1-or-later"),
            ("under the GPL (= 2)", "GPL-2.0-only"),
            ("under the GPL 2 and => 3", "GPL-2.0-only"),
        ]);
    }

    #[test]
    fn reads_versions_in_odd_places_and_invariant_sections() {
        reads(&[
            (
                "under the terms of the GNU Free Documentation License, Version 1.2 or any later version published by the Free Software Foundation; with no Invariant Sections",
                "GFDL-1.2-no-invariants-or-later",
            ),
            (
                "under the terms of the GNU Free Documentation License, Version 1.3; with the Invariant Sections being",
                "GFDL-1.3-invariants-only",
            ),
            (
                "under the terms of the GNU General Public version 2 License as published by the Free Software Foundation",
                "GPL-2.0-only",
            ),
            (
                "under the terms of version 2.1 of the GNU Lesser General\ndnl  Public License as published",
                "LGPL-2.1-only",
            ),
            (
                "under version 2 of the GNU General Public License or any later version",
                "GPL-2.0-or-later",
            ),
            (
                "in the file LICENSE, which is not for sale. It is released under the GNU Public License. Refer to COPYING",
                "GPL-1.0-or-later",
            ),
        ]);
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
