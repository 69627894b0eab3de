//! Fixed wordings: standard headers, short notices, names and addresses of licences.
//!
//! The wordings are `data/phrases.toml`; names come from `data/names.toml` and the SPDX list,
//! addresses are made from the SPDX ids. In a wording `(a|b)` is one of two, `[a]` may be
//! missing, and `*` stands for up to six words.

use std::collections::HashMap;

use hpcctl_model::license::{Kind, State};
use serde::Deserialize;
use wording::{Step, end, plain, steps, versioned};

use super::finding::{Finding, MAX_FINDINGS, Taken, Vague};
use super::words::Words;
use crate::expression;

pub(super) mod context;
mod wording;

/// How sure the reading of a family is.
const FAMILY: f64 = 0.6;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    phrase: Vec<Row>,
    reading: Vec<Reading>,
}

/// What a text means by a name of a family.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reading {
    family: String,
    license: String,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    license: String,
    kind: Kind,
    /// Whether the wording is only a hint.
    #[serde(default)]
    clue: bool,
    words: Vec<String>,
    #[expect(dead_code, reason = "every row states its source; a test checks it")]
    source: String,
    #[expect(dead_code, reason = "every row states its date; a test checks it")]
    date: String,
}

/// What has to stand around a wording for it to count.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    Nothing,
    /// A grant before it: a name alone says little.
    Grant,
    /// A grant before it and "license" behind it: the name is also a common word.
    GrantAndLicense,
}

#[derive(Debug)]
struct Rule {
    steps: Vec<Step>,
    license: String,
    kind: Kind,
    clue: bool,
    needs: Needs,
}

/// All wordings, by their first word.
#[derive(Debug)]
pub(crate) struct Phrases {
    rules: HashMap<u32, Vec<Rule>>,
    /// Family to the licence that a text means by it.
    readings: HashMap<String, String>,
}

impl Phrases {
    /// Reads the tables and makes the names and addresses of the SPDX list.
    pub(crate) fn spdx() -> Self {
        let mut phrases = Self {
            rules: HashMap::new(),
            readings: HashMap::new(),
        };
        let data =
            crate::declared::data(include_str!("../../../data/phrases.toml")).unwrap_or(Data {
                phrase: Vec::new(),
                reading: Vec::new(),
            });
        let readings = data.reading.into_iter();
        phrases.readings = readings.map(|row| (row.family, row.license)).collect();
        for row in data.phrase {
            for wording in &row.words {
                let steps = steps(wording);
                phrases.add(steps, &row.license, row.kind, row.clue, Needs::Nothing);
            }
        }
        for (name, license) in crate::declared::general_names() {
            phrases.add_name(name, license);
        }
        for license in spdx::identifiers::LICENSES {
            phrases.add_listed(license.name, license.full_name);
        }
        for rules in phrases.rules.values_mut() {
            rules.sort_by_key(|rule| std::cmp::Reverse(rule.steps.len()));
        }
        phrases
    }

    fn add(&mut self, steps: Vec<Step>, license: &str, kind: Kind, clue: bool, needs: Needs) {
        let Some(Step::One(first)) = steps.first().cloned() else {
            return;
        };
        for word in first {
            let mut steps = steps.clone();
            if let Some(start) = steps.first_mut() {
                *start = Step::One(vec![word]);
            }
            let rule = Rule {
                steps,
                license: license.to_owned(),
                kind,
                clue,
                needs,
            };
            self.rules.entry(word).or_default().push(rule);
        }
    }

    /// The GNU family has a grammar of its own.
    fn add_name(&mut self, name: &str, license: &str) {
        let words = Words::of(name);
        let gnu = license.contains("GPL-") || license.starts_with("GFDL-");
        if words.len() == 0 || gnu || license == "LicenseRef-proprietary" {
            return;
        }
        let needs = if words.len() == 1 {
            Needs::GrantAndLicense
        } else {
            Needs::Grant
        };
        self.add(versioned(&words), license, Kind::Reference, false, needs);
    }

