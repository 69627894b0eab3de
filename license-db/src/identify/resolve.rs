//! From findings to one expression.
//!
//! Distinct licences are joined by `AND`. They are joined by `OR` where the text offers a
//! choice. An exception goes to the licence that it excepts from. A full text of a GNU licence
//! does not say whether later versions are granted: it is `-only`, unless a grant elsewhere in
//! the file says "or later". Clues never enter the expression.

use std::collections::BTreeSet;

use hpcctl_model::license::{Kind, State};

use super::finding::{Finding, Taken, Vague};
use super::phrase::Phrases;
use super::phrase::context::stands;
use super::words::Words;
use crate::expression;

/// How far an "alternatively" stands before what it offers, in words.
const BEFORE: usize = 30;

/// The most words between two names in "A or B".
const BETWEEN: usize = 12;

/// The most exceptions of a file whose licence is looked for.
const MAX_EXCEPTIONS: usize = 64;

/// Stands for the licence that an exception is from where the file does not name it, as a file
/// that holds the exception alone.
const UNSTATED: &str = "LicenseRef-unstated";

/// The expression of what was found, or none.
pub(crate) fn resolve(
    phrases: Phrases<'_>,
    words: &Words,
    taken: &Taken,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    findings.sort_by_key(|f| (f.words.start, f.words.end));
    promote_title(words, findings);
    drop_lists(findings);
    drop_templates(words, findings);
    drop_headings(words, findings);
    settle_gnu(findings);
    drop_vague(findings);
    phrases.read_families(findings);
    let exceptions = exceptions(findings);
    let excepted = excepted(findings);
    let mut parts: Vec<String> = Vec::new();
    let mut last: Option<&Finding> = None;
    for finding in findings.iter().filter(|f| f.state != State::Clue) {
        if restates(finding, &excepted) {
            continue;
        }
        if excepted_by(findings, &finding.license) {
            continue;
        }
        let exception = exceptions
            .iter()
            .find(|(license, _)| *license == finding.license);
        let license = match exception {
            Some((license, exception)) => format!("{license} WITH {exception}"),
            None if is_exception(&finding.license) => {
                if exceptions
                    .iter()
                    .any(|(_, joined)| *joined == finding.license)
                {
                    continue;
                }
                format!("{UNSTATED} WITH {}", finding.license)
            }
            None => finding.license.clone(),
        };
        match (last, parts.last_mut()) {
            (Some(before), Some(part)) if choice(words, taken, before, finding) => {
                if let Some(either) = expression::or([part.as_str(), license.as_str()]) {
                    *part = either;
                }
            }
            _ => parts.push(license),
        }
        last = Some(finding);
    }
    if offers_choice(words, taken)
        && let [_, _] = distinct(&parts).as_slice()
    {
        return expression::or(parts.iter().map(String::as_str));
    }
    let stated = findings.iter().filter(|f| f.kind == Kind::Tag);
    let stated: BTreeSet<&str> = stated.map(|f| f.license.as_str()).collect();
    expression::and(absorb(&parts, &stated))
}

fn distinct(parts: &[String]) -> Vec<&str> {
    let mut out: Vec<&str> = Vec::new();
    for part in parts {
        if !out.contains(&part.as_str()) {
            out.push(part);
        }
    }
    out
}

/// A licence named beside the choice that it is part of adds nothing: the text of MIT in a file
/// that grants `MIT OR Apache-2.0`. A statement of its own does add: that of other files in a
/// copyright file.
fn absorb<'a>(parts: &'a [String], stated: &BTreeSet<&str>) -> Vec<&'a str> {
    let choices: Vec<Vec<String>> = parts
        .iter()
        .filter(|p| p.contains(" OR "))
        .map(|p| expression::licenses(p))
        .collect();
    distinct(parts)
        .into_iter()
        .filter(|part| {
            stated.contains(part)
                || !choices
                    .iter()
                    .any(|choice| choice.iter().any(|id| id == part))
        })
        .collect()
}

/// "Apache License v2.0 with LLVM Exceptions" beside a tag that says so in full.
fn restates(finding: &Finding, excepted: &BTreeSet<String>) -> bool {
    matches!(finding.kind, Kind::Notice | Kind::Reference) && excepted.contains(&finding.license)
}

/// The licences that some finding names together with an exception.
fn excepted(findings: &[Finding]) -> BTreeSet<String> {
    let pairs = findings
        .iter()
        .filter_map(|f| f.license.split_once(" WITH "));
    pairs.map(|(license, _)| license.to_owned()).collect()
}

/// Whether some finding names an exception together with its licence.
fn excepted_by(findings: &[Finding], exception: &str) -> bool {
    let pairs = findings
        .iter()
        .filter_map(|f| f.license.split_once(" WITH "));
    is_exception(exception) && pairs.into_iter().any(|(_, named)| named == exception)
}

pub(crate) fn is_exception(id: &str) -> bool {
    spdx::exception_id(id).is_some() && spdx::license_id(id).is_none()
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
    let short = words.word(start).len() > 1 && end - start >= 2 || words.len() == end;
    if start <= MAX_ARTICLE && !words.begins(start.max(1)) && ends && short {
        (first.state, first.score) = (State::Likely, TITLE);
    }
}

/// The most words before the name in a title: "The GNU …".
const MAX_ARTICLE: usize = 1;

/// The most words from one name to the next in a list.
const LIST: usize = 3;

/// How sure a title is.
const TITLE: f64 = 0.7;

/// More licences than this by name alone are a list, not a statement.
const MAX_NAMED: usize = 12;

