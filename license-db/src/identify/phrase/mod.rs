//! Fixed wordings: standard headers, short notices, names and addresses of licences.
//!
//! The wordings are `data/phrases.toml`; names come from `data/names.toml` and the SPDX list,
//! addresses are made from the SPDX ids. In a wording `(a|b)` is one of two, `[a]` may be
//! missing, and `*` stands for up to six words.

use hpcctl_model::license::{Kind, State};

use code::{Flags, Needs};

use super::finding::{Finding, MAX_FINDINGS, Taken, Vague};
use super::tables::{Section, Tables};
use super::words::Words;
use crate::expression;

mod code;
pub(super) mod context;
#[cfg(test)]
pub(super) mod listed;
pub(super) mod make;
pub(super) mod row;
mod walk;
mod wording;

/// How sure the reading of a family is.
const FAMILY: f64 = 0.6;

struct Rule<'a> {
    steps: &'a [u32],
    license: &'a str,
    flags: Flags,
}

/// All wordings, by their first word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Phrases<'a> {
    tables: &'a Tables,
}

impl<'a> Phrases<'a> {
    pub(crate) fn new(tables: &'a Tables) -> Self {
        Self { tables }
    }

    /// The wordings that begin with a word, the longest first.
    fn rules(self, first: u32) -> impl Iterator<Item = Rule<'a>> {
        let (slots, _) = self.tables.section(Section::Firsts).as_chunks::<3>();
        // The number of slots is a power of two.
        let at = first as usize & slots.len().saturating_sub(1);
        let (before, after) = slots.split_at(at);
        let mut met = after
            .iter()
            .chain(before)
            .take_while(|[_, _, count]| *count > 0);
        let range = met
            .find(|[word, _, _]| *word == first)
            .map_or(0..0, |[_, start, count]| *start..start + count);
        range.filter_map(move |number| self.rule(number as usize))
    }

    fn rule(self, number: usize) -> Option<Rule<'a>> {
        let [name, flags, start, len] = self.tables.row(Section::Rules, number)?;
        let start = *start as usize;
        let steps = self.tables.section(Section::Steps);
        Some(Rule {
            steps: steps.get(start..start + *len as usize)?,
            license: self.tables.name(*name),
            flags: Flags::decode(*flags),
        })
    }

    /// Reads the names of families that nothing in the file makes more precise.
    pub(crate) fn read_families(self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|f| f.state != State::Clue) {
            if !finding.license.contains("LicenseRef-") {
                continue;
            }
            let parts = expression::licenses(&finding.license);
            let read = |part: &String| Some(finding.license.replace(part, self.reading(part)?));
            if let Some(license) = parts.iter().find_map(read) {
                finding.license = license;
                finding.score = FAMILY;
            }
        }
    }

    /// The licence that a text means by the name of a family.
    fn reading(self, family: &str) -> Option<&'a str> {
        let (rows, _) = self.tables.section(Section::Readings).as_chunks::<2>();
        let row = rows
            .iter()
            .find(|[name, _]| self.tables.name(*name) == family);
        row.map(|[_, license]| self.tables.name(*license))
    }

    /// The wordings among the words that are not taken, the longest at each place.
    pub(crate) fn find(self, words: &Words, taken: &Taken) -> Vec<Finding> {
        let mut out = Vec::new();
        let mut at = 0;
        while at < words.len() && out.len() < MAX_FINDINGS {
            match self.longest(words, taken, at) {
                Some(finding) => {
                    at = finding.words.end.max(at + 1);
                    out.push(finding);
                }
                None => at += 1,
            }
        }
        out
    }

    fn longest(self, words: &Words, taken: &Taken, at: usize) -> Option<Finding> {
        let first = words.words.get(at).filter(|_| !taken.is(at))?;
        let matches = self
            .rules(first.hash)
            .filter_map(|rule| Some((walk::end(words, taken, at, rule.steps)?, rule)));
        let mut best: Option<(usize, Rule)> = None;
        for (end, rule) in matches {
            if best.as_ref().is_none_or(|(longest, _)| end > *longest)
                && enough(words, at, end, rule.flags.needs)
            {
                best = Some((end, rule));
            }
        }
        let (end, Rule { license, flags, .. }) = best?;
        let mut finding = Finding::new(at..end, license, flags.kind);
        // A family such as `LicenseRef-BSD`; vendors' terms have longer names and stay.
        let family = license.strip_prefix("LicenseRef-");
        let vague = family.is_some_and(|name| !name.contains('-'));
        if vague && !context::accompanies(words, end) {
            finding.vague = Vague::Family;
        }
        // A table of ids in a program grants nothing.
        let prose = !context::coded(words, at, end);
        let told = flags.needs == Needs::Nothing
            || (context::granted(words, at)
                && !context::speaks(words, end)
                && (prose || context::stands(words, at, 4, &["under"])))
            || prose
                && (context::bears(words, at, end)
                    || context::located(words, end)
                    || row::listed(words, at, end)
                    || context::headed(words, at, end)
                    || of_a_part(words, at, end));
        let hint = flags.clue || !told || context::stands(words, at, 4, &["based"]);
        if flags.kind == Kind::Notice {
            finding.state = State::Likely;
        }
        Some(if hint { finding.clue() } else { finding })
    }
}

