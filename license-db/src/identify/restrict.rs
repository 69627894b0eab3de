//! Sentences that restrict who may use or pass on what a file grants, and that no match explains:
//! a clause added to a known text, or a statement of its own.
//!
//! What is read is the sentence, not a fixed wording: a word such as "non-commercial" or
//! "military" and what makes a limit of it. Sentences about licences, with conditions and
//! exceptions, say nothing here.

mod turned;

use std::ops::Range;

use hpcctl_model::license::{Kind, State};

use super::finding::{Finding, Taken};
use super::phrase::context::sentence;
use super::words::{BREAK, Words};
use crate::policy::{Class, class_of};

/// What may be used for some purposes alone.
const NON_COMMERCIAL: &str = "LicenseRef-non-commercial-use-only";

/// What may not be used, sold or passed on by everybody or for everything.
const RESTRICTED: &str = "LicenseRef-restricted-use";

/// The condition that forbids to sell (commonsclause.com).
const COMMONS_CLAUSE: &str = "LicenseRef-Commons-Clause";

/// What this names.
pub(super) const NAMES: [&str; 3] = [NON_COMMERCIAL, RESTRICTED, COMMONS_CLAUSE];

/// The most words of a sentence that are looked at on each side.
const SENTENCE: usize = 24;

/// How far from a legal word or another finding a restriction of this file stands.
const NEAR: usize = 120;

/// A text with fewer words says nothing else.
const SHORT: usize = 40;

/// The most restrictions that are told of one file.
const MOST: usize = 16;

/// How sure it is.
const SCORE: f64 = 0.7;

/// Purposes to which a use is limited.
const PURPOSES: &[&str] = &[
    "academic",
    "educational",
    "education",
    "evaluation",
    "noncommercial",
    "nonprofit",
    "research",
    "teaching",
];

/// The restrictions among the words that nothing explains. Where something found already
/// restricts as much, there is nothing to add.
pub(super) fn find(words: &Words, taken: &Taken, found: &[Finding]) -> Vec<Finding> {
    let sure = || found.iter().filter(|f| f.state != State::Clue);
    if sure().any(|finding| restricts(&finding.license)) {
        return Vec::new();
    }
    let mut out: Vec<Finding> = Vec::new();
    let mut at = 0;
    while at < words.len() && out.len() < MOST {
        let turned = || turned::is_turned(words, taken, at).then_some(RESTRICTED);
        let told = if taken.is(at) {
            None
        } else {
            restriction(words, at).or_else(turned)
        };
        let Some(license) = told.filter(|_| of_this_file(words, at, found)) else {
            at += 1;
            continue;
        };
        let start = sentence(words, at, SENTENCE).last().unwrap_or(at);
        let end = ending(words, at).last().unwrap_or(at) + 1;
        let mut finding = Finding::new(start..end, license, Kind::Notice);
        finding.score = SCORE;
        out.push(finding);
        at = end;
    }
    out
}

/// Whether some words restrict: such words inside a text are not the text's.
pub(super) fn within(words: &Words, among: Range<usize>) -> bool {
    let restricts =
        |at| restriction(words, at).is_some() || turned::turns(words, among.clone(), at);
    among.clone().any(restricts)
}

fn restricts(license: &str) -> bool {
    crate::expression::licenses(license).iter().any(|id| {
        matches!(
            class_of(id),
            Class::NonCommercial | Class::Proprietary | Class::SourceAvailable | Class::VendorTerms
        )
    })
}

/// The restriction that a word stands in.
fn restriction(words: &Words, at: usize) -> Option<&'static str> {
    let word = words.word(at);
    let license = match word {
        "commercial" | "noncommercial" if limits_commerce(words, at) => NON_COMMERCIAL,
        _ if PURPOSES.contains(&word) && only_for(words, at) => NON_COMMERCIAL,
        "military" | "weapons" | "warfare" if forbidden_use(words, at) => RESTRICTED,
        "redistribution" | "distribution" | "redistributing" | "copying"
            if is_refused(words, at) =>
        {
            RESTRICTED
        }
        "distributed" | "redistributed" | "sold" | "resold" if is_not_to_be(words, at) => {
            RESTRICTED
        }
        "commons" if words.word(at + 1) == "clause" => COMMONS_CLAUSE,
        _ => return None,
    };
    (!about(words, at)).then_some(license)
}

