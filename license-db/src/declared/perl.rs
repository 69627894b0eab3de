//! The `license` of a CPAN distribution's metadata, in the words of CPAN::Meta::Spec(3), both
//! version 2 (a list) and version 1.4 (one word).

use super::names::{self, Vocabulary};
use crate::expression;

/// The SPDX expression of the words; what several mean is left open, so all count.
pub fn license<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let words = words.into_iter().map(str::trim);
    // "unknown", and words for "some licence that stands elsewhere".
    let says = words.filter(|word| !matches!(*word, "" | "unknown" | "open_source"));
    let read: Vec<String> = says
        .map(|word| {
            names::lookup(word, Vocabulary::Cpan).unwrap_or_else(|| expression::license_ref(word))
        })
        .collect();
    expression::and(read.iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_words() {
        let cases = [
            ("perl_5", "GPL-1.0-or-later OR Artistic-1.0-Perl"),
            ("perl", "GPL-1.0-or-later OR Artistic-1.0-Perl"),
            ("apache_2_0", "Apache-2.0"),
            ("artistic_2", "Artistic-2.0"),
            ("gpl_3", "GPL-3.0-only"),
            ("lgpl_2_1", "LGPL-2.1-only"),
            ("mit", "MIT"),
            ("bsd", "LicenseRef-BSD"),
            ("restricted", "LicenseRef-restricted"),
        ];
        for (word, expression) in cases {
            assert_eq!(license([word]).as_deref(), Some(expression), "{word}");
        }
        assert_eq!(license(["unknown"]), None);
        assert_eq!(license(["mit", "zlib"]).as_deref(), Some("MIT AND Zlib"));
    }
}
