//! What stands around a name: whether something is granted under it.

use super::super::words::Words;
use super::super::words::short::is_short;

/// How far before a name the words of a grant are looked for.
const BEHIND: usize = 16;

/// The same for words that also stand elsewhere.
const CLOSE: usize = 5;

/// How far before a name "not" may turn the grant around.
const NEAR: usize = 12;

/// The most words of a sentence that are looked at.
const SENTENCE: usize = 24;

/// Words that stand before a name in a grant.
const GRANT: &[&str] = &[
    "under",
    "licensed",
    "released",
    "covered",
    "governed",
    "licenced",
    "relicensed",
    "terms",
    "subject",
    "choose",
    "choice",
];

/// Words that stand right before it.
const WEAK_GRANT: &[&str] = &[
    "license", "licence", "licenses", "licences", "uses", "using", "per", "via", "inherits",
];

/// Words that stand before a name where nothing is granted under it.
const AGAINST: &[&str] = &["not", "cannot", "never", "doesnt", "isnt", "nor", "neither"];

/// Words of a sentence that compares licences.
const COMPARES: &[&str] = &[
    "compatible",
    "incompatible",
    "gplcompatible",
    "unlike",
    "similar",
    "differs",
    "inspired",
];

/// Whether the words before a name, in its sentence, grant something under it.
pub(crate) fn granted(words: &Words, at: usize) -> bool {
    let before = |reach: usize, list: &[&str]| stands(words, at, reach, list);
    (before(BEHIND, GRANT) || before(CLOSE, WEAK_GRANT) || offered(words, at)) && !denied(words, at)
}

/// Whether a name is the last of those offered: "under the terms of either the GNU General Public
/// License as published by the Free Software Foundation, or the Artistic License".
fn offered(words: &Words, at: usize) -> bool {
    let mut before = sentence(words, at, OFFER).map(|i| words.word(i));
    let or = before.find(|word| *word != "the") == Some("or");
    or && before.any(|word| word == "either")
        && before.take(CLOSE).any(|word| GRANT.contains(&word))
}

/// How far before its last name an offer begins, in words.
const OFFER: usize = 36;

/// Whether a sentence about the licence follows its name: "the MIT License allows …".
pub(crate) fn speaks(words: &Words, end: usize) -> bool {
    const VERBS: &[&str] = &[
        "allows", "requires", "permits", "says", "means", "was", "has", "differs",
    ];
    let end = end + usize::from(words.word(end).starts_with("licen"));
    let other =
        words.word(end) == "is" && matches!(words.word(end + 1), "a" | "an" | "not" | "the");
    let denies = matches!(words.word(end), "may" | "does" | "will" | "can" | "should")
        && words.word(end + 1) == "not";
    VERBS.contains(&words.word(end)) || other || denies
}

/// Whether the licence is said to be elsewhere: "the BSD License that accompanies this
/// distribution". Then no text in the file is meant.
pub(crate) fn accompanies(words: &Words, end: usize) -> bool {
    matches!(words.word(end), "that" | "which") && words.word(end + 1) == "accompanies"
}

/// Whether a file is said to hold the licence: "the MIT license found in the LICENSE file".
pub(crate) fn located(words: &Words, end: usize) -> bool {
    let end = end + usize::from(words.word(end).starts_with("licen"));
    let found = words.word(end) == "found" && words.word(end + 1) == "in";
    found && (end + 2..end + 5).any(|at| words.word(at).starts_with("licen"))
}

/// Whether a file or program is said to bear the licence: "MIT licensed", "is BSD licensed",
/// "copied from foo.org, MIT licensed".
pub(crate) fn bears(words: &Words, at: usize, end: usize) -> bool {
    let begins = at == 0 || words.begins(at) || words.starts_line(at);
    let is = (1..=3)
        .filter_map(|n| at.checked_sub(n))
        .take_while(|i| !words.stopped(i + 1))
        .find(|i| {
            !matches!(
                words.word(*i),
                "now" | "also" | "entirely" | "fully" | "still" | "and"
            )
        });
    let is = is.is_some_and(|i| matches!(words.word(i), "is" | "are"));
    let from = || {
        stands(
            words,
            at,
            SENTENCE,
            &["copied", "taken", "adapted", "borrowed"],
        )
    };
    matches!(words.word(end), "licensed" | "licenced") && (begins || is || from())
}

