//! What findings say of each other: a title, a list, an example or a family name gives way to
//! what says more.

use std::collections::BTreeSet;
use std::iter;

use hpcctl_model::license::{Kind, State};

use super::finding::{Finding, Vague};
use super::phrase::context::{denied, stands};
use super::words::Words;
use crate::expression;

/// Weighs findings by where they stand to each other; they are in the order of the file.
pub(super) fn by_place(words: &Words, findings: &mut Vec<Finding>) {
    promote_title(words, findings);
    promote_parts(words, findings);
    drop_quoted(findings);
    drop_lists(findings);
    drop_templates(words, findings);
    drop_headings(words, findings);
    drop_places(words, findings);
}

/// A name that is the title of the file, alone on its first lines, is no mention in passing.
fn promote_title(words: &Words, findings: &mut [Finding]) {
    // Another name right behind it makes a list.
    let next = findings.get(1).map_or(usize::MAX, |next| next.words.start);
    let first = findings.first_mut().filter(|f| f.state == State::Clue);
    let Some(first) = first.filter(|f| next > f.words.end + LIST) else {
        return;
    };
    let (start, end) = (first.words.start, first.words.end);
    let ends = end >= words.len() || words.starts_line(end);
    // A file that says no more than the name: "GNU Lesser General Public License family".
    let all = words.len() <= end + 1 && start <= MAX_ARTICLE && end - start > 1;
    let ends = ends || all;
    let short = words.word(start).len() > 1 && end - start >= 2 || words.len() == end;
    if start <= MAX_ARTICLE && !words.begins(start.max(1)) && ends && short {
        (first.state, first.score) = (State::Likely, TITLE);
    }
}

/// Names in parentheses, one behind the other, are the licences of parts: "jQuery (MIT), FFmpeg
/// (LGPL 2.1)". One alone may be a short form: "the institute (MIT)".
fn promote_parts(words: &Words, findings: &mut [Finding]) {
    let enclosed = |f: &Finding| {
        f.kind != Kind::Text
            && f.words.start > 0
            && words.enclosed(f.words.start, f.words.end)
            && !denied(words, f.words.start)
    };
    let next_to = |a: &Finding, b: &Finding| {
        enclosed(a) && enclosed(b) && b.words.start <= a.words.end + PART
    };
    for row in findings.chunk_by_mut(next_to) {
        let names: BTreeSet<&str> = row.iter().map(|f| f.license.as_str()).collect();
        if names.len() > 1 {
            for finding in row.iter_mut().filter(|f| f.state == State::Clue) {
                (finding.state, finding.score) = (State::Likely, TITLE);
            }
        }
    }
}

/// The most words that name a part and tell of it.
const PART: usize = 8;

/// The most words before the name in a title: "The GNU …".
const MAX_ARTICLE: usize = 1;

/// The most words from one name to the next in a list.
const LIST: usize = 3;

/// How sure a title is.
const TITLE: f64 = 0.7;

/// A tag among the words of a licence text is the example that the text itself gives.
fn drop_quoted(findings: &mut Vec<Finding>) {
    let texts = findings.iter().filter(|f| f.kind == Kind::Text);
    let parts: Vec<_> = texts.flat_map(|f| f.parts.clone()).collect();
    let quoted = |f: &Finding| {
        let within =
            |part: &std::ops::Range<usize>| part.start < f.words.start && f.words.end <= part.end;
        f.kind == Kind::Tag && parts.iter().any(within)
    };
    findings.retain(|finding| !quoted(finding));
}

/// More licences than this by name alone are a list, not a statement.
const MAX_NAMED: usize = 12;

/// The same with names in passing.
const MAX_MENTIONED: usize = 30;

/// A file that names many licences and bears no text of one is about licences.
fn drop_lists(findings: &mut [Finding]) {
    let bare = |f: &Finding| matches!(f.kind, Kind::Reference | Kind::Notice);
    let count = |counts: fn(&Finding) -> bool| {
        let named = findings.iter().filter(|f| bare(f) && counts(f));
        let named: BTreeSet<&str> = named.map(|f| f.license.as_str()).collect();
        named.len()
    };
    let many = count(|f| f.state != State::Clue) > MAX_NAMED || count(|_| true) > MAX_MENTIONED;
    let texts = findings.iter().any(|f| f.kind == Kind::Text);
    if many && !texts {
        for finding in findings.iter_mut().filter(|f| bare(f)) {
            *finding = finding.clone().clue();
        }
    }
}

/// A notice that a licence text shows as an example, with blanks for year and name, grants
/// nothing.
fn drop_templates(words: &Words, findings: &mut Vec<Finding>) {
    let texts = findings.iter().filter(|f| f.kind == Kind::Text);
    let shown: Vec<(usize, String)> = texts
        .map(|f| (f.words.start, stem(&f.license).to_owned()))
        .collect();
    findings.retain(|finding| {
        let start = finding.words.start;
        let blank = || {
            (start.saturating_sub(BLANKS)..start).any(|at| {
                let blank = matches!(words.word(at), "year" | "yyyy" | "yy" | "19yy" | "19xx");
                let next = (at + 1..at + 6).any(|i| matches!(words.word(i), "name" | "author"));
                blank && next
            })
        };
        let of =
            |(text, license): &(usize, String)| *text < start && license == stem(&finding.license);
        finding.kind == Kind::Text || !shown.iter().any(of) || !blank()
    });
}

