//! From findings to one expression.
//!
//! Distinct licences are joined by `AND`. They are joined by `OR` where the text offers a
//! choice. An exception goes to the licence that it excepts from. A full text of a GNU licence
//! does not say whether later versions are granted: it is `-only`, unless a grant elsewhere in
//! the file says "or later". Clues never enter the expression.

use std::collections::BTreeSet;

use hpcctl_model::license::{Kind, State};

use super::finding::{Finding, Taken};
use super::phrase::Phrases;
use super::weigh;
use super::words::Words;
use super::words::short::is_short;
use crate::expression;

/// How far an "alternatively" stands before what it offers, in words.
const BEFORE: usize = 30;

/// The most words between two names in "A or B".
const BETWEEN: usize = 12;

/// The most exceptions of a file whose licence is looked for.
const MAX_EXCEPTIONS: usize = 64;

/// Stands for the licence that an exception is from where the file does not name it, as a file
/// that holds the exception alone.
pub(super) const UNSTATED: &str = "LicenseRef-unstated";

/// The expression of what was found, or none.
pub(crate) fn resolve(
    phrases: Phrases<'_>,
    words: &Words,
    taken: &Taken,
    findings: &mut Vec<Finding>,
) -> Option<String> {
    findings.sort_by_key(|f| (f.words.start, f.words.end));
    weigh::by_place(words, findings);
    settle_gnu(findings);
    settle_artistic(findings);
    weigh::drop_vague(findings);
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

/// "The same terms as Perl" are those of the Artistic text that the file holds, where it holds
/// another than that of Perl.
fn settle_artistic(findings: &mut [Finding]) {
    const PERL: &str = "Artistic-1.0-Perl";
    let texts = findings.iter().filter(|f| f.kind == Kind::Text);
    let mut artistic = texts.filter(|f| f.license.starts_with("Artistic-"));
    let Some(text) = artistic.next().map(|f| f.license.clone()) else {
        return;
    };
    if artistic.all(|f| f.license == text) {
        for finding in findings.iter_mut().filter(|f| f.kind != Kind::Text) {
            finding.license = finding.license.replace(PERL, &text);
        }
    }
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
    let before = second.words.start.saturating_sub(BEFORE);
    // A notice inside a text follows words of the text.
    let inside = second.words.start < first.words.end;
    let from = if inside {
        before.max(first.words.start)
    } else {
        before.max(first.words.end)
    };
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

/// How far behind "dual" its "license" stands, in words.
const DUAL: usize = 7;

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
    // "under a dual BSD/GPLv2 license".
    let dual = |at: usize| {
        words.word(at) == "dual"
            && (at + 3..at + DUAL).any(|i| words.word(i).starts_with("licen"))
            && (at + 1..at + 4).any(|i| is_short(words.word(i)))
    };
    (0..words.len()).filter(|at| !taken.is(*at)).any(|at| {
        dual(at)
            || OFFERS.iter().any(|offer| {
                offer
                    .iter()
                    .enumerate()
                    .all(|(n, word)| words.word(at + n) == *word)
            })
    })
}
