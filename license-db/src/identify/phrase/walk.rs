//! Looks for a wording, step by step, among the words of a text.

use super::super::finding::Taken;
use super::super::words::Words;
use super::code::{GAP, MAYBE, ONE};

/// The most words that `*` stands for.
const MAX_GAP: usize = 6;

/// Where a wording that begins at a place ends, or none where it does not stand there. The steps
/// are the numbers that `wording::encode` made.
pub(super) fn end(words: &Words, taken: &Taken, at: usize, steps: &[u32]) -> Option<usize> {
    let Some((head, rest)) = steps.split_first() else {
        return Some(at);
    };
    let (choice, rest) = rest.split_at_checked((head & 0xff_ffff) as usize)?;
    let here = words
        .words
        .get(at)
        .filter(|_| !taken.is(at))
        .map(|word| word.hash);
    let meets = here.is_some_and(|here| choice.contains(&here));
    match head >> 24 {
        ONE if meets => end(words, taken, at + 1, rest),
        MAYBE if meets => end(words, taken, at + 1, rest).or_else(|| end(words, taken, at, rest)),
        MAYBE => end(words, taken, at, rest),
        // "is not in the public domain" says the opposite.
        GAP => (0..=MAX_GAP)
            .take_while(|skip| *skip == 0 || words.word(at + skip - 1) != "not")
            .find_map(|skip| end(words, taken, at + skip, rest)),
        _ => None,
    }
}
