//! What stands around a name: whether something is granted under it.

use super::super::words::Words;

/// How far before a name the words of a grant are looked for.
const BEHIND: usize = 16;

/// The same for words that also stand elsewhere.
const CLOSE: usize = 5;

/// How far before a name "not" may turn the grant around.
const NEAR: usize = 12;

/// The most words of a sentence that are looked at.
const SENTENCE: usize = 24;

/// The most words between the grant and a name in a list of names.
const LIST: usize = 24;

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
    "license", "licence", "licenses", "licences", "uses", "per", "via", "inherits",
];

/// Words that stand before a name where nothing is granted under it.
const AGAINST: &[&str] = &["not", "cannot", "never", "doesnt", "isnt", "nor"];

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

/// Words that stand between the names of a list.
const BETWEEN: &[&str] = &[
    "a",
    "an",
    "the",
    "either",
    "both",
    "and",
    "or",
    "of",
    "to",
    "terms",
    "new",
    "modified",
    "revised",
    "simplified",
    "clause",
    "style",
    "license",
    "licenses",
    "licence",
    "licences",
    "version",
    "v",
    "x11",
    "at",
    "your",
    "option",
    "dual",
    "with",
];

/// Short names of licences that are also common words or letters.
const SHORT: &[&str] = &[
    "mit", "bsd", "apache", "mpl", "gpl", "lgpl", "agpl", "artistic", "isc", "zlib", "cddl", "epl",
    "expat", "perl", "ruby", "asl", "al", "eupl", "psf", "zpl",
];

/// Whether the words before a name, in its sentence, grant something under it.
pub(crate) fn granted(words: &Words, at: usize) -> bool {
    let before = |reach: usize, list: &[&str]| stands(words, at, reach, list);
    (before(BEHIND, GRANT) || before(CLOSE, WEAK_GRANT)) && !denied(words, at)
}

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
    let is = at > 0 && matches!(words.word(at - 1), "is" | "are");
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
    stands(words, at, NEAR, AGAINST) || stands(words, at, SENTENCE, COMPARES)
}

/// Whether one of some words stands before a place in its sentence.
pub(crate) fn stands(words: &Words, at: usize, reach: usize, list: &[&str]) -> bool {
    sentence(words, at, reach).any(|i| list.contains(&words.word(i)))
}

/// Words behind "licenses" in a sentence about them.
const PLURAL_VERBS: &[&str] = &[
    "are", "do", "apply", "rely", "have", "contain", "allow", "require", "permit", "were",
];

/// Whether a name stands in a list of names behind a grant, as in "licensed under MIT and BSD",
/// or beside another name, as in "MIT/GPL".
pub(crate) fn listed(words: &Words, at: usize, end: usize) -> bool {
    let same_line = |other: usize| words.line(other) == words.line(at);
    // Beside a name that is not as well known, "perl" is the language: `Perl => JSON`.
    let known = is_short(words.word(at)) || end - at > 1;
    let beside = |other: usize| {
        let word = words.word(other);
        let language = !known && matches!(word, "perl" | "ruby");
        other < words.len() && is_short(word) && !language && word != words.word(at)
    };
    let joined = |other: usize| matches!(words.word(other), "and" | "or" | "license" | "licenses");
    let back = |n: usize| at.checked_sub(n);
    let before = back(1).is_some_and(|i| same_line(i) && beside(i) && !words.begins(at))
        || back(2).is_some_and(|i| same_line(i) && beside(i) && joined(i + 1));
    let behind = same_line(end) && !words.begins(end) && beside(end)
        || same_line(end + 1) && joined(end) && beside(end + 1);
    // "The BSD and MIT licenses do not …" speaks about them.
    let mut first = at;
    while first > 0 && (is_short(words.word(first - 1)) || joined(first - 1)) {
        first -= 1;
    }
    let mut last = end;
    while is_short(words.word(last)) || joined(last) {
        last += 1;
    }
    let about = first > 0 && words.word(first - 1) == "the"
        || words.word(last - 1) == "licenses"
            && !words.stopped(last)
            && PLURAL_VERBS.contains(&words.word(last));
    // "GPL or MIT or Apache, etc." gives examples, "must be GPL or LGPL" speaks of other code.
    let duty = first > 1 && words.word(first - 1) == "be" && stands(words, first - 1, 2, &["must"]);
    let about = about || duty || words.word(last) == "etc";
    // "(c) iMatix" names a holder.
    let holder = back(1).is_some_and(|i| matches!(words.word(i), "c" | "copyright"));
    !denied(words, at) && !holder && (((before || behind) && !about) || under(words, at))
}