/// Whether a name in parentheses is the licence of what stands before: "foo (MIT License)".
fn of_a_part(words: &Words, at: usize, end: usize) -> bool {
    let license = (at..end).any(|i| words.word(i).starts_with("licen"));
    license && at > 0 && words.enclosed(at, end) && !context::denied(words, at)
}

/// A name of so many words is no prose behind a grant.
const LONG_NAME: usize = 3;

/// Names need a version or the word "license" even to be a clue.
fn enough(words: &Words, at: usize, end: usize, needs: Needs) -> bool {
    match needs {
        Needs::Nothing => true,
        Needs::Grant => {
            let told = (at..=end).any(|i| {
                let word = words.word(i);
                word.contains("licen") || word.starts_with(|c: char| c.is_ascii_digit())
            });
            let long = end - at >= LONG_NAME && context::granted(words, at);
            told || long || words.enclosed(at, end) || (end - at > 1 && row::listed(words, at, end))
        }
        Needs::GrantAndLicense => {
            let license = |at: usize| words.word(at).starts_with("licen");
            ((license(end) || license(end + 1)) && context::granted(words, at))
                || words.enclosed(at, end)
                || row::listed(words, at, end)
                || context::headed(words, at, end)
                || context::bears(words, at, end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::listed;
    use super::*;

    fn licenses(text: &str) -> Vec<(String, State)> {
        let words = Words::of(text);
        let tables = listed::tables();
        let found = Phrases::new(&tables).find(&words, &Taken::new(words.len()));
        found.into_iter().map(|f| (f.license, f.state)).collect()
    }

    #[test]
    fn reads_notices_names_and_addresses() {
        let cases = [
            (
                "Licensed under the Apache License, Version 2.0 (the \"License\");",
                "Apache-2.0",
            ),
            (
                "This Source Code Form is subject to the terms of the Mozilla Public License, v. 2.0.",
                "MPL-2.0",
            ),
            (
                "Distributed under the Boost Software License, Version 1.0.",
                "BSL-1.0",
            ),
            ("licensed under the MIT license", "MIT"),
            (
                "Licensed under the Open Software License version 3.0",
                "OSL-3.0",
            ),
            ("under the Academic Free License v. 2.1", "AFL-2.1"),
            (
                "under the terms of the Common Public License, Version 1",
                "CPL-1.0",
            ),
            (
                "subject to the Zope Public License, Version 2.1 (ZPL)",
                "ZPL-2.1",
            ),
            (
                "see https://opensource.org/licenses/BSD-3-Clause",
                "BSD-3-Clause",
            ),
            (
                "http://creativecommons.org/licenses/by-sa/4.0/",
                "CC-BY-SA-4.0",
            ),
            ("released under the BSD license", "LicenseRef-BSD"),
            ("licensed under the Common Public License", "CPL-1.0"),
            ("subject to the Eclipse Public License", "LicenseRef-EPL"),
            (
                "licensed under the Academic Free License (AFL) version 3.0",
                "AFL-3.0",
            ),
            ("this code inherits the Apache license", "LicenseRef-Apache"),
            ("licensed under the MPL version 2.0", "MPL-2.0"),
            ("under the terms of the EPL, v. 2.0", "EPL-2.0"),
            ("licensed under CDDL v1.1", "CDDL-1.1"),
            ("released under AFL v3", "AFL-3.0"),
            ("licensed under Apache v1.1", "Apache-1.1"),
        ];
        for (text, license) in cases {
            assert!(
                licenses(text).contains(&(license.to_owned(), State::Likely)),
                "{text}: {:?}",
                licenses(text)
            );
        }
    }

    #[test]
    fn names_alone_are_clues_and_common_words_nothing() {
        assert_eq!(licenses("the Apache License 2.0 is long")[0].1, State::Clue);
        assert!(licenses("a fair share of Ruby and Python under load").is_empty());
        assert!(licenses("this file is not in the public domain").is_empty());
        assert!(licenses("it runs under Python version 2.0 and TORQUE v1.1").is_empty());
        assert_eq!(
            licenses("it is not licensed under the MIT license")[0].1,
            State::Clue
        );
    }
}
