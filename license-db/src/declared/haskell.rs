//! The `license` field of a Haskell package: an SPDX expression since Cabal 2.2, before that a
//! word of its own (Cabal's `Distribution.License`).

use super::foreign;
use super::names::Vocabulary;

/// The SPDX expression of the field.
pub fn license(field: &str) -> Option<String> {
    match field.trim() {
        // Cabal's words for "none is named here".
        "NONE" | "OtherLicense" | "UnspecifiedLicense" | "UnknownLicense" => None,
        field => foreign::read(field, Vocabulary::Cabal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_field() {
        let cases = [
            ("BSD-3-Clause", "BSD-3-Clause"),
            ("BSD3", "BSD-3-Clause"),
            ("GPL-3", "GPL-3.0-only"),
            ("GPL", "GPL-1.0-or-later"),
            ("PublicDomain", "LicenseRef-public-domain"),
            ("MIT", "MIT"),
        ];
        for (field, expression) in cases {
            assert_eq!(license(field).as_deref(), Some(expression), "{field}");
        }
        assert_eq!(license("OtherLicense"), None);
    }
}
