//! What was seen in one file or archive, up to a bound that hides nothing graver: what is sure goes
//! before a clue, and a kind that was not told yet before one more of a kind that was. What the
//! bound leaves out is counted, and the count is told.

use std::collections::HashMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Source, is_example};
use crate::cache::{self, Word};

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sighting {
    /// The id of the kind: that of the detector, or a narrower one.
    #[serde(with = "cache::word")]
    pub(crate) rule: Word,
    /// The line, from 1, of a text.
    pub(crate) line: Option<u64>,
    /// What it is, without the secret.
    pub(crate) text: String,
    /// Whether it only may be one.
    pub(crate) is_clue: bool,
}

/// The most sightings; more than there are kinds, so that each kind has a place.
pub(crate) const MOST: usize = 50;

/// What was seen in one file or archive.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    pub(super) seen: Vec<Sighting>,
    /// Sightings that the bound left out.
    more: usize,
    /// The place of the one that was added last, where it was.
    added: Option<usize>,
    /// The offset whose line was counted last, and that line.
    counted: (usize, usize),
    /// What a rule needs not look at from another place, since it did from the last one.
    covered: HashMap<Word, Range<usize>>,
}

impl Sightings {
    /// Adds one; what is sure takes the place of a clue on the same line, and of one that has no line
    /// and says the same.
    pub(crate) fn add(&mut self, sighting: Sighting) {
        let is_same = |one: &Sighting| {
            let is_place = one.rule == sighting.rule && one.line == sighting.line;
            is_place && (one.line.is_some() || one.text == sighting.text)
        };
        let known = self.seen.iter().position(is_same);
        self.added = match known {
            Some(place) if self.seen[place].is_clue => {
                self.seen[place] = sighting;
                Some(place)
            }
            Some(_) => None,
            None if self.seen.len() < MOST => {
                self.seen.push(sighting);
                Some(self.seen.len() - 1)
            }
            None => {
                self.more += 1;
                let spare = self.spare(&sighting);
                if let Some(place) = spare {
                    self.seen[place] = sighting;
                }
                spare
            }
        };
    }

    /// The place that a sighting takes where all are taken: that of a clue, else, for the first one
    /// of its kind, that of one whose kind is told otherwise, too.
    fn spare(&self, sighting: &Sighting) -> Option<usize> {
        if sighting.is_clue {
            return None;
        }
        let count = |rule: Word| self.seen.iter().filter(|one| one.rule == rule).count();
        let clue = self.seen.iter().rposition(|one| one.is_clue);
        clue.or_else(|| {
            let is_first = count(sighting.rule) == 0;
            let is_told_otherwise = |one: &Sighting| count(one.rule) > 1;
            let place = is_first.then(|| self.seen.iter().rposition(is_told_otherwise));
            place.flatten()
        })
    }

    /// Adds a secret that the whole file is.
    pub(super) fn file(&mut self, rule: &'static str, text: impl Into<String>) {
        self.add(Sighting {
            rule,
            line: None,
            text: text.into(),
            is_clue: false,
        });
    }

    /// Adds a secret of a line, counted from 0.
    pub(super) fn line(&mut self, rule: &'static str, line: usize, text: impl Into<String>) {
        self.add(Sighting {
            rule,
            line: Some(line as u64 + 1),
            text: text.into(),
            is_clue: false,
        });
    }

    /// Adds a secret at an offset of a file, which is always the same one.
    pub(super) fn at(
        &mut self,
        rule: &'static str,
        source: &Source<'_>,
        at: usize,
        text: impl Into<String>,
    ) {
        let line = self.line_of(source.bytes, at.min(source.bytes.len()));
        self.line(rule, line, text);
    }

    /// The line of an offset, from 0. A hostile text may have a place at every turn: only the lines
    /// between it and the last one are counted.
    fn line_of(&mut self, bytes: &[u8], at: usize) -> usize {
        let (last, line) = self.counted;
        let count = |from, to| memchr::memchr_iter(b'\n', &bytes[from..to]).count();
        let line = match last.min(bytes.len()) {
            last if last <= at => line + count(last, at),
            last => line.saturating_sub(count(at, last)),
        };
        self.counted = (at, line);
        line
    }