/// Whether the sentence grants nothing under the name.
pub(crate) fn denied(words: &Words, at: usize) -> bool {
    stands(words, at, NEAR, AGAINST) || compared(words, at) || refused(words, at) || left(words, at)
}

/// Whether the sentence compares licences or programs; a line that begins with a grant begins
/// anew.
fn compared(words: &Words, at: usize) -> bool {
    const ANEW: &[&str] = &[
        "licensed",
        "licenced",
        "released",
        "distributed",
        "license",
        "licence",
    ];
    // "… covered by three compatible licenses: the MIT License, …" are with each other.
    let counted = |i: usize| {
        let number = i.checked_sub(1).map_or("", |i| words.word(i));
        words.word(i) == "compatible" && matches!(number, "two" | "three" | "four" | "five")
    };
    for i in sentence(words, at, SENTENCE) {
        if COMPARES.contains(&words.word(i)) && !counted(i) {
            return true;
        }
        if words.starts_line(i) && ANEW.contains(&words.word(i)) {
            return false;
        }
    }
    false
}

/// Whether names are those of what is not there: "no AGPL or GPL restrictions", "without GPL".
fn refused(words: &Words, at: usize) -> bool {
    let between = |word: &str| is_short(word) || matches!(word, "or" | "and" | "any" | "gnu");
    let mut before = sentence(words, at, NEAR).map(|i| words.word(i));
    let no = before.find(|word| !between(word));
    no.is_some_and(|word| matches!(word, "no" | "without" | "non" | "avoid" | "avoids"))
}

/// Whether a name is that of the licence before: "changed from LGPL-3 to MIT".
fn left(words: &Words, at: usize) -> bool {
    const CHANGES: &[&str] = &[
        "changed",
        "change",
        "changes",
        "switched",
        "switch",
        "moved",
        "move",
        "relicensed",
        "relicense",
        "migrated",
    ];
    let from = sentence(words, at, 3).find(|i| words.word(*i) == "from");
    let to = || (at + 1..at + CLOSE + 3).any(|i| words.word(i) == "to" && !words.stopped(i));
    from.is_some_and(|from| stands(words, from, CLOSE, CHANGES)) && to()
}

/// Whether one of some words stands before a place in its sentence.
pub(crate) fn stands(words: &Words, at: usize, reach: usize, list: &[&str]) -> bool {
    sentence(words, at, reach).any(|i| list.contains(&words.word(i)))
}

/// Whether a name fills its line below a line that says no more than "License", or a paragraph
/// of its own and calls itself a licence.
pub(crate) fn headed(words: &Words, at: usize, end: usize) -> bool {
    let alone = words.starts_line(at) && (end >= words.len() || words.starts_line(end));
    let first = at - usize::from(at > 0 && words.word(at - 1) == "the");
    let license = (at..=end).any(|i| words.word(i).starts_with("licen"));
    let see = matches!(words.word(end), "http" | "https" | "see");
    let ends = words.starts_line(end) || words.stopped(end) || see;
    if words.begins(first) && license && end - at > 1 && ends {
        return true;
    }
    let heading = |i: usize| {
        matches!(
            words.word(i),
            "license" | "licence" | "licenses" | "licensing" | "licences"
        ) && words.starts_line(i)
    };
    (alone || (see && words.starts_line(at))) && at.checked_sub(1).is_some_and(heading)
}

/// Whether a name is written as an identifier of program code is: `apache_2_0`, or stands right
/// behind one, as in `{LICENSE_GPL2, "gpl2"}`.
pub(crate) fn coded(words: &Words, at: usize, end: usize) -> bool {
    let behind = at > 0 && words.tied(at - 1) && words.line(at - 1) == words.line(at);
    (behind && end - at == 1)
        || (at..=end).any(|i| words.tied(i) && (i > at || words.word(i).len() > 1))
}

