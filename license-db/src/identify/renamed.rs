//! Names inside a text that make another licence of it.
//!
//! Who changes the name of a long text, as "H2 License - Version 1.0" with the conditions of
//! MPL-1.1 does, makes another licence, even where all else stays: most licences with a steward
//! demand it (MPL-1.1 section 6.3). The name is that of the SPDX list. Of a short text the holder
//! may decide.

use std::collections::BTreeSet;

use super::align::Template;
use super::index::mark::Mark;
use super::spelling::hash;
use super::text::LONG;
use crate::expression;

/// So many times a text has to bear its name, titles and advice left out, for its lack to tell.
const BEARS: usize = 2;

/// Words of names that do not tell one licence from another.
const COMMON: &[&str] = &[
    "a",
    "agreement",
    "and",
    "clause",
    "code",
    "common",
    "commons",
    "content",
    "copyright",
    "data",
    "database",
    "distribution",
    "documentation",
    "for",
    "free",
    "general",
    "in",
    "international",
    "later",
    "library",
    "license",
    "of",
    "only",
    "open",
    "or",
    "public",
    "software",
    "source",
    "standard",
    "terms",
    "the",
    "to",
    "use",
    "v",
    "version",
    "with",
    "without",
];

/// Whether the words of a file that agree with a text lack the name that the text bears.
fn is_renamed(id: &str, template: Template<'_>, file: &[u32]) -> bool {
    let Some(license) = spdx::license_id(id) else {
        return false;
    };
    let words = license.full_name.split(|c: char| !c.is_ascii_alphabetic());
    let words = words.map(str::to_ascii_lowercase);
    let name: BTreeSet<u32> = words
        .filter(|word| word.len() > 1 && !COMMON.contains(&word.as_str()))
        .map(|word| hash(&word))
        .collect();
    let own = |(at, word): (usize, &u32)| name.contains(word) && template.mark(at) == Mark::Own;
    let borne = template
        .words
        .iter()
        .enumerate()
        .filter(|place| own(*place));
    borne.count() >= BEARS && !file.iter().any(|word| name.contains(word))
}

/// How the name of a renamed text begins; the id of what it was made from follows.
const RENAMED: &str = "renamed-";

/// Whether a name is that of a renamed text of the SPDX list.
pub(crate) fn is_name(name: &str) -> bool {
    let of = name.strip_prefix(expression::REF);
    let of = of.and_then(|name| name.strip_prefix(RENAMED));
    of.is_some_and(|id| spdx::license_id(id).is_some())
}

/// The licence that a text is, by the names among the words of a file that agree with it.
pub(super) fn license(id: &str, template: Template<'_>, file: &[u32]) -> String {
    // Whose advertising clause the University took back in 1999, whichever group it names.
    if id == "BSD-4-Clause" && file.contains(&hash("regents")) {
        return "BSD-4-Clause-UC".to_owned();
    }
    let long = template.words.len() >= LONG;
    match long && is_renamed(id, template, file) {
        true => format!("{}{RENAMED}{id}", expression::REF),
        false => id.to_owned(),
    }
}
