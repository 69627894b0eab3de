//! The `License` field of an R package's `DESCRIPTION` ("Writing R Extensions", 1.1.2), with
//! the names of R's own licence database (`share/licenses/license.db`).

use super::foreign;
use super::names::{self, Vocabulary};
use crate::expression;

/// The SPDX expression of the field: alternatives divided by `|`, each a name, perhaps with a
/// range of versions in brackets and `+ file LICENSE` behind it.
///
/// `file LICENSE` alone names no licence: the text decides.
pub fn license(field: &str) -> Option<String> {
    let mut read = Vec::new();
    for alternative in field.split('|') {
        let name = alternative.split('+').next().unwrap_or_default().trim();
        if name.to_ascii_lowercase().starts_with("file ") {
            // What stands in the file is one more choice, which is not known here.
            continue;
        }
        // R itself has the terms of R (its COPYING): GPL, version 2 or later.
        if name.starts_with("Part of R ") {
            read.push("GPL-2.0-or-later".to_owned());
            continue;
        }
        read.push(one(name)?);
    }
    expression::or(read.iter().map(String::as_str))
}

/// `GPL (>= 2)`, `Apache License (== 2.0)`, `LGPL (>= 2.0, < 3)`, `MIT`.
fn one(name: &str) -> Option<String> {
    let Some((stem, range)) = name.split_once('(') else {
        return foreign::read(name, Vocabulary::R);
    };
    let stem = stem.trim();
    let mut bounds = range.trim_end_matches(')').split(',').map(str::trim);
    let first = bounds.next().unwrap_or_default();
    let version = first.trim_start_matches(['>', '<', '=', ' ']);
    let later = first.starts_with('>') && bounds.next().is_none();
    let exact = first.starts_with("==") || first.starts_with('>');
    if !exact {
        return Some(expression::license_ref(name));
    }
    let versioned = format!("{stem}-{version}{}", if later { "+" } else { "" });
    names::lookup(&versioned, Vocabulary::R)
        .or_else(|| names::lookup(&format!("{stem} {version}"), Vocabulary::R))
        .or_else(|| Some(expression::license_ref(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_field() {
        let cases = [
            ("GPL (>= 2)", "GPL-2.0-or-later"),
            ("GPL-2 | GPL-3", "GPL-2.0-only OR GPL-3.0-only"),
            ("MIT + file LICENSE", "MIT"),
            ("GPL-2 | file LICENSE", "GPL-2.0-only"),
            ("Part of R 4.2.2", "GPL-2.0-or-later"),
            ("Apache License (== 2.0)", "Apache-2.0"),
            ("Apache License 2.0", "Apache-2.0"),
            ("Apache License (>= 2)", "Apache-2.0"),
            ("BSD_3_clause + file LICENSE", "BSD-3-Clause"),
            ("LGPL (>= 2.1)", "LGPL-2.1-or-later"),
            ("LGPL-3", "LGPL-3.0-only"),
            ("AGPL-3", "AGPL-3.0-only"),
            ("CC0", "CC0-1.0"),
            ("Artistic-2.0", "Artistic-2.0"),
            ("BSL-1.0", "BSL-1.0"),
            ("GPL", "GPL-1.0-or-later"),
            ("Unlimited", "LicenseRef-Unlimited"),
        ];
        for (field, expression) in cases {
            assert_eq!(license(field).as_deref(), Some(expression), "{field}");
        }
        assert_eq!(license("file LICENSE"), None);
        assert_eq!(license(""), None);
    }

    proptest::proptest! {
        #[test]
        fn always_answers_a_valid_expression(text in "([A-Z]{1,4}| |\\||\\(|>=|==|2|,|\\+|file ){0,20}") {
            if let Some(expression) = license(&text) {
                proptest::prop_assert!(expression::parse(&expression).is_some());
            }
        }
    }
}