/// The places before `at` in its sentence, nearest first.
pub(crate) fn sentence(words: &Words, at: usize, reach: usize) -> impl Iterator<Item = usize> {
    let begun = (at.saturating_sub(reach)..=at).rev();
    let begun = begun.take_while(move |i| *i == at || !words.stopped(i + 1));
    begun.filter(move |i| *i < at)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn place(text: &str, name: &str) -> (Words, usize) {
        let words = Words::of(text);
        let at = (0..words.len())
            .rposition(|i| words.word(i) == name)
            .unwrap();
        (words, at)
    }

    #[test]
    fn the_file_of_a_licence_is_known() {
        let text = "the MIT license found in the LICENSE-MIT file";
        let (words, at) = place(text, "mit");
        assert!(located(&words, at + 1));
        let (words, at) = place("the MIT people found in the file", "mit");
        assert!(!located(&words, at + 1));
    }

    #[test]
    fn what_bears_a_licence_is_known() {
        for (text, known) in [
            ("MIT licensed", true),
            ("The library is MIT licensed", true),
            ("libfoo is [MIT-licensed](COPYING)", true),
            ("* libfoo is now entirely MIT-licensed.", true),
            ("It is small and MIT licensed", false),
            (
                "Copied from https://foo.org/bar, MIT licensed, and adapted",
                true,
            ),
            ("parser taken from Foo (MIT licensed)", true),
            ("Needs other MIT licensed code", false),
            ("Taken from Foo. Wants MIT licensed code", false),
        ] {
            let (words, at) = place(text, "mit");
            assert_eq!(bears(&words, at, at + 1), known, "{text}");
        }
    }

    #[test]
    fn names_in_code_are_known() {
        for (text, known) in [
            ("{LICENSE_MIT_X, \"mit\"}", true),
            ("the MIT", false),
            ("a_name\nmit", false),
        ] {
            let (words, at) = place(text, "mit");
            assert_eq!(coded(&words, at, at + 1), known, "{text}");
        }
    }

    #[test]
    fn headings_are_known() {
        for (text, known) in [
            ("License\n-------\n\nMIT\n", true),
            ("## License\n\nMIT", true),
            ("License\n=======\n\nMIT (see the LICENSE file)", true),
            ("## License\n\n[MIT](https://foo.org/LICENSE)", true),
            ("License\nThe people of MIT see to it", false),
            ("## Authors\n\n[MIT](https://foo.org)", false),
            ("License\nMIT people did this\n", false),
            ("Authors\nMIT\n", false),
        ] {
            let (words, at) = place(text, "mit");
            assert_eq!(headed(&words, at, at + 1), known, "{text}");
        }
    }

    #[test]
    fn a_grant_stands_in_the_same_sentence() {
        for (text, known) in [
            (
                "under the terms of either: the GNU General Public License as published by the Free Software Foundation; or the MIT",
                true,
            ),
            (
                "available under either the long name of a first licence of a few more words indeed, or MIT",
                true,
            ),
            (
                "distributed under either of a first one in its version of the year 2004 or any later, or the MIT",
                true,
            ),
            (
                "under the terms of either one. So you may go here or there or to the MIT",
                false,
            ),
            ("either the people of Berkeley or the MIT", false),
            ("licensed under Foo, no GPL or MIT", false),
            ("licensed without GPL and MIT", false),
            ("under its terms, avoids MIT", false),
            ("there is no doubt that it is licensed under MIT", true),
            ("no more words: under the MIT", true),
            ("compatible with Lua 5.1\nlicensed under the MIT", true),
            ("licensed under terms\nsimilar to the MIT", false),
            ("covered by two compatible licenses: the ISC, the MIT", true),
            ("covered by a compatible license: the ISC, the MIT", false),
            ("license changed from MIT to GPL", false),
            (
                "it was relicensed from the MIT license to Apache 2.0",
                false,
            ),
            ("we switched the license from MIT to BSD", false),
            ("license changed from GPL to MIT", true),
            ("code from elsewhere under the MIT to use", true),
            ("is released under the Foo MIT", true),
            ("you can choose the GPL or the MIT", true),
            ("It is licensed. The people of MIT", false),
            ("is not under the MIT", false),
        ] {
            let (words, at) = place(text, "mit");
            assert_eq!(granted(&words, at), known, "{text}");
        }
    }
}
