//! Texts that differ in a few words: which of them a file bears.

use super::{expression_of, text_of};

#[test]
fn near_twins_are_told_apart() {
    for id in [
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD-4-Clause",
        "MIT",
        "MIT-0",
        "X11",
        "ISC",
        "0BSD",
        "HPND",
        "LGPL-2.0-only",
        "LGPL-2.1-only",
        "Zlib",
        "BSL-1.0",
        "AFL-2.1",
        "AFL-3.0",
    ] {
        assert_eq!(expression_of(text_of(id)), id);
    }
}

/// The words of Unicode's data files by their conditions, from the year that the list names to
/// before it, with what stands before the grant and without.
#[test]
fn a_text_of_another_year_is_another_text() {
    const GRANT: &str = "Permission is hereby granted";
    let listed = text_of("Unicode-DFS-2015");
    let notice = "this copyright and permission notice appear";
    let above = "the above copyright notice(s) and this permission notice appear";
    let before = listed
        .replace(&format!("(a) {notice}"), &format!("(a) {above}"))
        .replace(&format!("(b) {notice}"), &format!("(b) both {above}"));
    let charts = "Unicode Data Files do not include PDF online code charts under the directory http://www.unicode.org/Public/. ";
    let older = before.replace(charts, "");
    let other = "LicenseRef-Unicode-DFS-before-2015";
    for (text, license) in [
        (listed, "Unicode-DFS-2015"),
        (text_of("Unicode-DFS-2016"), "Unicode-DFS-2016"),
        (&before, other),
        (&older, other),
    ] {
        let (_, grant) = text.split_once(GRANT).unwrap();
        assert_eq!(expression_of(text), license);
        assert_eq!(expression_of(&format!("{GRANT}{grant}")), license);
    }
}
