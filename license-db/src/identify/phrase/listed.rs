//! The wordings of `data/phrases.toml`, and the names and addresses of the SPDX licence list.

use hpcctl_model::license::Kind;
use serde::Deserialize;

use super::super::spelling::hash;
use super::super::words::Words;
use super::code::{Flags, Needs};
use super::make::{Row, Wordings};
use super::wording::{Step, plain};
use crate::expression;

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

fn data() -> Data {
    let none = Data {
        phrase: Vec::new(),
        reading: Vec::new(),
    };
    crate::data::read(include_str!("../../../data/phrases.toml")).unwrap_or(none)
}

/// A name or an address.
fn reference(needs: Needs) -> Flags {
    Flags {
        kind: Kind::Reference,
        clue: false,
        needs,
    }
}

/// All wordings.
pub(crate) fn wordings() -> Wordings {
    let mut wordings = Wordings::default();
    let data = data();
    wordings.add_rows(&data.phrase);
    let readings = data.reading.into_iter();
    wordings.readings = readings.map(|row| [row.family, row.license]).collect();
    let mut names: Vec<_> = crate::declared::general_names().collect();
    names.sort_unstable();
    for (name, license) in names {
        add_name(&mut wordings, name, license);
    }
    let mut addresses: Vec<_> = crate::declared::addresses().collect();
    addresses.sort_unstable();
    for (address, license) in addresses {
        // The GNU family has a grammar of its own.
        if !license.contains("GPL-") {
            add_address(&mut wordings, address, license);
        }
    }
    add_exceptions(&mut wordings);
    for license in spdx::identifiers::LICENSES {
        add_listed(&mut wordings, license.name, license.full_name);
    }
    wordings
}

/// The GNU family has a grammar of its own.
fn add_name(wordings: &mut Wordings, name: &str, license: &str) {
    let words = Words::of(name);
    let gnu = license.contains("GPL-") || license.starts_with("GFDL-");
    if words.len() == 0 || gnu || license == "LicenseRef-proprietary" {
        return;
    }
    // "MIT-license" is one word, too.
    let needs = if words.len() == 1 && !words.word(0).contains("licen") {
        Needs::GrantAndLicense
    } else {
        Needs::Grant
    };
    wordings.add(versioned(&words, license), license, reference(needs));
}

fn add_listed(wordings: &mut Wordings, id: &str, full_name: &str) {
    let Some(license) = expression::normalise(id) else {
        return;
    };
    if id == "NOASSERTION" || spdx::license_id(id).is_some_and(|l| l.is_deprecated()) {
        return;
    }
    add_name(wordings, id, &license);
    add_short(wordings, id, &license);
    add_name(wordings, full_name, &license);
    for site in [
        "opensource.org/licenses/",
        "opensource.org/license/",
        "spdx.org/licenses/",
        "licenses.nuget.org/",
        "choosealicense.com/licenses/",
    ] {
        add_address(wordings, &format!("{site}{id}"), &license);
    }
    if let Some((kind, version)) = id
        .strip_prefix("CC-")
        .and_then(|rest| rest.rsplit_once('-'))
        && version.starts_with(|c: char| c.is_ascii_digit())
    {
        let kind = kind.to_ascii_lowercase();
        add_address(
            wordings,
            &format!("creativecommons.org/licenses/{kind}/{version}"),
            &license,
        );
    }
}

/// A short name with its version in other words than the id: "MPL version 1.1", "the EPL, v. 2.0".
///
/// Short names that end in L for "license" name nothing else; others are also those of programs.
fn add_short(wordings: &mut Wordings, id: &str, license: &str) {
    let gnu = license.contains("GPL-") || license.starts_with("GFDL-");
    let Some((stem, number)) = id.split_once('-').filter(|_| !gnu) else {
        return;
    };
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let is_name = stem.chars().all(|c| c.is_ascii_alphabetic());
    if !is_name || number.is_empty() || !number.chars().all(is_number) {
        return;
    }
    let needs = match stem.ends_with('L') {
        true => Needs::Grant,
        false => Needs::GrantAndLicense,
    };
    let mut steps = plain(&Words::of(stem));
    steps.extend([
        Step::Maybe(hash("license")),
        Step::Maybe(hash("either")),
        Step::Maybe(hash("version")),
        Step::Maybe(hash("v")),
        Step::One(numbers(number)),
    ]);
    wordings.add(steps, license, reference(needs));
}

