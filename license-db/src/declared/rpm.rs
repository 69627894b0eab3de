//! The `License` tag of an RPM: SPDX since Fedora 38 and RHEL 10, Fedora's own short names
//! before (Fedora Legal Documentation, "Callaway" names).

use super::foreign;
use super::names::Vocabulary;

/// The SPDX expression of a `License` tag.
pub fn license(tag: &str) -> Option<String> {
    foreign::read(tag, Vocabulary::Fedora)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_vocabularies() {
        let cases = [
            ("GPLv2+ and MIT", "GPL-2.0-or-later AND MIT"),
            ("ASL 2.0", "Apache-2.0"),
            (
                "(GPL+ or Artistic) and BSD",
                "(GPL-1.0-or-later OR Artistic-1.0-Perl) AND LicenseRef-Callaway-BSD",
            ),
            ("LGPLv2+ with exceptions", "LGPL-2.0-or-later"),
            ("MIT", "MIT"),
            (
                "GPL-2.0-or-later AND (MIT OR Apache-2.0)",
                "GPL-2.0-or-later AND (MIT OR Apache-2.0)",
            ),
            ("Public Domain", "LicenseRef-Fedora-Public-Domain"),
            (
                "MPLv1.1 or GPLv2+ or LGPLv2+",
                "MPL-1.1 OR GPL-2.0-or-later OR LGPL-2.0-or-later",
            ),
            ("LicenseRef-Callaway-BSD", "LicenseRef-Callaway-BSD"),
        ];
        for (tag, expression) in cases {
            assert_eq!(license(tag).as_deref(), Some(expression), "{tag}");
        }
    }
}
