//! Stanzas of `Field: value` lines, as deb822(5) and the core metadata of Python have them.

/// A stanza with more fields is not one that a packaging tool wrote.
const MOST_FIELDS: usize = 10_000;

/// The fields of one stanza, by reference into the text.
#[derive(Debug, Default)]
pub(super) struct Stanza<'a> {
    fields: Vec<(&'a str, &'a str)>,
}

impl<'a> Stanza<'a> {
    /// The first value of a field, without the white space around it; names ignore case.
    ///
    /// A folded value keeps its line ends.
    pub(super) fn get(&self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All values of a field.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let of_name = self
            .fields
            .iter()
            .filter(move |(field, _)| field.eq_ignore_ascii_case(name));
        of_name.map(|(_, value)| value.trim())
    }
}

/// Splits a text into its stanzas at empty lines.
pub(super) struct Stanzas<'a> {
    text: &'a str,
    at: usize,
    stanza: Stanza<'a>,
    stray: usize,
}

impl<'a> Stanzas<'a> {
    /// Starts at the first line.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            stanza: Stanza::default(),
            stray: 0,
        }
    }

    /// The next stanza that has a field; its buffer is used again for each.
    pub(super) fn advance(&mut self) -> Option<&Stanza<'a>> {
        self.stanza.fields.clear();
        while self.at < self.text.len() {
            let start = self.at;
            let line = self.line();
            if line.trim_end_matches('\r').is_empty() {
                if self.stanza.fields.is_empty() {
                    continue;
                }
                break;
            }
            let Some(colon) = line.find(':') else {
                // A file may be filled up with zeros.
                let is_empty = |one: char| one.is_whitespace() || one == '\0';
                self.stray += usize::from(!line.chars().all(is_empty));
                continue;
            };
            // A folded value goes on over the lines that begin with white space.
            while self.text[self.at..].starts_with([' ', '\t']) {
                self.line();
            }
            if self.stanza.fields.len() < MOST_FIELDS {
                let value = &self.text[start + colon + 1..self.at];
                self.stanza.fields.push((&line[..colon], value));
            }
        }
        (!self.stanza.fields.is_empty()).then_some(&self.stanza)
    }

    /// How many lines so far are neither fields nor parts of one.
    pub(super) fn stray(&self) -> usize {
        self.stray
    }

    fn line(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let end = rest.find('\n').unwrap_or(rest.len());
        self.at += (end + 1).min(rest.len());
        &rest[..end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fields_and_folds() {
        let mut stanzas = Stanzas::new("\n\nA: 1\nB:\n two\n three\n\na: 4\nnonsense\nA: 5");
        let first = stanzas.advance().unwrap();
        assert_eq!(
            (first.get("a"), first.get("B")),
            (Some("1"), Some("two\n three"))
        );
        assert_eq!(first.get("C"), None);
        let second: Vec<&str> = stanzas.advance().unwrap().all("A").collect();
        assert_eq!(second, ["4", "5"]);
        assert!(stanzas.advance().is_none());
    }

    proptest! {
        #[test]
        fn any_text_comes_to_an_end(text in "[ \t\r\n:a\u{e9}]{0,60}") {
            let mut stanzas = Stanzas::new(&text);
            let mut fields = 0;
            while let Some(stanza) = stanzas.advance() {
                fields += stanza.fields.len();
            }
            prop_assert!(fields <= text.len());
        }
    }
}
