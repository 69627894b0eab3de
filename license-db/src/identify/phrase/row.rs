//! Names that stand in a row: "MIT/GPL", "licensed under MIT and BSD", "Apache-2.0 OR MIT".

use super::super::words::Words;
use super::super::words::short::{is_number, is_short};
use super::context::{denied, sentence, stands};

/// The most words between the grant and a name in a list of names.
const LIST: usize = 24;

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
    // "Apache-2.0 OR MIT" has a version between.
    let versioned = |i: usize| is_number(words.word(i)) && i > 0 && beside(i - 1);
    // Ids in the strings of a program are data, unless a field has them.
    let apart = |at: usize| words.begins(at) || words.is_item(at) && !in_field(words, at);
    let before = back(1).is_some_and(|i| same_line(i) && beside(i) && !apart(at))
        || back(2).is_some_and(|i| {
            same_line(i) && joined(i + 1) && !words.begins(at) && (beside(i) || versioned(i))
        });
    let behind = same_line(end) && !apart(end) && beside(end)
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
    // `perl.apache.org`
    let site = (1..=2).any(|n| back(n).is_some_and(|i| matches!(words.word(i), "http" | "www")));
    !denied(words, at) && !holder && !site && (((before || behind) && !about) || under(words, at))
}

/// Whether a name is in a list of names right behind "license": `"license": ["MIT", "ISC"]`.
fn in_field(words: &Words, at: usize) -> bool {
    let named = |at: &usize| is_short(words.word(*at)) || is_number(words.word(*at));
    let field = sentence(words, at, LIST).find(|at| !named(at));
    field.is_some_and(|at| words.word(at).starts_with("licen"))
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

#[cfg(test)]
mod tests {
    use super::super::context::tests::place;
    use super::*;

    #[test]
    fn lists_of_names_are_known() {
        for text in [
            "Licensed under MIT",
            "dual licensed under the Apache 2.0 and MIT",
            "Available via the new BSD or MIT license",
            "jQuery plugin - GPL & MIT",
            "released under LGPL, MIT",
            "## License\n\nApache-2.0 OR MIT",
            "`Apache-2.0 OR MIT`",
            "GPL 2.0 or MIT",
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
            "version 2.0 or MIT",
            "let ids = ['BSD', 'MIT'];",
            "KNOWN = [\"MIT\", \"GPL\"]",
            "see http://perl.mit.edu for MIT",
            "Licensed here. MIT",
        ] {
            let (words, at) = place(text, "mit");
            assert!(!listed(&words, at, at + 1), "{text}");
        }
    }
}
