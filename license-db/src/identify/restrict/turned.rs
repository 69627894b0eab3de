//! Grants that were turned around: a "not" that somebody put into a known text, before what the
//! text permits.

use std::ops::Range;

use super::super::finding::Taken;
use super::super::phrase::context::sentence;
use super::super::words::Words;
use super::{MARKS, SENTENCE};

/// The most words in a row that are not the text's.
const PUT_IN: usize = 12;

const NOT: &[&str] = &["not", "never", "cannot"];

/// What a text permits, or that it does.
const GRANTS: &[&str] = &[
    "granted",
    "permitted",
    "allowed",
    "authorized",
    "use",
    "copy",
    "reproduce",
    "modify",
    "merge",
    "publish",
    "prepare",
    "distribute",
    "redistribute",
    "sublicense",
    "sell",
    "deal",
];

/// Whether a word turns around what stands behind it in a text.
pub(super) fn is_turned(words: &Words, taken: &Taken, at: usize) -> bool {
    if taken.is(at) {
        return false;
    }
    let from = at.saturating_sub(PUT_IN);
    let before = (from..at).rev().find(|i| taken.is(*i));
    let behind = (at..words.len().min(at + PUT_IN)).find(|i| taken.is(*i));
    let gap = before.zip(behind);
    gap.is_some_and(|(before, behind)| turns(words, before + 1..behind, at))
}

/// Whether a word among those between two parts of a text turns around the second.
pub(super) fn turns(words: &Words, gap: Range<usize>, at: usize) -> bool {
    // What a text says of names and marks is no grant of the software.
    let of_marks = || sentence(words, at, SENTENCE).any(|i| MARKS.contains(&words.word(i)));
    let word = |back: usize| at.checked_sub(back).map_or("", |i| words.word(i));
    // "may or may not reproduce"
    let either = word(2) == "or" && word(1) == word(3);
    // "not to use", "not hereby granted"
    let joins = matches!(words.word(gap.end), "to" | "hereby");
    NOT.contains(&words.word(at))
        && !either
        && gap.len() < PUT_IN
        && GRANTS.contains(&words.word(gap.end + usize::from(joins)))
        && (gap.start..=gap.end).all(|i| !words.stopped(i))
        && !of_marks()
}
