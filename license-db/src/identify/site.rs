//! The licences of a site: texts and wordings of its own, read from TOML.
//!
//! ```toml
//! [[license]]
//! id = "LicenseRef-Example-Site-Terms"
//! text = """
//! The whole text, as it stands in files. …"""
//!
//! [[phrase]]
//! license = "LicenseRef-Example-Site-Terms"
//! kind = "notice"
//! words = ["subject to the terms of use of the example centre"]
//!
//! [[sample]]
//! id = "LicenseRef-Example-EULA-2"
//! family = "LicenseRef-Example-EULA"
//! words = 1234
//! sample = "0012ab34…"
//! ```
//!
//! A wording is written as in `data/phrases.toml`: lower case, without punctuation; `(a|b)` is one
//! of two words, `[a]` may be missing, and `*` stands for up to six words. A sample is a row of
//! `data/vendor.toml`, for a text that is not to be copied.

use serde::Deserialize;

use super::index::make::Texts;
use super::phrase::make::{Row, Wordings};
use super::tables::{Maker, Tables};
use super::vendor;
use crate::expression;

/// No more bytes of such a file are read.
pub const MAX_BYTES: usize = 4 << 20;

/// A text with fewer words would be found where it is not meant.
const MIN_WORDS: usize = 3;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    #[serde(default)]
    license: Vec<License>,
    #[serde(default)]
    phrase: Vec<Row>,
    #[serde(default)]
    sample: Vec<vendor::make::Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct License {
    id: String,
    text: String,
}

/// Makes the tables of a site's licences; the error says what is wrong, with line and column
/// where TOML knows them.
pub(super) fn tables(toml: &str) -> Result<Tables, String> {
    if toml.len() > MAX_BYTES {
        return Err(format!("more than {} MiB", MAX_BYTES >> 20));
    }
    let data: Data = toml::from_str(toml).map_err(|error| error.to_string())?;
    let ids = data.license.iter().map(|license| &license.id);
    let named = data.phrase.iter().map(|phrase| &phrase.license);
    let sampled = data.sample.iter().flat_map(|row| [&row.id, &row.family]);
    for id in ids.chain(named).chain(sampled) {
        if expression::normalise(id).as_ref() != Some(id) {
            return Err(format!(
                "{id:?} is neither an SPDX id nor a LicenseRef- of letters, digits, '.' and '-'"
            ));
        }
    }
    let mut texts = Texts::default();
    for license in &data.license {
        if texts.add(&license.id, &license.text).is_none() {
            return Err(format!(
                "the text of {} is too short or too long",
                license.id
            ));
        }
    }
    for phrase in &data.phrase {
        let short = |wording: &&String| wording.split_whitespace().count() < MIN_WORDS;
        if let Some(wording) = phrase.words.iter().find(short) {
            return Err(format!("{wording:?} has fewer than {MIN_WORDS} words"));
        }
    }
    let mut wordings = Wordings::default();
    wordings.add_rows(&data.phrase);
    let mut maker = Maker::default();
    texts.write(&mut maker);
    wordings.write(&mut maker);
    vendor::make::write(&data.sample, &mut maker);
    Ok(Tables::new(maker.finish()))
}

#[cfg(test)]
mod tests {
    use crate::Identifier;

    const SITE: &str = r#"
[[license]]
id = "LicenseRef-Example-Terms"
text = "Users of the example centre may run this program on its machines and nowhere else, and shall tell the office."
[[phrase]]
license = "LicenseRef-Example-Terms"
kind = "notice"
words = ["subject to the terms of the example centre"]
"#;

    #[test]
    fn a_site_adds_texts_and_wordings() {
        let mut identifier = Identifier::for_site();
        identifier.add_site(SITE).unwrap();
        let of = |text: &str| identifier.identify(text.as_bytes()).expression;
        let mine = Some("LicenseRef-Example-Terms".to_owned());
        assert_eq!(
            of(
                "LICENSE\nUsers of the example centre may run this program on its machines and nowhere else, and shall tell the office."
            ),
            mine
        );
        assert_eq!(
            of("License: subject to the terms of the example centre."),
            mine
        );
        let mit = spdx::license_id("MIT").unwrap().text();
        assert_eq!(of(mit).as_deref(), Some("MIT"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (toml, said) in [
            ("[[license]]\nid = 3", "line 2"),
            (
                "[[license]]\nid = \"no id\"\ntext = \"a b c d e\"",
                "neither an SPDX id",
            ),
            (
                "[[license]]\nid = \"LicenseRef-x\"\ntext = \"a\"",
                "too short",
            ),
            (
                "[[phrase]]\nlicense = \"MIT\"\nkind = \"notice\"\nwords = [\"one\"]",
                "fewer than 3",
            ),
            ("[[what]]", "unknown field"),
        ] {
            let error = Identifier::for_site().add_site(toml).unwrap_err();
            assert!(error.contains(said), "{toml}: {error}");
        }
    }
}
