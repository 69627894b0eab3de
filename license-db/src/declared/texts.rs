//! Texts that packages of Debian have under short names of their own, by what they say.
//!
//! Packages give one name to different texts, so the name says nothing: each text was read by a
//! person, and is known by a digest of all its words (`data/debian.toml`). The texts themselves
//! are not kept. A text with another word is another text.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use sha2::{Digest, Sha256};

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
    /// The digests of the text in its wordings, in hex.
    words: Vec<String>,
    #[expect(dead_code, reason = "every row says what was read; a test checks it")]
    says: String,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

static TEXTS: LazyLock<HashMap<u128, String>> = LazyLock::new(|| {
    let data = crate::data::read(include_str!("../../data/debian.toml"))
        .unwrap_or(Data { text: Vec::new() });
    let rows = data.text.into_iter();
    rows.flat_map(|row| {
        let digests = row.words.into_iter();
        let digests = digests.filter_map(|words| u128::from_str_radix(&words, 16).ok());
        digests
            .map(move |digest| (digest, row.license.clone()))
            .collect::<Vec<_>>()
    })
    .collect()
});

/// What a text comes to, where a person has read it.
pub(super) fn read(text: &str) -> Option<&'static str> {
    TEXTS.get(&digest(text)).map(String::as_str)
}

/// The first half of the SHA-256 digest of the words of a text, each with a space behind it: case,
/// punctuation and line breaks do not count, everything else does.
///
/// The digests in `data/debian.toml` were made from texts that are not here, so it must never
/// change.
pub fn digest(text: &str) -> u128 {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let mut digest = Sha256::new();
    for word in words.filter(|word| !word.is_empty()) {
        digest.update(word.to_lowercase());
        digest.update(b" ");
    }
    let mut half = [0; 16];
    half.copy_from_slice(&digest.finalize()[..16]);
    u128::from_be_bytes(half)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression;
    use crate::policy::{Class, class_of};

    #[test]
    fn the_digest_never_changes() {
        let digest = |text| format!("{:032x}", digest(text));
        let known = digest("Permission to use\nthis  \u{201c}Example\u{201d}, for ANY purpose.");
        assert_eq!(known, "99be6b15d1f86c7d5a2fda0018cefc48");
        assert_eq!(
            known,
            digest("permission to use this example for any purpose")
        );
        assert_ne!(
            known,
            digest("permission to use this example for any purposes")
        );
        assert_ne!(digest("a bc"), digest("ab c"));
    }

    #[test]
    fn every_row_is_an_expression_with_a_class_and_no_text_stands_twice() {
        let data: Data = crate::data::read(include_str!("../../data/debian.toml")).unwrap();
        let digests = || data.text.iter().flat_map(|row| &row.words);
        assert_eq!(digests().count(), TEXTS.len());
        assert!(digests().all(|digest| digest.len() == 32));
        for row in data.text {
            let same = expression::normalise(&row.license);
            assert_eq!(same.as_ref(), Some(&row.license));
            for license in expression::licenses(&row.license) {
                assert_ne!(class_of(&license), Class::Unknown, "{license}");
            }
        }
    }
}