    /// Whether a rule looked at a place as a part of what began before it. A hostile text may have a
    /// place at every turn: what follows is read once, not for each of them.
    pub(super) fn covers(&self, rule: Word, at: usize) -> bool {
        let covered = self.covered.get(rule);
        covered.is_some_and(|range| range.contains(&at))
    }

    /// Takes note that a rule looked at `read` bytes from a place on, of `most` that it would have;
    /// where that was not enough, what begins in the second half was not seen whole.
    pub(super) fn cover(&mut self, rule: Word, at: usize, read: usize, most: usize) {
        let read = if read < most { read } else { most / 2 };
        self.covered.insert(rule, at..at + read);
    }

    /// Makes what was added last a clue.
    pub(super) fn only_a_clue(&mut self) {
        if let Some(last) = self.added.and_then(|place| self.seen.get_mut(place)) {
            last.is_clue = true;
        }
    }

    /// How many the bound left out.
    pub(crate) fn more(&self) -> usize {
        self.more
    }

    /// Makes all of them clues where the path is that of an example.
    pub(super) fn judged(mut self, path: &str) -> Self {
        let is_example = is_example(path);
        for one in &mut self.seen {
            one.is_clue |= is_example;
        }
        self
    }

    /// Drops those that others have.
    pub(super) fn without(mut self, others: &Self) -> Self {
        self.seen.retain(|one| !others.seen.contains(one));
        self.more = self.more.saturating_sub(others.more);
        self
    }

    /// Takes in those of a part, whose lines are other ones in the whole.
    pub(crate) fn take_in(&mut self, part: Self, line: impl Fn(u64) -> Option<u64>) {
        self.more += part.more;
        for one in part.seen {
            self.add(Sighting {
                line: one.line.and_then(&line),
                ..one
            });
        }
    }

    /// All of them; the last one says how many the bound left out `of` what was looked at.
    pub(crate) fn into_seen(self, of: &str) -> Vec<Sighting> {
        let Self { mut seen, more, .. } = self;
        if more > 0
            && let Some(last) = seen.last_mut()
        {
            last.text.push_str(&format!(" (and {more} more in {of})"));
        }
        seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sighting(rule: Word, line: u64, is_clue: bool) -> Sighting {
        Sighting {
            rule,
            line: Some(line),
            text: "x".to_owned(),
            is_clue,
        }
    }

    #[test]
    fn what_is_graver_is_kept_and_the_rest_is_counted() {
        let mut sightings = Sightings::default();
        for line in 0..200 {
            sightings.add(sighting("secret.token", line, true));
        }
        sightings.add(sighting("secret.token", 200, false));
        for line in 300..500 {
            sightings.add(sighting("secret.variable", line, false));
        }
        sightings.add(sighting("secret.private-key", 500, false));
        sightings.add(sighting("secret.private-key", 501, true));
        assert_eq!(sightings.more(), 200 + 1 + 200 + 2 - MOST);
        let seen = sightings.into_seen("this file");
        assert_eq!(seen.len(), MOST);
        assert!(seen.iter().all(|one| !one.is_clue));
        for rule in ["secret.token", "secret.variable", "secret.private-key"] {
            assert!(seen.iter().any(|one| one.rule == rule), "{rule}");
        }
        assert!(seen.last().unwrap().text.ends_with("more in this file)"));
    }

    #[test]
    fn lines_are_counted_in_any_order_of_places() {
        let source = Source {
            path: "a",
            mode: 0o644,
            size: 0,
            bytes: b"a\nb\nc\nd\n",
        };
        let mut sightings = Sightings::default();
        for at in [6, 2, 0, 4, 8] {
            sightings.at("secret.token", &source, at, "x");
        }
        let lines = sightings.seen.iter().map(|one| one.line.unwrap());
        assert_eq!(lines.collect::<Vec<_>>(), [4, 2, 1, 3, 5]);
    }
}