/// "for non-commercial or academic use only", "only for research purposes".
fn only_for(words: &Words, at: usize) -> bool {
    let joins = |word: &str| {
        PURPOSES.contains(&word) || matches!(word, "and" | "or" | "non" | "commercial" | "personal")
    };
    let last = (at..at + 8).find(|i| !joins(words.word(*i))).unwrap_or(at);
    let first = (at.saturating_sub(8)..at)
        .rev()
        .find(|i| !joins(words.word(*i)));
    let first = first.unwrap_or(0);
    let purpose = matches!(
        words.word(last),
        "use" | "usage" | "purpose" | "purposes" | "uses"
    );
    let behind = words.word(last + 1) == "only" && !words.stopped(last + 1);
    let only = |i: usize| {
        matches!(
            words.word(i),
            "only" | "solely" | "exclusively" | "strictly"
        )
    };
    // "may only be used for"
    let done = |i: &usize| matches!(words.word(*i), "be" | "used" | "is" | "are" | "granted");
    let verb = (first.saturating_sub(4)..first).rev().find(|i| !done(i));
    let before = words.word(first) == "for"
        && verb.is_some_and(|verb| (verb.saturating_sub(1)..=verb).any(only));
    let ends = words.stopped(last) && before;
    ((purpose && (behind || before)) || ends) && grants(words, at)
}

/// Whether the sentence says what may be done, or begins with the purpose.
fn grants(words: &Words, at: usize) -> bool {
    const STEMS: &[&str] = &[
        "redistribut",
        "distribut",
        "licen",
        "permi",
        "grant",
        "us",
        "free",
        "cop",
    ];
    let mut begins = at;
    let told = sentence(words, at, SENTENCE).any(|i| {
        begins = i;
        STEMS.iter().any(|stem| words.word(i).starts_with(stem))
    });
    told || (at - begins <= 4 && (begins == 0 || words.begins(begins)))
}

/// "may not be used for commercial purposes", "no commercial use", "commercial use is prohibited".
fn limits_commerce(words: &Words, at: usize) -> bool {
    const USES: &[&str] = &[
        "use",
        "usage",
        "purpose",
        "purposes",
        "distribution",
        "redistribution",
        "gain",
        "advantage",
        "exploitation",
    ];
    // "non-commercial" in two words limits to the purpose.
    if words.word(at) == "noncommercial" || words.word(at.wrapping_sub(1)) == "non" {
        return only_for(words, at);
    }
    if !USES.contains(&words.word(at + 1)) || of_a_mark(words, at + 1) {
        return false;
    }
    let before = at.checked_sub(1).map_or("", |i| words.word(i));
    let two = at.checked_sub(2).map_or("", |i| words.word(i));
    let not_for = matches!(two, "not" | "no" | "except") && before == "for";
    before == "no" || not_for || is_refused(words, at) || forbidden_use(words, at)
}

/// What may be limited without any limit on the software.
const MARKS: &[&str] = &["name", "names", "trademark", "trademarks", "logo", "logos"];

/// "commercial use of these trademarks".
fn of_a_mark(words: &Words, at: usize) -> bool {
    words.word(at + 1) == "of" && (at + 2..at + 5).any(|i| MARKS.contains(&words.word(i)))
}

/// "Redistribution of this file is strictly forbidden".
fn is_refused(words: &Words, at: usize) -> bool {
    const ACTS: &[&str] = &["forbidden", "prohibited", "disallowed"];
    let Some(verb) = ending(words, at)
        .take(10)
        .find(|i| matches!(words.word(*i), "is" | "are"))
    else {
        return false;
    };
    let next = (verb + 1..verb + 4).find(|i| !matches!(words.word(*i), "strictly" | "expressly"));
    let next = next.unwrap_or(verb);
    let not = words.word(next) == "not"
        && matches!(words.word(next + 1), "allowed" | "permitted" | "authorized");
    (not || ACTS.contains(&words.word(next))) && !excepted(words, at)
}

/// "may not be sold", "must not be redistributed".
fn is_not_to_be(words: &Words, at: usize) -> bool {
    let joins = |word: &str| {
        matches!(
            word,
            "be" | "or"
                | "nor"
                | "and"
                | "copied"
                | "sold"
                | "distributed"
                | "redistributed"
                | "resold"
                | "modified"
        )
    };
    let not = (at.saturating_sub(8)..at)
        .rev()
        .find(|i| !joins(words.word(*i)));
    let not = not.filter(|i| words.word(*i) == "not" && words.word(i + 1) == "be");
    not.and_then(|i| i.checked_sub(1))
        .is_some_and(|i| MODALS.contains(&words.word(i)) && !words.stopped(i + 1))
        && !excepted(words, at)
}

const MODALS: &[&str] = &["may", "must", "shall", "can", "should"];

