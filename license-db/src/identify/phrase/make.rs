//! Makes the table of wordings from rows of TOML.

use std::collections::BTreeMap;

use hpcctl_model::license::Kind;
use serde::Deserialize;

use super::super::tables::{Maker, Section, to_u32};
use super::code::{Flags, Needs};
use super::wording::{Step, encode, steps};

/// Wordings that name a licence. `wording.rs` says how they are written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    pub(crate) license: String,
    kind: Kind,
    /// Whether the wording is only a hint.
    #[serde(default)]
    clue: bool,
    pub(crate) words: Vec<String>,
    /// Every row of the built-in table states its source and date; a test checks it.
    #[serde(default, rename = "source")]
    _source: String,
    #[serde(default, rename = "date")]
    _date: String,
}

struct Rule {
    steps: Vec<Step>,
    license: String,
    flags: Flags,
}

/// All wordings, by their first word.
#[derive(Default)]
pub(crate) struct Wordings {
    rules: BTreeMap<u32, Vec<Rule>>,
    /// Family, and what a text means by it.
    pub(super) readings: Vec<[String; 2]>,
}

impl Wordings {
    /// Adds the rows of a table.
    pub(crate) fn add_rows(&mut self, rows: &[Row]) {
        for row in rows {
            let flags = Flags {
                kind: row.kind,
                clue: row.clue,
                needs: Needs::Nothing,
            };
            for wording in &row.words {
                self.add(steps(wording), &row.license, flags);
            }
        }
    }

    pub(super) fn add(&mut self, steps: Vec<Step>, license: &str, flags: Flags) {
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
                flags,
            };
            self.rules.entry(word).or_default().push(rule);
        }
    }

    /// Writes the tables.
    pub(crate) fn write(mut self, maker: &mut Maker) {
        for reading in &self.readings {
            let names = reading.each_ref().map(|name| maker.name(name));
            maker.section(Section::Readings).extend(names);
        }
        let slots = (self.rules.len() * 2).next_power_of_two();
        let mut firsts = vec![[0u32; 3]; slots];
        let mut number = 0;
        for (word, rules) in &mut self.rules {
            rules.sort_by_key(|rule| std::cmp::Reverse(rule.steps.len()));
            let count = to_u32(rules.len());
            // Half of the slots stay free, so one is found.
            let from = *word as usize & (slots - 1);
            let (before, after) = firsts.split_at_mut(from);
            if let Some(slot) = after.iter_mut().chain(before).find(|slot| slot[2] == 0) {
                *slot = [*word, number, count];
            }
            number += count;
        }
        maker.section(Section::Firsts).extend(firsts.as_flattened());
        for rule in self.rules.into_values().flatten() {
            let name = maker.name(&rule.license);
            let start = to_u32(maker.section(Section::Steps).len());
            let code = encode(&rule.steps);
            let row = [name, rule.flags.code(), start, to_u32(code.len())];
            maker.section(Section::Rules).extend(row);
            maker.section(Section::Steps).extend(code);
        }
    }
}
