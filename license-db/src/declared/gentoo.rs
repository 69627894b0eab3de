//! The `LICENSE` of an installed ebuild: names of files in Gentoo's `licenses`, in the syntax
//! of the Package Manager Specification (8.2): `|| ( A B )` for a choice, `flag? ( A )` for
//! what depends on a flag.
//!
//! Portage resolves flags when it installs. Where one is left it is not known whether it was
//! set, and what it guards counts.

use super::names::{self, Vocabulary};
use crate::expression;

/// Deeper nesting, and longer texts, are read as one unknown name.
const MAX_DEPTH: u8 = 16;
const MAX_BYTES: usize = 16 * 1024;

/// The SPDX expression of a `LICENSE`.
pub fn license(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let unread = || expression::license_ref(&text.chars().take(64).collect::<String>());
    if text.len() > MAX_BYTES {
        return Some(unread());
    }
    let mut words = text.split_ascii_whitespace();
    match group(&mut words, 0) {
        // A bracket that was never opened ends the outermost group too early.
        Some(parts) if words.next().is_none() => expression::and(parts.iter().map(String::as_str)),
        _ => Some(unread()),
    }
}

/// The parts of a group, up to the bracket that closes it, or of the whole text.
fn group<'a>(words: &mut impl Iterator<Item = &'a str>, depth: u8) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut is_choice = false;
    while let Some(word) = words.next() {
        match word {
            ")" => return (depth > 0).then_some(parts),
            "||" => is_choice = true,
            "(" if depth == MAX_DEPTH => return None,
            "(" => {
                let inner = group(words, depth + 1)?;
                let inner = inner.iter().map(String::as_str);
                parts.extend(if is_choice {
                    expression::or(inner)
                } else {
                    expression::and(inner)
                });
                is_choice = false;
            }
            _ if word.ends_with('?') => {}
            _ => parts.push(name(word)),
        }
    }
    (depth == 0).then_some(parts)
}

fn name(word: &str) -> String {
    let known = names::lookup(word, Vocabulary::Gentoo);
    known.unwrap_or_else(|| expression::license_ref(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_variable() {
        let cases = [
            ("GPL-2", "GPL-2.0-only"),
            ("BSD BSD-2", "BSD-3-Clause AND BSD-2-Clause"),
            (
                "|| ( LGPL-2.1+ MPL-1.1 ) ZLIB",
                "(LGPL-2.1-or-later OR MPL-1.1) AND Zlib",
            ),
            ("MIT doc? ( FDL-1.3+ )", "MIT AND GFDL-1.3-or-later"),
            (
                "GPL-3+ || ( GPL-3+ gcc-runtime-library-exception-3.1 )",
                "GPL-3.0-or-later AND (GPL-3.0-or-later OR GPL-3.0-or-later WITH GCC-exception-3.1)",
            ),
            (
                "|| ( Artistic GPL-1+ )",
                "LicenseRef-Artistic OR GPL-1.0-or-later",
            ),
            ("|| ( ( MIT ISC ) ZLIB )", "(MIT AND ISC) OR Zlib"),
            ("public-domain", "LicenseRef-public-domain"),
            (
                "linux-fw-redistributable",
                "LicenseRef-linux-fw-redistributable",
            ),
            ("MIT )", "LicenseRef-MIT"),
            ("( MIT", "LicenseRef-MIT"),
        ];
        for (text, expression) in cases {
            assert_eq!(license(text).as_deref(), Some(expression), "{text}");
        }
        assert_eq!(license("\n"), None);
        assert_eq!(license("( )"), None);
    }

    proptest::proptest! {
        #[test]
        fn always_answers_a_valid_expression(text in "(\\|\\| |\\( |\\) |x\\? |MIT |GPL-2\\+ |[a-z]{1,3} ){0,40}") {
            if let Some(expression) = license(&text) {
                proptest::prop_assert!(expression::parse(&expression).is_some());
            }
        }
    }
}
