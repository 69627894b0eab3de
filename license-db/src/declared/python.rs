//! The licence of a Python distribution from its `METADATA`: `License-Expression` (PEP 639),
//! `License` (free words, at times the whole text) and the trove classifiers.

use super::foreign;
use super::names::{self, Vocabulary};
use crate::Identifier;
use crate::expression;

/// What a classifier of a licence begins with.
const PREFIX: &str = "License ::";

/// Longer `License` fields, and those of several lines, are texts.
const MAX_NAME: usize = 200;

/// The SPDX expression of the three fields, the most precise first.
///
/// Classifiers name families only, so they count where `License` says nothing that is known.
/// Several classifiers are joined by `AND`: they do not say whether one may choose.
pub fn license(
    identifier: &Identifier,
    license_expression: Option<&str>,
    license: Option<&str>,
    classifiers: &[&str],
) -> Option<String> {
    if let Some(field) = license_expression.filter(|field| !field.trim().is_empty()) {
        return foreign::read(field, Vocabulary::General);
    }
    let field = license.and_then(|field| read_field(identifier, field));
    let classified = read_classifiers(classifiers);
    match (field, classified) {
        (Some(field), Some(classified)) => Some(more_precise(field, classified)),
        (field, classified) => field.or(classified),
    }
}

fn read_field(identifier: &Identifier, field: &str) -> Option<String> {
    let field = field.trim();
    if field.contains('\n') || field.len() > MAX_NAME {
        return identifier.identify(field.as_bytes()).expression;
    }
    foreign::read(field, Vocabulary::General)
}

fn read_classifiers(classifiers: &[&str]) -> Option<String> {
    let mut found: Vec<String> = Vec::new();
    for classifier in classifiers.iter().map(|c| c.trim()) {
        found.extend(self::classifier(classifier));
    }
    expression::and(found.iter().map(String::as_str))
}

/// The SPDX expression of one licence classifier; `OSI Approved` alone says nothing.
pub fn classifier(classifier: &str) -> Option<String> {
    let name = classifier.strip_prefix(PREFIX)?.rsplit("::").next()?.trim();
    if name.is_empty() || name == "OSI Approved" {
        return None;
    }
    let known = names::lookup(name, Vocabulary::Python);
    Some(known.unwrap_or_else(|| expression::license_ref(name)))
}

/// A proprietary classifier always counts; else the one without unknown names, the field first.
fn more_precise(field: String, classified: String) -> String {
    if classified.contains("LicenseRef-proprietary") {
        return expression::and([field.as_str(), classified.as_str()]).unwrap_or(field);
    }
    if field.contains("LicenseRef-") && !classified.contains("LicenseRef-") {
        return classified;
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(expression: Option<&str>, field: Option<&str>, classifiers: &[&str]) -> String {
        license(Identifier::spdx(), expression, field, classifiers).unwrap_or_default()
    }

    #[test]
    fn takes_the_most_precise_field() {
        let bsd = "License :: OSI Approved :: BSD License";
        let mit = "License :: OSI Approved :: MIT License";
        let vendor = "License :: Other/Proprietary License";
        assert_eq!(
            read(Some("MIT OR Apache-2.0"), Some("BSD"), &[bsd]),
            "MIT OR Apache-2.0"
        );
        assert_eq!(read(None, Some("BSD-3-Clause"), &[bsd]), "BSD-3-Clause");
        assert_eq!(read(None, None, &[bsd]), "LicenseRef-BSD");
        assert_eq!(read(None, Some("BSD"), &[bsd]), "LicenseRef-BSD");
        assert_eq!(read(None, Some("see file"), &[mit]), "MIT");
        assert_eq!(
            read(None, Some("Apache 2.0"), &[vendor]),
            "Apache-2.0 AND LicenseRef-proprietary"
        );
        assert_eq!(read(None, Some("UNKNOWN"), &[]), "");
        assert_eq!(read(None, None, &["License :: OSI Approved"]), "");
    }

    #[test]
    fn identifies_a_whole_text_in_the_field() {
        let text = spdx::license_id("MIT").unwrap().text();
        assert_eq!(read(None, Some(text), &[]), "MIT");
    }
}
