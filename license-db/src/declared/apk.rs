//! The `L:` field of Alpine's package database: mostly SPDX, older packages list ids with
//! blanks between (apk-package(5)).

use super::foreign;
use super::names::Vocabulary;

/// The SPDX expression of an `L:` field.
pub fn license(field: &str) -> Option<String> {
    foreign::read(field, Vocabulary::General)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_field() {
        let cases = [
            ("MIT", "MIT"),
            ("GPL-2.0-only", "GPL-2.0-only"),
            ("GPL-2.0-or-later AND MIT", "GPL-2.0-or-later AND MIT"),
            ("MPL-2.0 GPL-2.0-or-later", "MPL-2.0 AND GPL-2.0-or-later"),
            ("GPL2+", "GPL-2.0-or-later"),
            ("custom", "LicenseRef-custom"),
        ];
        for (field, expression) in cases {
            assert_eq!(license(field).as_deref(), Some(expression), "{field}");
        }
    }
}