/// "may not be used for", "you may not use … in": a verb of use behind "not" in the sentence.
fn forbidden_use(words: &Words, at: usize) -> bool {
    const USE: &[&str] = &[
        "use",
        "used",
        "sell",
        "sold",
        "distribute",
        "distributed",
        "redistribute",
        "redistributed",
        "incorporated",
        "copied",
    ];
    let before: Vec<usize> = sentence(words, at, SENTENCE).collect();
    let Some(not) = before.iter().position(|i| {
        matches!(words.word(*i), "not" | "cannot" | "never") && !words.word(i + 1).is_empty()
    }) else {
        return false;
    };
    let said = before.get(..not).unwrap_or_default();
    let modal = before.get(not).is_some_and(|i| {
        matches!(words.word(*i), "cannot" | "never")
            || i.checked_sub(1)
                .is_some_and(|i| MODALS.contains(&words.word(i)) || words.word(i) == "is")
    });
    let used = said.iter().any(|i| USE.contains(&words.word(*i)));
    let marks = before
        .iter()
        .any(|i| MARKS.contains(&words.word(*i)) || words.word(*i) == "limited");
    modal && used && !marks && !excepted(words, at)
}

/// Whether an exception follows that lets it be done after all; what needs somebody's consent is
/// not free.
fn excepted(words: &Words, at: usize) -> bool {
    let asks = |i: usize| {
        let consent = |word: &str| matches!(word, "consent" | "permission" | "approval");
        (i + 1..i + 5).any(|i| consent(words.word(i)))
    };
    ending(words, at).any(|i| match words.word(i) {
        "without" => !asks(i),
        "except" | "unless" | "other" | "otherwise" | "separately" | "itself" => true,
        _ => false,
    })
}

/// Whether the sentence is about such terms and sets none.
fn about(words: &Words, at: usize) -> bool {
    const ABOUT: &[&str] = &[
        "if",
        "whether",
        "when",
        "where",
        "licenses",
        "licences",
        "example",
        "eg",
        "unlike",
        "some",
        "many",
        "such",
        "says",
        "said",
        "means",
        "prohibit",
        "prohibits",
        "restrict",
        "restricts",
        "prevent",
        "forbid",
        "forbids",
        "doesnt",
        "nothing",
        "check",
        "detect",
    ];
    let about = |i: usize| ABOUT.contains(&words.word(i)) || words.tied(i);
    // A paragraph begins another sentence, whether or not a full stop ends the last.
    let mut here = sentence(words, at, SENTENCE).take_while(|i| !words.begins(i + 1));
    words.tied(at) || here.any(about)
}

/// The places from a word to the end of its sentence.
fn ending(words: &Words, at: usize) -> impl Iterator<Item = usize> {
    let end = words.len().min(at + SENTENCE);
    (at..end).take_while(move |i| *i == at || !words.stopped(*i))
}

/// Whether a licence is spoken of near a place, or nothing else stands in the file.
fn of_this_file(words: &Words, at: usize, found: &[Finding]) -> bool {
    let near = |f: &Finding| f.words.start <= at + NEAR && at <= f.words.end + NEAR;
    if words.len() <= SHORT || found.iter().any(|f| f.kind != Kind::Reference && near(f)) {
        return true;
    }
    let around = at.saturating_sub(NEAR)..(at + NEAR).min(words.len());
    around.into_iter().any(|i| {
        let word = words.word(i);
        let legal =
            word.starts_with("copyright") || word.starts_with("licen") || word == "warranty";
        legal && words.words.get(i).is_some_and(|word| word.hash != BREAK)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<&'static str> {
        let words = Words::of(text);
        (0..words.len()).find_map(|at| restriction(&words, at))
    }

    #[test]
    fn restrictions_are_read() {
        for (text, license) in [
            (
                "4. You may not use this software for commercial purposes.",
                NON_COMMERCIAL,
            ),
            (
                "This program is free for academic use only.",
                NON_COMMERCIAL,
            ),
            (
                "Freely redistributable for non-commercial research purposes only.",
                NON_COMMERCIAL,
            ),
            ("It is licensed only for educational use.", NON_COMMERCIAL),
            ("Not for commercial use.", NON_COMMERCIAL),
            (
                "Any commercial use of it is strictly prohibited.",
                NON_COMMERCIAL,
            ),
            (
                "The Software may not be used for military purposes.",
                RESTRICTED,
            ),
            ("Redistribution is forbidden.", RESTRICTED),
            (
                "This file may not be copied, sold or distributed.",
                RESTRICTED,
            ),
            ("\"Commons Clause\" License Condition v1.0", COMMONS_CLAUSE),
        ] {
            assert_eq!(told(text), Some(license), "{text}");
        }
    }

    #[test]
    fn others_are_not() {
        for text in [
            "You may use it for commercial purposes.",
            "Some licenses say that it may not be used for commercial purposes.",
            "If it may not be used for commercial purposes, ask.",
            "This does not restrict commercial use.",
            "The name of the authors may not be used for commercial purposes.",
            "It may not be distributed except under these terms.",
            "Redistribution is permitted.",
            "The key is used for research. Only then it is sold.",
            "Neither commercial nor free software is meant.",
            "is_not_used_for_commercial_use_only",
            "the distribution of values is not normal",
            "commercial and non-commercial use is allowed",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
