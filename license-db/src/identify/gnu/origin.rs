//! Whether a grant without a version is that of other code than the file's: its missing version
//! is then no other's.

use super::super::phrase::context::{sentence, stands};
use super::super::words::Words;
use super::{NEAR, name};

/// Whether the sentence of a grant states a copyright of its own, as "the packaging is (C) 2007,
/// Jane Doe, and is licensed under the GPL" does, or speaks of code of another origin: then the
/// versions that others name are not its.
pub(super) fn of_its_own(words: &Words, at: usize) -> bool {
    if of_another_origin(words, at) {
        return true;
    }
    // Another name in between is what the copyright goes with.
    let mut here = (at.saturating_sub(OWN)..at)
        .rev()
        .take_while(|i| !words.begins(i + 1) && name(words, *i).is_none());
    here.any(|i| {
        let year = words.word(i + 1);
        let year = year.len() == 4 && year.bytes().all(|b| b.is_ascii_digit());
        year && matches!(words.word(i), "c" | "copyright")
    })
}

/// How far before a grant the copyright of its sentence stands, in words.
const OWN: usize = 40;

/// Whether a grant is that of code from elsewhere: "ssh.py is from paramiko, and inherits LGPL",
/// "contains parts of Foo, which is licensed under the GPL".
fn of_another_origin(words: &Words, at: usize) -> bool {
    if stands(words, at, NEAR, &["inherits", "inherit"]) {
        return true;
    }
    let mut joined = false;
    // Nearest first: the origin stands before what is said of its licence.
    for i in sentence(words, at, OWN) {
        if name(words, i).is_some() {
            return false;
        }
        joined |= matches!(words.word(i), "which" | "that" | "and" | "whose");
        let from = matches!(words.word(i + 1), "from" | "parts" | "portions" | "code");
        if joined && from && ORIGINS.contains(&words.word(i)) {
            return true;
        }
    }
    false
}

/// Words that tell of code from elsewhere.
const ORIGINS: &[&str] = &[
    "taken", "copied", "borrowed", "adapted", "derived", "ported", "imported", "comes", "is",
    "contains", "includes", "uses", "bundles",
];
