//! A wording: the steps by which it is looked for among the words of a text, and the numbers
//! that stand for them.

use super::super::spelling::hash;
use super::super::tables::to_u32;
use super::super::words::Words;
use super::code::{GAP, MAYBE, ONE};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    /// One of these words.
    One(Vec<u32>),
    /// This word, or none.
    Maybe(u32),
    /// A few words of any kind.
    Gap,
}

/// The words as they stand.
pub(super) fn plain(words: &Words) -> Vec<Step> {
    words
        .words
        .iter()
        .map(|word| Step::One(vec![word.hash]))
        .collect()
}

/// The steps of a wording of the table.
pub(super) fn steps(wording: &str) -> Vec<Step> {
    let mut out = Vec::new();
    for part in wording.split_whitespace() {
        if part == "*" {
            out.push(Step::Gap);
        } else if let Some(choice) = part.strip_prefix('(').and_then(|p| p.strip_suffix(')')) {
            out.push(Step::One(choice.split('|').map(hash).collect()));
        } else if let Some(optional) = part.strip_prefix('[').and_then(|p| p.strip_suffix(']')) {
            out.push(Step::Maybe(hash(optional)));
        } else {
            out.extend(plain(&Words::of(part)));
        }
    }
    out
}

/// The numbers of a wording: for each step its kind and how many words it has, then these.
pub(super) fn encode(steps: &[Step]) -> Vec<u32> {
    let mut out = Vec::new();
    for step in steps {
        let (kind, words) = match step {
            Step::One(words) => (ONE, words.as_slice()),
            Step::Maybe(word) => (MAYBE, std::slice::from_ref(word)),
            Step::Gap => (GAP, [].as_slice()),
        };
        out.push(kind << 24 | to_u32(words.len()));
        out.extend(words);
    }
    out
}