/// A GNU id without what it says of later versions and invariant sections.
fn stem(license: &str) -> &str {
    let stem = license
        .strip_suffix("-only")
        .or_else(|| license.strip_suffix("-or-later"))
        .unwrap_or(license);
    let stem = stem.strip_suffix("-no-invariants").unwrap_or(stem);
    stem.strip_suffix("-invariants").unwrap_or(stem)
}

/// How far before an example notice its blanks stand, in words.
const BLANKS: usize = 60;

/// Texts that hold another whole, and that one: its title may stand before them.
const PARTS: &[(&str, &str)] = &[
    ("Python-2.0", "PSF-2.0"),
    ("Python-2.0.1", "PSF-2.0"),
    ("Python-2.0", "CNRI-Python"),
    ("Python-2.0.1", "CNRI-Python"),
];

/// How far before a text its title stands, in words.
const HEADING: usize = 30;

/// The same where the title says that the text follows.
const RIGHT_BEHIND: usize = 20;

/// A name that stands before the text that it names, or before one of its kind, is its title.
fn drop_headings(words: &Words, findings: &mut Vec<Finding>) {
    let texts = findings.iter().filter(|f| f.kind == Kind::Text);
    let texts: Vec<(usize, String)> = texts.map(|f| (f.words.start, f.license.clone())).collect();
    findings.retain(|finding| {
        let end = finding.words.end;
        let titles = |(start, license): &(usize, String)| {
            let follows = *start >= finding.words.start && *start <= end + HEADING;
            let kin = (license.starts_with(&finding.license) && *license != finding.license)
                || PARTS.contains(&(license.as_str(), finding.license.as_str()));
            // "… is under the following CMU license:"
            let announced = stands(words, finding.words.start, 4, &["following"]);
            follows && (kin || (announced && *start <= end + RIGHT_BEHIND))
        };
        finding.kind != Kind::Reference || !texts.iter().any(titles)
    });
}

/// How far before an address the grant stands whose text lies there, in words.
const GRANTED: usize = 40;

/// How far before an address its "copy" stands, in words.
const COPY: usize = 24;

/// The place where the text of a licence is had is no other licence: "under the Apache License
/// 2.0 […] You can obtain a copy at https://www.openssl.org/source/license.html".
fn drop_places(words: &Words, findings: &mut Vec<Finding>) {
    let granting = findings.iter().filter(|f| f.kind == Kind::Notice);
    let granted: Vec<(usize, String)> =
        granting.map(|f| (f.words.end, f.license.clone())).collect();
    findings.retain(|finding| {
        let start = finding.words.start;
        let address = matches!(words.word(start), "http" | "www")
            || matches!(words.word(start.saturating_sub(1)), "http" | "www");
        let copy = (start.saturating_sub(COPY)..start).any(|at| words.word(at) == "copy");
        let another = |(end, license): &(usize, String)| {
            *end <= start && start <= end + GRANTED && stem(license) != stem(&finding.license)
        };
        let of_it = finding.kind == Kind::Reference && address && copy;
        !of_it || !granted.iter().any(another)
    });
}

/// What names only a family, and clues, give way to what names a licence of it.
pub(super) fn drop_vague(findings: &mut Vec<Finding>) {
    // The surest first: a grant, then a pointer to a version, then a bare name.
    let rank = |f: &Finding| match (f.state, f.vague) {
        (State::Clue, _) => 4,
        (_, Vague::Pointer) if UNVERSIONED.contains(&f.license.as_str()) => 3,
        (_, Vague::Family) => 2,
        (_, Vague::Pointer) => 1,
        (_, Vague::No) => 0,
    };
    let known: BTreeSet<(i32, String, bool)> = findings
        .iter()
        .flat_map(|f| told(&f.license).map(|(id, is_choice)| (rank(f), id, is_choice)))
        .collect();
    findings.retain(|finding| {
        let own = rank(finding);
        own == 0
            || !known.iter().any(|(rank, license, is_choice)| {
                *rank < own
                    && outdoes(license, finding)
                    && !(*is_choice && is_gnu(&finding.license))
            })
    });
}

/// The licences that a finding names, and the expression as a whole; and whether one of them is
/// only what may be chosen. Such a one takes no copyleft away that is told of a part.
fn told(license: &str) -> impl Iterator<Item = (String, bool)> {
    let is_choice = license.contains(" OR ");
    let parts = match is_choice || license.contains(" AND ") {
        true => expression::licenses(license),
        false => Vec::new(),
    };
    let parts = parts.into_iter().map(move |part| (part, is_choice));
    iter::once((license.to_owned(), false)).chain(parts)
}

fn is_gnu(license: &str) -> bool {
    license.contains("GPL-") || license.contains("GFDL-")
}

/// GNU licences whose version was not said.
const UNVERSIONED: &[&str] = &[
    "GPL-1.0-or-later",
    "LGPL-2.0-or-later",
    "AGPL-3.0-or-later",
    "GFDL-1.1-or-later",
];

/// Whether a licence is of the family that a vague name names. Where a notice only points to a
/// text, it is often that of another GNU licence.
fn outdoes(license: &str, vague: &Finding) -> bool {
    let bare = vague.license.trim_start_matches("LicenseRef-");
    let family = bare.split('-').next().unwrap_or(bare);
    let pointer = vague.state == State::Clue || vague.vague == Vague::Pointer;
    (pointer && is_gnu(license) && is_gnu(&vague.license))
        || license
            .trim_start_matches("LicenseRef-")
            .starts_with(family)
}
