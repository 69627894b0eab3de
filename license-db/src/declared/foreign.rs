//! Licence expressions in the words of others: `GPL-2+ or Artistic, and BSD-3-clause`,
//! `(GPLv2+ with exceptions) and MIT`, `MIT | file LICENSE`.
//!
//! One recursive descent over words. `and` binds tighter than `or`; a comma before either
//! binds loosest, as DEP-5 has it.

use super::names::{self, Vocabulary};
use crate::expression;

/// Longer fields are running text.
const MAX_BYTES: usize = 4096;

/// Deeper nesting is read as one unknown name.
const MAX_DEPTH: u8 = 16;

/// Reads a licence field in free words, such as a `License:` line.
///
/// Answers none for an empty field and for words that say that nothing is known.
pub fn free_text(text: &str) -> Option<String> {
    read(text, Vocabulary::General)
}

/// Reads a field in the words of a vocabulary.
pub(crate) fn read(text: &str, vocabulary: Vocabulary) -> Option<String> {
    let text = text.trim();
    if says_nothing(text) {
        return None;
    }
    if let Some(expression) = names::lookup(text, vocabulary) {
        return Some(expression);
    }
    // The words of R, which conda's packages keep.
    if text.contains("(>=") || text.contains("(==") {
        return super::r::license(text);
    }
    if text.len() > MAX_BYTES {
        return Some(expression::license_ref(
            &text.chars().take(64).collect::<String>(),
        ));
    }
    let tokens = tokens(text);
    let mut reader = Reader {
        tokens: &tokens,
        next: 0,
        depth: 0,
        vocabulary,
    };
    let read = reader.list();
    let complete = reader.next == tokens.len();
    read.filter(|_| complete)
        .and_then(|expression| expression::normalise(&expression))
        .or_else(|| Some(expression::license_ref(text)))
}

fn says_nothing(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    matches!(
        lower.as_str(),
        "" | "unknown" | "none" | "n/a" | "noassertion" | "null" | "-" | "other"
    ) || ["see license", "see licence", "see copying", "see file"]
        .iter()
        .any(|start| lower.starts_with(start))
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Comma,
    And,
    Or,
    With,
    Word(String),
}

fn tokens(text: &str) -> Vec<Token> {
    let mut out = Vec::new();
    let spaced = text
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace(',', " , ")
        .replace('|', " | ")
        .replace(';', " , ");
    for word in spaced.split_whitespace() {
        out.push(match word.to_ascii_lowercase().as_str() {
            "(" => Token::Open,
            ")" => Token::Close,
            "," => Token::Comma,
            "and" | "&" | "&&" => Token::And,
            "or" | "|" | "||" | "and/or" => Token::Or,
            "with" | "w/" => Token::With,
            _ => Token::Word(word.to_owned()),
        });
    }
    fold_later(out)
}

/// `GPL 2 or later` and `GPL-2 or any later version` become `GPL 2+`.
fn fold_later(tokens: Vec<Token>) -> Vec<Token> {
    const LATER: &[&[&str]] = &[
        &["any", "later", "version"],
        &["any", "later"],
        &["later", "version"],
        &["later", "versions"],
        &["later"],
        &["newer"],
        &["greater"],
        &["above"],
    ];
    let mut out: Vec<Token> = Vec::new();
    let mut i = 0;
    while let Some(token) = tokens.get(i) {
        let after = |n: usize| match tokens.get(i + n) {
            Some(Token::Word(word)) => word.to_ascii_lowercase(),
            _ => String::new(),
        };
        let said = LATER.iter().find(|words| {
            *token == Token::Or
                && words
                    .iter()
                    .enumerate()
                    .all(|(n, word)| after(n + 1) == **word)
        });
        match (said, out.last_mut()) {
            (Some(words), Some(Token::Word(last))) => {
                last.push('+');
                i += words.len();
            }
            _ => out.push(token.clone()),
        }
        i += 1;
    }
    out
}

