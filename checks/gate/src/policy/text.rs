//! The text of a policy, and the places in it that errors and findings point at.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use hpcctl_model::gate::PolicyUsed;
use sha2::{Digest, Sha256};

/// A text with its name.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) name: Arc<str>,
    pub(crate) text: Arc<str>,
}

/// The line of a policy that says something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    policy: Arc<str>,
    line: usize,
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

/// Why a policy is not valid: what, where, and the line itself with a caret below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// One sentence.
    pub message: String,
    name: Arc<str>,
    line: usize,
    column: usize,
    shown: String,
    carets: usize,
}

impl std::error::Error for PolicyError {}

impl fmt::Display for PolicyError {
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

impl Text {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// How reports name it.
    pub(crate) fn used(&self) -> PolicyUsed {
        let digest = Sha256::digest(self.text.as_bytes());
        PolicyUsed {
            name: self.name.to_string(),
            sha256: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The line that a span begins on.
    pub(crate) fn origin(&self, span: &Range<usize>) -> Origin {
        let (line, _) = self.place(span.start);
        Origin {
            policy: self.name.clone(),
            line,
        }
    }

    /// What is wrong, and where.
    pub(crate) fn error(&self, span: &Range<usize>, message: impl Into<String>) -> PolicyError {
        let (line, column) = self.place(span.start);
        let shown = self.text.lines().nth(line - 1).unwrap_or_default();
        let room = shown.chars().count() + 1 - column.min(shown.chars().count());
        let wide = self.text.get(span.clone()).unwrap_or_default();
        let first = wide.lines().next().unwrap_or_default();
        PolicyError {
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
        let before = self.text.get(..at.min(self.text.len())).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[start..].chars().count() + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_points_into_the_line() {
        let text = Text::new("p.toml", "version = 1\n[rules]\n\"no.rule\" = \"deny\"\n");
        let error = text.error(&(20..29), "there is no rule no.rule");
        assert_eq!(
            error.to_string(),
            "p.toml:3:1: there is no rule no.rule\n  |\n3 | \"no.rule\" = \"deny\"\n  | ^^^^^^^^^"
        );
        assert_eq!(text.origin(&(20..29)).to_string(), "p.toml:3");
    }

    #[test]
    fn a_place_past_the_end_is_no_panic() {
        let text = Text::new("p", "ä");
        assert!(text.error(&(7..9), "x").to_string().contains("p:1:2"));
        assert!(text.error(&(1..2), "x").to_string().starts_with("p:1:"));
    }
}
