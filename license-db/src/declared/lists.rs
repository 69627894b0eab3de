//! Licence names in a list, whose meaning each ecosystem settles for itself.
//!
//! A list of composer ("disjunctive license" in its schema), of npm (the deprecated `licenses`
//! of its package.json) and of Maven (the POM reference: "the user can select any of them") is a
//! choice. RubyGems, opam and CPAN leave open what several names mean, so all of them count.

use super::foreign;
use super::names::Vocabulary;
use crate::expression;

/// Names of which one may be chosen; none where one of them says nothing.
pub fn any_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let read: Option<Vec<String>> = names.into_iter().map(name).collect();
    expression::or(read?.iter().map(String::as_str))
}

/// Names that all apply, or of which it is not known whether one may choose.
pub fn all_of<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let read: Vec<String> = names.into_iter().filter_map(name).collect();
    expression::and(read.iter().map(String::as_str))
}

/// One name, or the address of a licence text.
pub(super) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    // npm's and NuGet's words for "read the file", or the name of the file itself.
    let lower = text.to_ascii_lowercase();
    let is_file = lower.starts_with("licen")
        && [".txt", ".md", ".html"]
            .iter()
            .any(|end| lower.ends_with(end));
    if lower.starts_with("see license") || is_file || lower == "license" {
        return None;
    }
    super::names::address(text).or_else(|| foreign::read(text, Vocabulary::General))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_or_all() {
        assert_eq!(any_of(["MIT", "GPL-2.0"]).unwrap(), "MIT OR GPL-2.0-only");
        assert_eq!(
            all_of(["Ruby", "BSD-2-Clause"]).unwrap(),
            "Ruby AND BSD-2-Clause"
        );
        assert_eq!(any_of(["BSD"]).unwrap(), "LicenseRef-BSD");
        assert_eq!(
            any_of(["(MIT OR Apache-2.0)"]).unwrap(),
            "MIT OR Apache-2.0"
        );
        assert_eq!(any_of(["SEE LICENSE IN LICENSE.md"]), None);
        assert_eq!(any_of(["LICENSE.txt"]), None);
        assert_eq!(
            any_of(["MIT", "unknown"]),
            None,
            "the unknown one may be chosen, too"
        );
        assert_eq!(all_of(["MIT", "unknown"]).unwrap(), "MIT");
        assert_eq!(any_of([]), None);
    }

    #[test]
    fn addresses_of_texts() {
        let cases = [
            (
                "http://www.apache.org/licenses/LICENSE-2.0.txt",
                "Apache-2.0",
            ),
            ("https://opensource.org/licenses/MIT", "MIT"),
            ("http://www.opensource.org/licenses/mit-license.php", "MIT"),
            (
                "https://spdx.org/licenses/BSD-3-Clause.html",
                "BSD-3-Clause",
            ),
            (
                "https://www.gnu.org/licenses/old-licenses/gpl-2.0.html",
                "GPL-2.0-only",
            ),
        ];
        for (address, id) in cases {
            assert_eq!(any_of([address]).as_deref(), Some(id), "{address}");
        }
        let odd = any_of(["https://example.org/terms"]).unwrap();
        assert!(odd.starts_with("LicenseRef-"), "{odd}");
    }
}
