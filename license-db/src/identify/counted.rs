//! A text as the words that count when it is compared, with what the SPDX template lets differ.

use std::ops::Range;

use super::index::{Index, mark::Mark};
use super::listed;
use super::words::Words;

/// The words that count.
pub(crate) struct Counted {
    words: Words,
    places: Vec<u32>,
}

impl Counted {
    pub(crate) fn of(text: &str) -> Self {
        let words = Words::of(text);
        let places = words.counting();
        Self { words, places }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// A number a word, the same for spelling variants.
    pub(crate) fn hashes(&self) -> Vec<u32> {
        let hash = |at: &u32| {
            self.words
                .words
                .get(*at as usize)
                .map_or(0, |word| word.hash)
        };
        self.places.iter().map(hash).collect()
    }

    /// Some of the words, as they are read; no more than `most`.
    pub(crate) fn shown(&self, range: Range<usize>, most: usize) -> String {
        let places = self.places.get(range).unwrap_or_default();
        let shown: Vec<&str> = places
            .iter()
            .take(most)
            .map(|at| self.words.word(*at as usize))
            .collect();
        let more = if places.len() > most { " …" } else { "" };
        shown.join(" ") + more
    }

    /// The line of a word, from 1.
    pub(crate) fn line(&self, at: usize) -> u32 {
        let at = self.places.get(at).copied().unwrap_or(0);
        self.words.line(at as usize)
    }

    /// Whether the SPDX template lets these words of the text be missing, or, where `other` words
    /// stand in the file, lets others stand for them.
    pub(crate) fn may_differ(&self, range: Range<usize>, other: usize) -> bool {
        let tables = listed::tables();
        let index = Index::new(&tables);
        let Some(template) = index.exact(&self.hashes()).map(|n| index.marked(n)) else {
            return false;
        };
        if range.is_empty() {
            let near = [range.start.checked_sub(1), Some(range.start)];
            return near
                .into_iter()
                .flatten()
                .any(|at| template.mark(at) == Mark::Replaceable);
        }
        range.into_iter().all(|at| {
            template.mark(at) == Mark::Replaceable
                || (other == 0 && template.mark(at) == Mark::Optional)
        })
    }
}