    fn add_listed(&mut self, id: &str, full_name: &str) {
        let Some(license) = expression::normalise(id) else {
            return;
        };
        if id == "NOASSERTION" || spdx::license_id(id).is_some_and(|l| l.is_deprecated()) {
            return;
        }
        self.add_name(id, &license);
        self.add_name(full_name, &license);
        for site in [
            "opensource.org/licenses/",
            "opensource.org/license/",
            "spdx.org/licenses/",
            "licenses.nuget.org/",
            "choosealicense.com/licenses/",
        ] {
            let words = Words::of(&format!("{site}{id}"));
            self.add(
                plain(&words),
                &license,
                Kind::Reference,
                false,
                Needs::Nothing,
            );
        }
        if let Some((kind, version)) = id
            .strip_prefix("CC-")
            .and_then(|rest| rest.rsplit_once('-'))
            && version.starts_with(|c: char| c.is_ascii_digit())
        {
            let address = format!(
                "creativecommons.org/licenses/{}/{version}",
                kind.to_ascii_lowercase()
            );
            self.add(
                plain(&Words::of(&address)),
                &license,
                Kind::Reference,
                false,
                Needs::Nothing,
            );
        }
    }

    /// Reads the names of families that nothing in the file makes more precise.
    pub(crate) fn read_families(&self, findings: &mut [Finding]) {
        for finding in findings.iter_mut().filter(|f| f.state != State::Clue) {
            if let Some(license) = self.readings.get(&finding.license) {
                finding.license.clone_from(license);
                finding.score = FAMILY;
            }
        }
    }

    /// The wordings among the words that are not taken, the longest at each place.
    pub(crate) fn find(&self, words: &Words, taken: &Taken) -> Vec<Finding> {
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

    fn longest(&self, words: &Words, taken: &Taken, at: usize) -> Option<Finding> {
        let first = words.words.get(at).filter(|_| !taken.is(at))?;
        let rules = self.rules.get(&first.hash)?;
        let matches = rules
            .iter()
            .filter_map(|rule| Some((rule, end(words, taken, at, &rule.steps)?)));
        let mut best: Option<(&Rule, usize)> = None;
        for (rule, end) in matches {
            if best.is_none_or(|(_, longest)| end > longest) && enough(words, at, end, rule.needs) {
                best = Some((rule, end));
            }
        }
        let (rule, end) = best?;
        let mut finding = Finding::new(at..end, rule.license.as_str(), rule.kind);
        // A family such as `LicenseRef-BSD`; vendors' terms have longer names and stay.
        let family = rule.license.strip_prefix("LicenseRef-");
        if family.is_some_and(|name| !name.contains('-')) {
            finding.vague = Vague::Family;
        }
        let told = rule.needs == Needs::Nothing
            || context::granted(words, at)
            || context::listed(words, at, end)
            || context::headed(words, at, end);
        let hint = rule.clue || !told;
        if rule.kind == Kind::Notice {
            finding.state = State::Likely;
        }
        Some(if hint { finding.clue() } else { finding })
    }
}

/// Names need a version or the word "license" even to be a clue.
fn enough(words: &Words, at: usize, end: usize, needs: Needs) -> bool {
    match needs {
        Needs::Nothing => true,
        Needs::Grant => (at..=end).any(|i| {
            let word = words.word(i);
            word.starts_with("licen") || word.starts_with(|c: char| c.is_ascii_digit())
        }),
        Needs::GrantAndLicense => {
            (words.word(end).starts_with("licen") && context::granted(words, at))
                || context::listed(words, at, end)
                || context::headed(words, at, end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn licenses(text: &str) -> Vec<(String, State)> {
        let words = Words::of(text);
        let found = Phrases::spdx().find(&words, &Taken::new(words.len()));
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
        assert_eq!(
            licenses("it is not licensed under the MIT license")[0].1,
            State::Clue
        );
    }

    #[test]
    fn every_phrase_is_read_and_names_a_known_license() {
        let data: Data = crate::declared::data(include_str!("../../../data/phrases.toml")).unwrap();
        for row in data.phrase {
            assert_eq!(
                expression::normalise(&row.license).as_ref(),
                Some(&row.license)
            );
            for wording in &row.words {
                assert!(
                    matches!(steps(wording).first(), Some(Step::One(_))),
                    "{wording}"
                );
                assert!(steps(wording).len() > 2, "{wording}");
            }
        }
    }
}
