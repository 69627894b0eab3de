//! What one stage found, before the whole is resolved.

use std::ops::Range;

use hpcctl_model::license::{Kind, Match, State};

use super::words::Words;

/// The most findings of one stage: a file with more is a list of names, and says no more.
pub(crate) const MAX_FINDINGS: usize = 4096;

/// One licence in one place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Finding {
    /// The words that say so.
    pub(crate) words: Range<usize>,
    /// The parts of them that are explained; all of them where this is empty.
    pub(crate) parts: Vec<Range<usize>>,
    /// The SPDX id, expression or exception id.
    pub(crate) license: String,
    pub(crate) kind: Kind,
    pub(crate) score: f64,
    pub(crate) state: State,
    pub(crate) vague: Vague,
}

/// How little a finding tells: the vaguer gives way to what is more precise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Vague {
    /// Names a licence.
    No,
    /// Only tells where a text is found.
    Pointer,
    /// Names the family only, such as a GPL without a version.
    Family,
}

impl Finding {
    pub(crate) fn new(words: Range<usize>, license: impl Into<String>, kind: Kind) -> Self {
        let (score, state) = match kind {
            Kind::Tag => (1.0, State::Certain),
            Kind::Text | Kind::Notice => (0.95, State::Likely),
            Kind::Reference => (0.8, State::Likely),
        };
        Self {
            words,
            parts: Vec::new(),
            license: license.into(),
            kind,
            score,
            state,
            vague: Vague::No,
        }
    }

    /// The same, but too weak for an expression.
    pub(crate) fn clue(mut self) -> Self {
        (self.score, self.state) = (0.4, State::Clue);
        self
    }

    /// The entry of the report.
    pub(crate) fn report(&self, words: &Words) -> Match {
        let last = self.words.end.saturating_sub(1).max(self.words.start);
        // What is not the text itself does not read as if it were.
        let most = if self.score < 1.0 { 999.0 } else { 1000.0 };
        Match {
            license: self.license.clone(),
            kind: self.kind,
            score: (self.score * 1000.0).round().min(most) / 1000.0,
            start_line: words.line(self.words.start),
            end_line: words.line(last),
            state: self.state,
        }
    }
}

/// The words that a stage has explained; later stages pass over them.
#[derive(Debug)]
pub(crate) struct Taken(Vec<bool>);

impl Taken {
    pub(crate) fn new(len: usize) -> Self {
        Self(vec![false; len])
    }

    pub(crate) fn take(&mut self, range: &Range<usize>) {
        let end = range.end.min(self.0.len());
        if let Some(words) = self.0.get_mut(range.start.min(end)..end) {
            words.fill(true);
        }
    }

    /// Takes what a finding explains.
    pub(crate) fn take_parts(&mut self, finding: &Finding) {
        if finding.parts.is_empty() {
            self.take(&finding.words);
        }
        finding.parts.iter().for_each(|part| self.take(part));
    }

    pub(crate) fn is(&self, at: usize) -> bool {
        self.0.get(at).copied().unwrap_or(true)
    }
}
