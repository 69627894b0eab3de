//! The licences that an SPDX document brings along (2.3, clause 10): most are known ones under the
//! name that some tool gave them.

use std::collections::HashMap;

use hpcctl_license_db::Identifier;

use super::spdx::Extracted;
use crate::sbom::licenses;

/// What the licences that a document brings along mean.
pub(super) struct Refs<'a>(HashMap<&'a str, String>);

/// Texts that are shorter are no licence, but a name in other words.
const SHORTEST: usize = 200;

/// Longer fields, and longer meanings, are taken as they stand: each reference is replaced.
const LONGEST: usize = 4096;

impl<'a> Refs<'a> {
    /// Reads what each of them means.
    pub(super) fn new(infos: &'a [Extracted]) -> Self {
        let known = infos.iter().filter_map(|info| {
            let meaning = meaning(info).filter(|text| text.len() <= LONGEST / 8)?;
            Some((&*info.license_id, meaning))
        });
        Self(known.collect())
    }

    /// The field with each reference in it replaced by what it means.
    pub(super) fn resolved(&self, text: &str) -> String {
        if !text.contains("LicenseRef-") || text.len() > LONGEST {
            return text.to_owned();
        }
        let mut resolved = String::with_capacity(text.len());
        for part in text.split_inclusive([' ', '(', ')']) {
            let word = part.trim_end_matches([' ', '(', ')']);
            match self.0.get(word) {
                Some(meaning) => {
                    resolved.push_str(&format!("({meaning})"));
                    resolved.push_str(&part[word.len()..]);
                }
                None => resolved.push_str(part),
            }
        }
        resolved
    }
}

/// The expression that a licence of the document stands for; none where it is its own.
fn meaning(info: &Extracted) -> Option<String> {
    // What hpcctl writes has no text to go by.
    if info.extracted_text.starts_with("The text of LicenseRef-") {
        return None;
    }
    let is_real = |text: &String| !text.starts_with("LicenseRef-");
    let text = info.extracted_text.trim();
    let said = text.strip_prefix("This component is licensed under \"");
    let said = said.map_or(text, |rest| rest.trim_end_matches('"'));
    let by_name = info.name.as_deref().and_then(licenses::of_text);
    by_name.filter(is_real).or_else(|| {
        if text.len() < SHORTEST {
            licenses::of_text(said).filter(is_real)
        } else {
            Identifier::spdx().identify(text.as_bytes()).expression
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, name: Option<&str>) -> Option<String> {
        meaning(&Extracted {
            license_id: "LicenseRef-1".into(),
            extracted_text: text.into(),
            name: name.map(Into::into),
        })
    }

    #[test]
    fn names_texts_and_the_words_of_tools_are_known() {
        let trivy = "This component is licensed under \"GPLv2+\"";
        assert_eq!(of(trivy, None).as_deref(), Some("GPL-2.0-or-later"));
        assert_eq!(of("x", Some("Apache 2.0")).as_deref(), Some("Apache-2.0"));
        assert_eq!(of("what nobody knows", None), None);
        assert_eq!(
            of("The text of LicenseRef-MIT is not here", Some("MIT")),
            None
        );
        let mit = spdx_text();
        assert_eq!(of(&mit, Some("NOASSERTION")).as_deref(), Some("MIT"));
    }

    /// The text of a licence, as a document would hold it.
    fn spdx_text() -> String {
        include_str!("../../../../../LICENSE-MIT").to_owned()
    }

    #[test]
    fn references_are_replaced_within_expressions_and_long_fields_are_left() {
        let infos = [Extracted {
            license_id: "LicenseRef-1".into(),
            extracted_text: "MIT or Zlib".into(),
            name: None,
        }];
        let refs = Refs::new(&infos);
        assert_eq!(
            refs.resolved("(LicenseRef-1 AND X11) OR LicenseRef-10"),
            "((MIT OR Zlib) AND X11) OR LicenseRef-10"
        );
        let long = "LicenseRef-1 AND ".repeat(1000);
        assert_eq!(refs.resolved(&long), long);
    }
}
