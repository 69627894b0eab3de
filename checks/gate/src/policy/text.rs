//! The text of a policy, and the places in it that errors and findings point at.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use hpcctl_model::gate::PolicyUsed;
use hpcctl_model::hex;
use sha2::{Digest, Sha256};

/// No more places are told of a policy that is not valid.
pub(super) const MOST: usize = 50;

/// A text with its name.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
    /// Where each line begins.
    starts: Arc<[usize]>,
}

/// The place in a policy that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    policy: Arc<str>,
    line: usize,
    /// The bytes of it.
    at: Range<usize>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.policy, self.line)
    }
}

/// A value, and the line that says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Set<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

/// Something about a place in a policy: a sentence, and the line itself with a caret below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// One sentence.
    pub message: String,
    name: Arc<str>,
    line: usize,
    column: usize,
    shown: String,
    carets: usize,
}

impl Remark {
    /// The line and the column, from 1.
    pub(super) fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let before = " ".repeat(self.column - 1);
        let carets = "^".repeat(self.carets);
        writeln!(
            f,
            "{}:{}:{}: {}",
            self.name, self.line, self.column, self.message
        )?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.shown)?;
        write!(f, "{margin} | {before}{carets}")
    }
}

/// Why a policy is not valid: everything that is wrong with it, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError(Vec<Remark>);

impl PolicyError {
    pub(crate) fn new(mut remarks: Vec<Remark>) -> Self {
        remarks.sort_by_key(Remark::place);
        Self(remarks)
    }

    /// What is wrong, one remark each.
    pub fn remarks(&self) -> &[Remark] {
        &self.0
    }
}

impl std::error::Error for PolicyError {}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, remark) in self.0.iter().enumerate() {
            let newline = if place == 0 { "" } else { "\n" };
            write!(f, "{newline}{remark}")?;
        }
        if self.0.len() < MOST {
            return Ok(());
        }
        write!(f, "\nno more than {MOST} places are told")
    }
}

impl Text {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let ends = memchr::memchr_iter(b'\n', text.as_bytes());
        Self {
            name: name.into(),
            text: text.into(),
            starts: std::iter::once(0).chain(ends.map(|end| end + 1)).collect(),
        }
    }

    /// How reports name it.
    pub(crate) fn used(&self) -> PolicyUsed {
        let digest = Sha256::digest(self.text.as_bytes());
        PolicyUsed {
            name: self.name.to_string(),
            sha256: hex(&digest),
        }
    }

    /// The line that a span begins on.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        let (line, _) = self.place(span.start);
        Origin {
            policy: self.name.clone(),
            line,
            at: span.clone(),
        }
    }

    /// Whether this text is the one that says something.
    pub(crate) fn says(&self, origin: &Origin) -> bool {
        self.name == origin.policy
    }

    /// Something about what stands there.
    pub(crate) fn about(&self, origin: &Origin, message: impl Into<String>) -> Remark {
        self.remark(&origin.at, message)
    }

    /// A sentence about a place.
    pub(crate) fn remark(&self, span: &Range<usize>, message: impl Into<String>) -> Remark {
        let (line, column) = self.place(span.start);
        let shown = self.text[self.starts[line - 1]..].lines().next();
        let shown = shown.unwrap_or_default();
        let room = shown.chars().count() + 1 - column.min(shown.chars().count());
        let wide = self.text.get(span.clone()).unwrap_or_default();
        let first = wide.lines().next().unwrap_or_default();
        Remark {
            message: message.into(),
            name: self.name.clone(),
            line,
            column,
            shown: shown.replace('\t', " "),
            carets: first.chars().count().clamp(1, room.max(1)),
        }
    }

    /// The line and the column of a byte, from 1.
    fn place(&self, at: usize) -> (usize, usize) {
        let line = self
            .starts
            .partition_point(|start| *start <= at.min(self.text.len()));
        let before = self
            .text
            .get(self.starts[line - 1]..at.min(self.text.len()));
        (line, before.unwrap_or_default().chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_into_the_line() {
        let text = Text::new("p.toml", "version = 1\n[rules]\n\"no.rule\" = \"deny\"\n");
        let error = text.remark(&(20..29), "there is no rule no.rule");
        assert_eq!(
            error.to_string(),
            "p.toml:3:1: there is no rule no.rule\n  |\n3 | \"no.rule\" = \"deny\"\n  | ^^^^^^^^^"
        );
        assert_eq!(text.origin(&(20..29)).to_string(), "p.toml:3");
    }

    #[test]
    fn a_place_past_the_end_is_no_panic() {
        let text = Text::new("p", "ä");
        assert!(text.remark(&(7..9), "x").to_string().contains("p:1:2"));
        assert!(text.remark(&(1..2), "x").to_string().starts_with("p:1:"));
    }
}