struct Reader<'a> {
    tokens: &'a [Token],
    next: usize,
    depth: u8,
    vocabulary: Vocabulary,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == Some(token);
        self.next += usize::from(found);
        found
    }

    /// Alternatives and parts, joined by commas.
    fn list(&mut self) -> Option<String> {
        let mut out = self.either()?;
        while self.take(&Token::Comma) {
            let word = if self.take(&Token::Or) {
                "OR"
            } else {
                self.take(&Token::And);
                "AND"
            };
            out = format!("({out}) {word} ({})", self.either()?);
        }
        Some(out)
    }

    fn either(&mut self) -> Option<String> {
        let mut out = self.all()?;
        while self.take(&Token::Or) {
            out = format!("({out}) OR ({})", self.all()?);
        }
        Some(out)
    }

    fn all(&mut self) -> Option<String> {
        let mut out = self.term()?;
        while self.take(&Token::And) {
            out = format!("({out}) AND ({})", self.term()?);
        }
        Some(out)
    }

    fn term(&mut self) -> Option<String> {
        if self.take(&Token::Open) {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            let inner = self.list()?;
            self.depth -= 1;
            return self.take(&Token::Close).then_some(inner);
        }
        let name = self.words()?;
        let mut license = names::lookup(&name, self.vocabulary)
            .or_else(|| slashed(&name, self.vocabulary))
            .or_else(|| listed(&name, self.vocabulary))
            .unwrap_or_else(|| expression::license_ref(&name));
        // `GNU General Public License (GPL)`: the short name again.
        if self.peek() == Some(&Token::Open) {
            license = self.gloss(license)?;
        }
        if self.take(&Token::With) {
            let name = self.words()?;
            // An exception only adds permissions: without it the answer is stricter, not wrong.
            if let Some(id) = names::exception(&name).filter(|_| !license.contains(' ')) {
                license = format!("{license} WITH {id}");
            }
        }
        Some(license)
    }

    /// A bracket right behind a name; the more precise of the two is taken.
    fn gloss(&mut self, license: String) -> Option<String> {
        let inner = self.term()?;
        Some(
            if license.starts_with("LicenseRef-") && !inner.starts_with("LicenseRef-") {
                inner
            } else {
                license
            },
        )
    }

    fn words(&mut self) -> Option<String> {
        let mut words: Vec<String> = Vec::new();
        while let Some(Token::Word(word)) = self.peek().cloned() {
            words.push(word);
            self.next += 1;
        }
        (!words.is_empty()).then(|| words.join(" "))
    }
}

/// `MIT/Apache-2.0`: one may choose, where every part is known.
fn slashed(name: &str, vocabulary: Vocabulary) -> Option<String> {
    if !name.contains('/') || name.contains("//") {
        return None;
    }
    let parts: Option<Vec<String>> = name
        .split('/')
        .map(|part| names::lookup(part, vocabulary))
        .collect();
    expression::or(parts?.iter().map(String::as_str))
}

/// `GPL-2.0-only MIT`: old lists without operators, where every word is known.
fn listed(name: &str, vocabulary: Vocabulary) -> Option<String> {
    if !name.contains(' ') {
        return None;
    }
    let parts: Option<Vec<String>> = name
        .split(' ')
        .map(|part| names::lookup(part, vocabulary))
        .collect();
    expression::and(parts?.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_others_words() {
        let cases = [
            ("GPL-2+ or Artistic-2.0", "GPL-2.0-or-later OR Artistic-2.0"),
            (
                "GPL-2+ or ISC, and BSD-3-clause",
                "(GPL-2.0-or-later OR ISC) AND BSD-3-Clause",
            ),
            ("GPL 2 or later", "GPL-2.0-or-later"),
            ("GPLv2 or any later version", "GPL-2.0-or-later"),
            ("MIT/Apache-2.0", "MIT OR Apache-2.0"),
            ("GPL (>= 2)", "GPL-2.0-or-later"),
            ("UNLICENSED", "LicenseRef-proprietary"),
            (
                "CDDL + GPLv2 with classpath exception",
                "LicenseRef-CDDL OR GPL-2.0-only WITH Classpath-exception-2.0",
            ),
            ("BSD (3-clause)", "BSD-3-Clause"),
            ("MIT | file LICENSE", "MIT OR LicenseRef-file-LICENSE"),
            (
                "GPL-3+ with Autoconf exception",
                "GPL-3.0-or-later WITH Autoconf-exception-generic",
            ),
            ("GPL-3+ with odd exception", "GPL-3.0-or-later"),
            ("BSD", "LicenseRef-BSD"),
            ("GPL-2.0-only MIT", "GPL-2.0-only AND MIT"),
            ("Something (odd", "LicenseRef-Something-odd"),
            ("MIT,", "LicenseRef-MIT"),
            ("(MIT and ISC) or Zlib", "(MIT AND ISC) OR Zlib"),
        ];
        for (text, expression) in cases {
            assert_eq!(free_text(text).as_deref(), Some(expression), "{text}");
        }
        assert_eq!(free_text(" UNKNOWN "), None);
        assert_eq!(free_text(""), None);
    }

    proptest::proptest! {
        #[test]
        fn always_answers_a_valid_expression(text in "\\PC{0,80}") {
            if let Some(expression) = free_text(&text) {
                proptest::prop_assert_eq!(expression::normalise(&expression), Some(expression));
            }
        }

        #[test]
        fn survives_operators(text in "(\\(|\\)|,| or | and | with |MIT|GPL-2\\+|x|/){0,60}") {
            if let Some(expression) = free_text(&text) {
                proptest::prop_assert!(expression::parse(&expression).is_some());
            }
        }
    }
}
