//! The texts of the SPDX licence list in the `spdx` crate, and the wordings in common use that
//! `data/variants.toml` makes from them.

use std::collections::HashMap;

use serde::Deserialize;

use super::make::Texts;
use super::marks::Rows;

/// Every text of the list that is not deprecated, then the variants.
pub(crate) fn texts() -> Texts {
    let mut texts = Texts::default();
    let mut seen: HashMap<&str, u16> = HashMap::new();
    let rows = Rows::read();
    let listed = spdx::text::LICENSE_TEXTS
        .iter()
        .chain(spdx::text::EXCEPTION_TEXTS);
    for (id, text) in listed.filter(|(id, _)| !is_deprecated(id)) {
        match seen.get(text) {
            Some(known) => texts.rename(*known, id),
            None => {
                let marks = |hash, len| rows.of(id, hash, len);
                if let Some(number) = texts.add_marked(id, text, marks) {
                    seen.insert(text, number);
                }
            }
        }
    }
    for variant in variants() {
        if let Some(text) = variant.text() {
            texts.add(&variant.id, &text);
        }
    }
    texts
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variants {
    variant: Vec<Variant>,
}

/// A wording in common use that differs from the listed text in a few places.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variant {
    id: String,
    /// The id whose text it is made from, where that is another.
    #[serde(default)]
    of: Option<String>,
    #[serde(default)]
    replace: Vec<[String; 2]>,
    /// The first words that are kept: what stands before, such as a summary, is often left out.
    #[serde(default)]
    from: Option<String>,
    /// The last words that are kept: what follows, such as advice on how to apply the licence,
    /// is often left out.
    #[serde(default)]
    until: Option<String>,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

impl Variant {
    fn of(&self) -> &str {
        self.of.as_deref().unwrap_or(&self.id)
    }

    /// The listed text with the replacements made.
    fn text(&self) -> Option<String> {
        let text = spdx::license_id(self.of())?.text();
        let first = self.from.as_ref().and_then(|first| text.find(first));
        let end = self
            .until
            .as_ref()
            .and_then(|last| Some(text.find(last.as_str())? + last.len()));
        let kept = first.unwrap_or(0)..end.unwrap_or(text.len());
        let text = text.get(kept)?.to_owned();
        let replace = self.replace.iter();
        Some(replace.fold(text, |text, [from, to]| text.replace(from, to)))
    }
}

fn variants() -> Vec<Variant> {
    let data: Option<Variants> = crate::data::read(include_str!("../../../data/variants.toml"));
    data.map(|data| data.variant).unwrap_or_default()
}

/// The text of a deprecated id is that of the id that replaced it, or differs by accident.
fn is_deprecated(id: &str) -> bool {
    id == "NOASSERTION"
        || id.ends_with('+')
        || spdx::license_id(id).is_some_and(|license| license.is_deprecated())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_differs_where_it_says_so() {
        assert!(variants().len() > 3);
        for variant in variants() {
            let listed = spdx::license_id(&variant.id).is_some();
            let named = variant.id.starts_with(crate::expression::REF) && variant.of.is_some();
            assert!(listed || named, "{}", variant.id);
            let text = spdx::license_id(variant.of()).unwrap().text();
            let mut ends = variant.from.iter().chain(&variant.until);
            assert!(ends.all(|end| text.contains(end)), "{}", variant.id);
            for [from, to] in &variant.replace {
                assert!(text.contains(from.as_str()), "{}: {from}", variant.id);
                assert_ne!(from, to);
            }
        }
    }
}