/// Whether a name follows a grant with nothing but other names between.
fn under(words: &Words, at: usize) -> bool {
    for i in sentence(words, at, LIST) {
        let word = words.word(i);
        match word {
            "under" | "via" | "per" => {
                return sentence(words, i, 4).any(|i| {
                    matches!(
                        words.word(i),
                        "licensed"
                            | "licenced"
                            | "available"
                            | "released"
                            | "distributed"
                            | "published"
                            | "redistributed"
                            | "used"
                            | "provided"
                            | "open"
                            | "duallicensed"
                            | "covered"
                            | "license"
                            | "code"
                            | "made"
                            | "is"
                    )
                });
            }
            "licensed" | "licenced" | "dual" | "duallicensed" => return true,
            _ if BETWEEN.contains(&word) || is_short(word) || is_number(word) => {}
            _ => return false,
        }
    }
    false
}

/// Whether a name fills its line below a line that says no more than "License", or a paragraph
/// of its own and calls itself a licence.
pub(crate) fn headed(words: &Words, at: usize, end: usize) -> bool {
    let alone = words.starts_line(at) && (end >= words.len() || words.starts_line(end));
    let first = at - usize::from(at > 0 && words.word(at - 1) == "the");
    let license = (at..=end).any(|i| words.word(i).starts_with("licen"));
    let ends = words.starts_line(end) || matches!(words.word(end), "http" | "https" | "see");
    if words.begins(first) && license && end - at > 1 && ends {
        return true;
    }
    let heading = |i: usize| {
        matches!(
            words.word(i),
            "license" | "licence" | "licenses" | "licensing" | "licences"
        ) && words.starts_line(i)
    };
    alone && at.checked_sub(1).is_some_and(heading)
}

/// Whether a name is written as an identifier of program code is: `apache_2_0`, or stands right
/// behind one, as in `{LICENSE_GPL2, "gpl2"}`.
pub(crate) fn coded(words: &Words, at: usize, end: usize) -> bool {
    let behind = at > 0 && words.tied(at - 1) && words.line(at - 1) == words.line(at);
    (behind && end - at == 1)
        || (at..=end).any(|i| words.tied(i) && (i > at || words.word(i).len() > 1))
}

/// Whether a word is a short name of a licence.
pub(crate) fn is_short(word: &str) -> bool {
    SHORT.contains(&word)
        || ["gpl", "lgpl", "agpl", "apache", "mpl"]
            .iter()
            .any(|family| {
                word.strip_prefix(family)
                    .is_some_and(|rest| is_number(rest.trim_start_matches('v')))
            })
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit())
        || word
            .strip_prefix('v')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The places before `at` in its sentence, nearest first.
pub(crate) fn sentence(words: &Words, at: usize, reach: usize) -> impl Iterator<Item = usize> {
    let begun = (at.saturating_sub(reach)..=at).rev();
    let begun = begun.take_while(move |i| *i == at || !words.stopped(i + 1));
    begun.filter(move |i| *i < at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, name: &str) -> (Words, usize) {
        let words = Words::of(text);
        let at = (0..words.len())
            .rposition(|i| words.word(i) == name)
            .unwrap();
        (words, at)
    }

    #[test]
    fn lists_of_names_are_known() {
        for text in [
            "Licensed under MIT",
            "dual licensed under the Apache 2.0 and MIT",
            "Available via the new BSD or MIT license",
            "jQuery plugin - GPL & MIT",
            "released under LGPL, MIT",
        ] {
            let (words, at) = place(text, "mit");
            assert!(listed(&words, at, at + 1), "{text}");
        }
        for text in [
            "derived code must also be BSD or MIT",
            "you can use BSD or MIT, etc.",
            "The BSD and MIT licenses differ in this",
            "the people at MIT",
            "under pressure MIT",
            "Licensed here. MIT",
        ] {
            let (words, at) = place(text, "mit");
            assert!(!listed(&words, at, at + 1), "{text}");
        }
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
