//! The `%LICENSE%` of a package of pacman: SPDX expressions since Arch Linux's RFC 16 of 2023,
//! its own names before, `custom:NAME` for a text that the package brings itself. What is
//! listed applies together.

use super::foreign;
use super::names::{self, Vocabulary};
use crate::expression;

/// The SPDX expression of the values of a `%LICENSE%`.
pub fn license(values: &[&str]) -> Option<String> {
    let parts: Vec<String> = values.iter().filter_map(|value| one(value)).collect();
    expression::and(parts.iter().map(String::as_str))
}

fn one(value: &str) -> Option<String> {
    match value.split_once(':') {
        Some((word, name)) if word.eq_ignore_ascii_case("custom") => {
            // A family, such as BSD, is a text of the package's own all the same.
            let known = names::lookup(name, Vocabulary::General);
            let known = known.filter(|known| !known.starts_with("LicenseRef-"));
            Some(known.unwrap_or_else(|| expression::license_ref(value)))
        }
        _ => foreign::read(value, Vocabulary::Arch),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_values() {
        let cases: [(&[&str], Option<&str>); 8] = [
            (&["GPL"], Some("GPL-2.0-or-later")),
            (
                &["GPL2", "LGPL3"],
                Some("GPL-2.0-only AND LGPL-3.0-or-later"),
            ),
            (&["Apache"], Some("Apache-2.0")),
            (&["BSD"], Some("LicenseRef-BSD")),
            (
                &["MIT OR Apache-2.0", "GPL-3.0-or-later"],
                Some("(MIT OR Apache-2.0) AND GPL-3.0-or-later"),
            ),
            (&["custom:ISC"], Some("ISC")),
            (
                &["custom:Foo", "custom"],
                Some("LicenseRef-custom-Foo AND LicenseRef-custom"),
            ),
            (&["unknown"], None),
        ];
        for (values, expression) in cases {
            assert_eq!(license(values).as_deref(), expression, "{values:?}");
        }
    }
}
