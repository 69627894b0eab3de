//! Texts that packages of Debian have under short names of their own, by what they say.
//!
//! Packages give one name to different texts, so the name says nothing: each text was read by a
//! person, and is known by a number over all its words (`data/debian.toml`). The texts themselves
//! are not kept. A text with another word is another text.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    text: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    /// What the text comes to, as an SPDX expression.
    license: String,
    /// The numbers of the text in its wordings, in hex.
    words: Vec<String>,
    #[expect(dead_code, reason = "every row says what was read; a test checks it")]
    says: String,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

static TEXTS: LazyLock<HashMap<u64, String>> = LazyLock::new(|| {
    let data = crate::data::read(include_str!("../../data/debian.toml"))
        .unwrap_or(Data { text: Vec::new() });
    let rows = data.text.into_iter();
    rows.flat_map(|row| {
        let numbers = row.words.into_iter();
        let numbers = numbers.filter_map(|words| u64::from_str_radix(&words, 16).ok());
        numbers
            .map(move |number| (number, row.license.clone()))
            .collect::<Vec<_>>()
    })
    .collect()
});

/// What a text comes to, where a person has read it.
pub(super) fn read(text: &str) -> Option<&'static str> {
    TEXTS.get(&number(text)).map(String::as_str)
}

/// The number of a text: case, punctuation and line breaks do not count, everything else does.
///
/// The numbers in `data/debian.toml` were made from texts that are not here, so it must never
/// change.
pub fn number(text: &str) -> u64 {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let add = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    words.fold(0xcbf2_9ce4_8422_2325, |hash, word| {
        let hash = word.to_lowercase().bytes().fold(hash, add);
        add(hash, b' ')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression;
    use crate::policy::{Class, class_of};

    #[test]
    fn the_number_never_changes() {
        let number = |text| format!("{:016x}", number(text));
        let known = number("Permission to use\nthis  \u{201c}Example\u{201d}, for ANY purpose.");
        assert_eq!(known, "a7b136a22f0347ab");
        assert_eq!(
            known,
            number("permission to use this example for any purpose")
        );
        assert_ne!(
            known,
            number("permission to use this example for any purposes")
        );
        assert_ne!(number("a bc"), number("ab c"));
    }

    #[test]
    fn every_row_is_an_expression_with_a_class_and_no_text_stands_twice() {
        let data: Data = crate::data::read(include_str!("../../data/debian.toml")).unwrap();
        let numbers: usize = data.text.iter().map(|row| row.words.len()).sum();
        assert_eq!(numbers, TEXTS.len());
        for row in data.text {
            let same = expression::normalise(&row.license);
            assert_eq!(same.as_ref(), Some(&row.license));
            for license in expression::licenses(&row.license) {
                assert_ne!(class_of(&license), Class::Unknown, "{license}");
            }
        }
    }
}
