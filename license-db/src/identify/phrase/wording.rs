//! A wording: the steps by which it is looked for among the words of a text.

use super::super::finding::Taken;
use super::super::spelling::hash;
use super::super::words::Words;

/// The most words that `*` stands for.
const MAX_GAP: usize = 6;

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

/// A name that ends in its version, however that is put: `2.0`, `v2.0`, `version 2.0`.
pub(super) fn versioned(words: &Words) -> Vec<Step> {
    let mut steps = plain(words);
    let last = words.word(words.len().saturating_sub(1));
    let number = last.strip_prefix('v').unwrap_or(last);
    let spelled = |word: &str| matches!(word, "version" | "v");
    if steps.len() < 3 || !number.starts_with(|c: char| c.is_ascii_digit()) {
        return steps;
    }
    steps.pop();
    while steps.len() > 2 && spelled(words.word(steps.len() - 1)) {
        steps.pop();
    }
    let mut numbers = vec![hash(number), hash(&format!("v{number}"))];
    if let Some(whole) = number
        .strip_suffix(".0")
        .filter(|whole| !whole.contains('.'))
    {
        numbers.extend([hash(whole), hash(&format!("v{whole}"))]);
    }
    steps.extend([
        Step::Maybe(hash("version")),
        Step::Maybe(hash("v")),
        Step::One(numbers),
    ]);
    steps
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

/// Where a wording that begins at a place ends, or none where it does not stand there.
pub(super) fn end(words: &Words, taken: &Taken, at: usize, steps: &[Step]) -> Option<usize> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(at);
    };
    let here = words
        .words
        .get(at)
        .filter(|_| !taken.is(at))
        .map(|word| word.hash);
    match step {
        Step::One(choice) => {
            let here = here?;
            if choice.contains(&here) {
                end(words, taken, at + 1, rest)
            } else {
                None
            }
        }
        Step::Maybe(word) if here == Some(*word) => {
            end(words, taken, at + 1, rest).or_else(|| end(words, taken, at, rest))
        }
        Step::Maybe(_) => end(words, taken, at, rest),
        // "is not in the public domain" says the opposite.
        Step::Gap => (0..=MAX_GAP)
            .take_while(|skip| *skip == 0 || words.word(at + skip - 1) != "not")
            .find_map(|skip| end(words, taken, at + skip, rest)),
    }
}