/// How a version is put: `2.0`, `v2.0`, and without a zero at its end.
fn numbers(number: &str) -> Vec<u32> {
    let mut numbers = vec![hash(number), hash(&format!("v{number}"))];
    let whole = number.strip_suffix(".0");
    if let Some(whole) = whole.filter(|whole| !whole.contains('.')) {
        numbers.extend([hash(whole), hash(&format!("v{whole}"))]);
    }
    numbers
}

/// Names such as "Classpath exception" and "GCC Runtime Library Exception, version 3.1".
fn add_exceptions(wordings: &mut Wordings) {
    let ids = spdx::identifiers::EXCEPTIONS.iter().map(|e| e.name);
    let named: Vec<(&str, String)> = ids
        .filter_map(|id| Some((id, exception_name(id)?)))
        .collect();
    for (id, name) in &named {
        let words = Words::of(name);
        if words.len() < 2 {
            continue;
        }
        let (_, version) = id.rsplit_once('-').unwrap_or((id, ""));
        let with_version = versioned(&Words::of(&format!("{name} {version}")), id);
        let alone = named.iter().filter(|(_, other)| other == name).count() == 1;
        let both = [Some(with_version), alone.then(|| plain(&words))];
        for mut steps in both.into_iter().flatten() {
            for step in &mut steps {
                if *step == Step::One(vec![hash("exception")]) {
                    *step = Step::One(vec![hash("exception"), hash("exceptions")]);
                }
            }
            wordings.add(steps, id, reference(Needs::Nothing));
        }
    }
}

/// The name of an exception without its version, or none where no one would call it so.
fn exception_name(id: &str) -> Option<String> {
    let stem = id.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let stem = stem.trim_end_matches('-');
    let name = match stem {
        "GCC-exception" => "gcc runtime library exception",
        "Linux-syscall-note" => "linux syscall note",
        _ => stem,
    };
    let words = name.replace('-', " ").to_ascii_lowercase();
    (words.contains("exception") || words.contains("note")).then_some(words)
}

fn add_address(wordings: &mut Wordings, address: &str, license: &str) {
    let words = Words::of(address);
    wordings.add(plain(&words), license, reference(Needs::Nothing));
}

/// A name that ends in its version, however that is put: `2.0`, `v2.0`, `version 2.0`. What it is
/// called in short may stand before: "Open Software License (OSL) v. 3.0".
fn versioned(words: &Words, id: &str) -> Vec<Step> {
    let mut steps = plain(words);
    let last = words.word(words.len().saturating_sub(1));
    let number = last.strip_prefix('v').unwrap_or(last);
    let spelled = |word: &str| matches!(word, "version" | "v");
    if steps.len() < 3 || !number.starts_with(|c: char| c.is_ascii_digit()) {
        return steps;
    }
    steps.pop();
    while steps.len() > 2 && spelled(words.word(steps.len() - 1)) {
        steps.pop();
    }
    let short = id.split('-').next().unwrap_or(id).to_ascii_lowercase();
    steps.extend([
        Step::Maybe(hash(&short)),
        Step::Maybe(hash("either")),
        Step::Maybe(hash("version")),
        Step::Maybe(hash("v")),
        Step::One(numbers(number)),
    ]);
    steps
}

#[cfg(test)]
mod tests {
    use super::super::wording::steps;
    use super::*;

    #[test]
    fn every_phrase_is_read_and_names_a_known_license() {
        assert!(data().phrase.len() > 30);
        for row in data().phrase {
            let license = expression::normalise(&row.license).as_ref() == Some(&row.license);
            let known = license || spdx::exception_id(&row.license).is_some();
            assert!(known, "{}", row.license);
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