/// A file that names many licences and bears no text of one is about licences.
fn drop_lists(findings: &mut [Finding]) {
    let bare = |f: &Finding| matches!(f.kind, Kind::Reference | Kind::Notice);
    let named = findings
        .iter()
        .filter(|f| bare(f) && f.state != State::Clue);
    let named: BTreeSet<&str> = named.map(|f| f.license.as_str()).collect();
    let texts = findings.iter().any(|f| f.kind == Kind::Text);
    if named.len() > MAX_NAMED && !texts {
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
            let kin = license.starts_with(&finding.license) && *license != finding.license;
            // "… is under the following CMU license:"
            let announced = stands(words, finding.words.start, 4, &["following"]);
            follows && (kin || (announced && *start <= end + RIGHT_BEHIND))
        };
        finding.kind != Kind::Reference || !texts.iter().any(titles)
    });
}

/// A GNU text takes the grant that the file states for it.
fn settle_gnu(findings: &mut [Finding]) {
    let grants: BTreeSet<String> = findings
        .iter()
        .filter(|f| {
            f.kind != Kind::Text && f.state != State::Clue && f.license.ends_with("-or-later")
        })
        .map(|f| f.license.clone())
        .collect();
    for finding in findings.iter_mut().filter(|f| f.kind == Kind::Text) {
        let Some(stem) = finding.license.strip_suffix("-only") else {
            continue;
        };
        let later = format!("{stem}-or-later");
        if grants.contains(&later) {
            finding.license = later;
        } else if finding.state == State::Certain {
            finding.state = State::Likely;
        }
    }
}

/// What names only a family, and clues, give way to what names a licence of it.
fn drop_vague(findings: &mut Vec<Finding>) {
    // The surest first: a grant, then a pointer to a version, then a bare name.
    let rank = |f: &Finding| match (f.state, f.vague) {
        (State::Clue, _) => 4,
        (_, Vague::Pointer) if UNVERSIONED.contains(&f.license.as_str()) => 3,
        (_, Vague::Family) => 2,
        (_, Vague::Pointer) => 1,
        (_, Vague::No) => 0,
    };
    let known: BTreeSet<(i32, String)> = findings
        .iter()
        .map(|f| (rank(f), f.license.clone()))
        .collect();
    findings.retain(|finding| {
        let own = rank(finding);
        own == 0
            || !known
                .iter()
                .any(|(rank, license)| *rank < own && outdoes(license, finding))
    });
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
    let gnu = |license: &str| license.contains("GPL-") || license.contains("GFDL-");
    let bare = vague.license.trim_start_matches("LicenseRef-");
    let family = bare.split('-').next().unwrap_or(bare);
    let pointer = vague.state == State::Clue || vague.vague == Vague::Pointer;
    (pointer && gnu(license) && gnu(&vague.license))
        || license
            .trim_start_matches("LicenseRef-")
            .starts_with(family)
}

/// For each finding the exceptions that go with it: each exception goes to the nearest licence
/// that it fits, and so to every finding of that licence.
fn exceptions(findings: &[Finding]) -> Vec<(String, String)> {
    let counted = || findings.iter().filter(|f| f.state != State::Clue);
    let excepting = counted()
        .filter(|f| is_exception(&f.license))
        .take(MAX_EXCEPTIONS);
    let pairs = excepting.filter_map(|exception| {
        let candidates =
            counted().filter(|f| !is_exception(&f.license) && fits(&exception.license, &f.license));
        // Most GNU exceptions are from the GPL: another GNU licence is second choice.
        let nearest = candidates.min_by_key(|f| {
            let second = exception.license.contains("LGPL") != f.license.starts_with("LGPL-");
            (second, f.words.start.abs_diff(exception.words.start))
        })?;
        Some((nearest.license.clone(), exception.license.clone()))
    });
    pairs.collect()
}

fn fits(exception: &str, license: &str) -> bool {
    match exception {
        "LLVM-exception" | "Swift-exception" => license == "Apache-2.0",
        // A patent grant beside a BSD licence, not an exception from the GPL.
        "Google-Patent-WebM" => license == "BSD-3-Clause",
        "SHL-2.0" | "SHL-2.1" => license == "Apache-2.0",
        _ => license.contains("GPL-") && !license.contains(' '),
    }
}

/// Whether the words between two findings, or before the second, offer a choice.
fn choice(words: &Words, taken: &Taken, first: &Finding, second: &Finding) -> bool {
    let from = first
        .words
        .end
        .max(second.words.start.saturating_sub(BEFORE));
    let between: Vec<&str> = (from..second.words.start).map(|i| words.word(i)).collect();
    let has = |word: &str| between.contains(&word);
    if between
        .iter()
        .any(|word| matches!(*word, "alternatively" | "alternative"))
    {
        return true;
    }
    // The second finding's own first words may hold the "or".
    let near = second.words.start.saturating_sub(first.words.end) <= BETWEEN;
    let overlap = second.words.start < first.words.end;
    !overlap && near && has("or") && !has("and") && !taken_all(taken, from, second.words.start)
}

fn taken_all(taken: &Taken, from: usize, to: usize) -> bool {
    from < to && (from..to).all(|i| taken.is(i))
}

/// Words that make all the licences of a file a choice.
fn offers_choice(words: &Words, taken: &Taken) -> bool {
    const OFFERS: &[&[&str]] = &[
        &["dual", "licensed"],
        &["duallicensed"],
        &["dual", "license"],
        &["duallicense"],
        &["choice", "of", "one", "of", "two", "licenses"],
        &["either", "of", "the", "following", "licenses"],
        &["choose", "to", "be", "licensed", "under"],
        &["licensed", "under", "either", "of"],
        &["under", "either", "license"],
    ];
    (0..words.len()).filter(|at| !taken.is(*at)).any(|at| {
        OFFERS.iter().any(|offer| {
            offer
                .iter()
                .enumerate()
                .all(|(n, word)| words.word(at + n) == *word)
        })
    })
}
