//! The licences of a bill, as SPDX expressions.
//!
//! Tools put ids, expressions and free words into the same fields. What is an expression stays
//! one; words go through the names that package metadata use; the rest is a `LicenseRef-…`.

use hpcctl_license_db::declared::free_text;
use hpcctl_license_db::expression;

/// The words that stand for no answer.
const NO_ANSWER: [&str; 3] = ["NOASSERTION", "NONE", ""];

/// The expression that a field means; none where it says nothing.
pub(super) fn of_text(text: &str) -> Option<String> {
    let text = text.trim();
    if NO_ANSWER.contains(&text) {
        return None;
    }
    expression::normalise(text).or_else(|| free_text(text))
}

/// Several licences of one component: no format says that one of them may be chosen.
pub(super) fn all<'a>(texts: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let expressions: Vec<String> = texts.into_iter().filter_map(of_text).collect();
    expression::and(expressions.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_expressions_and_words_become_expressions() {
        assert_eq!(of_text("mit").as_deref(), Some("MIT"));
        assert_eq!(of_text(" NOASSERTION"), None);
        assert_eq!(of_text("GPLv2+").as_deref(), Some("GPL-2.0-or-later"));
        let odd = of_text("same-as-rest-of-p11kit").unwrap();
        assert!(odd.starts_with("LicenseRef-"), "{odd}");
        assert_eq!(
            all(["MIT", "NONE", "Apache-2.0 OR MIT"]).as_deref(),
            Some("MIT AND (Apache-2.0 OR MIT)")
        );
    }
}
