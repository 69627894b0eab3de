//! What gives access: in files, and in the manifest and the configuration, which everybody reads who
//! can pull the image.

use hpcctl_model::scan::Sensitive;

use super::{Item, Merged};
use crate::config::About;
use crate::documents::DocumentText;
use crate::format::INDEX;
use crate::sensitive::{Sighting, look_at_text};

/// Types of packages that a distribution builds: what is in them is in everybody's hands.
const PUBLIC: [&str; 4] = ["pkg:deb/", "pkg:rpm/", "pkg:apk/", "pkg:alpm/"];

/// What is in front of the places of variables, and of steps of the history.
const ENVIRONMENT: &str = "config:env/";
const HISTORY: &str = "history:";

/// What the report says.
pub(super) fn report(items: Vec<Item<Sighting>>, merged: &Merged<'_>) -> Vec<Sensitive> {
    let of_files = items.into_iter().map(|item| {
        let id = merged.visible(&item);
        let purl = id.and_then(|id| merged.purl(id)).unwrap_or("");
        Sensitive {
            path: format!("/{}", item.path),
            also: Vec::new(),
            layer: merged.layer(item.layer),
            rule: item.what.rule.to_owned(),
            line: item.what.line,
            text: item.what.text,
            doubtful: item.what.is_clue || PUBLIC.iter().any(|kind| purl.starts_with(kind)),
            deleted: id.is_none(),
        }
    });
    of_files.chain(of_documents(merged.about)).collect()
}

/// Whether an index above the image holds something that gives access.
pub(crate) fn of_index(about: &About) -> bool {
    let start = format!("{INDEX}:");
    let found = of_documents(about);
    found.iter().any(|found| found.path.starts_with(&start))
}

/// What the documents of an image hold. What the environment has stands in the history of its
/// instruction, too: that is one secret in two places.
fn of_documents(about: &About) -> Vec<Sensitive> {
    let is_history = |text: &&DocumentText| text.place.starts_with(HISTORY);
    let (history, others): (Vec<_>, Vec<_>) = about.texts.iter().partition(is_history);
    let mut found: Vec<Sensitive> = Vec::new();
    for DocumentText { place, text } in others {
        found.extend(
            look_at_text(place, text)
                .into_iter()
                .map(|it| at(place, it)),
        );
    }
    let is_set = |text: &&DocumentText| text.place.starts_with(ENVIRONMENT);
    let set: Vec<&DocumentText> = about.texts.iter().filter(is_set).collect();
    for DocumentText { place, text } in history {
        let seen = look_at_text(place, text);
        if seen.is_empty() {
            continue;
        }
        let named: Vec<&&DocumentText> = set.iter().filter(|it| holds(text, &it.text)).collect();
        let mut rest = text.clone();
        for DocumentText { text, .. } in &named {
            rest = without(&rest, text);
        }
        let left = look_at_text(place, &rest);
        for sighting in seen {
            let mut same = found.iter_mut().filter(|known| {
                known.rule == sighting.rule
                    && (sighting.is_clue || !known.doubtful)
                    && named.iter().any(|text| text.place == known.path)
            });
            match same.next().filter(|_| !left.contains(&sighting)) {
                Some(known) => known.also.push(place.clone()),
                None => found.push(at(place, sighting)),
            }
        }
    }
    found
}

fn at(place: &str, sighting: Sighting) -> Sensitive {
    Sensitive {
        path: place.to_owned(),
        also: Vec::new(),
        layer: None,
        rule: sighting.rule.to_owned(),
        line: None,
        text: sighting.text,
        doubtful: sighting.is_clue,
        deleted: false,
    }
}

/// Whether an instruction sets a variable to this very value.
fn holds(instruction: &str, set: &str) -> bool {
    places(instruction, set).next().is_some()
}

/// An instruction without what it sets a variable to.
fn without(instruction: &str, set: &str) -> String {
    let mut rest = String::new();
    let mut end = 0;
    for at in places(instruction, set) {
        rest.push_str(instruction.get(end..at).unwrap_or_default());
        end = at + set.len();
    }
    rest + instruction.get(end..).unwrap_or_default()
}

/// Where a variable with its value stands in an instruction, as a word.
fn places(instruction: &str, set: &str) -> impl Iterator<Item = usize> {
    let is_end = |c: char| c.is_whitespace() || "\"';".contains(c);
    let found = instruction.match_indices(set);
    found.map(|(at, _)| at).filter(move |at| {
        let (before, rest) = instruction.split_at(*at);
        let behind = rest.get(set.len()..).unwrap_or_default();
        !set.is_empty()
            && (before.is_empty() || before.ends_with(is_end))
            && (behind.is_empty() || behind.starts_with(is_end))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(texts: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
        let texts = texts.iter().map(|(place, text)| DocumentText {
            place: (*place).to_owned(),
            text: (*text).to_owned(),
        });
        let about = About {
            texts: texts.collect(),
            ..About::default()
        };
        let found = of_documents(&about).into_iter();
        found.map(|found| (found.path, found.also)).collect()
    }

    #[test]
    fn one_secret_is_told_once_and_another_is_not_lost() {
        let (env, step) = ("config:env/DB_PASSWORD", "history:2");
        let set = "DB_PASSWORD=Tq7wXz93kLpV";
        let once = |history: &str| found(&[(step, history), (env, set)]);
        let both = vec![(env.to_owned(), vec![step.to_owned()])];
        assert_eq!(once("ENV DB_PASSWORD=Tq7wXz93kLpV"), both);
        assert_eq!(
            once("/bin/sh -c #(nop)  ENV A=b DB_PASSWORD=Tq7wXz93kLpV"),
            both
        );
        for other in [
            "ENV DB_PASSWORD=Tq7wXz93kLpVmore22",
            "ENV DB_PASSWORD=Zs8vBn21mQwR",
            "ENV DB_PASSWORD=Tq7wXz93kLpV ADMIN_PASSWORD=Zs8vBn21mQwR",
        ] {
            let found = once(other);
            assert!(
                found.iter().any(|(place, _)| place == step),
                "{other}: {found:?}"
            );
            assert!(
                found.iter().any(|(place, _)| place == env),
                "{other}: {found:?}"
            );
        }
        assert_eq!(found(&[(step, "ENV DB_PASSWORD=Tq7wXz93kLpV")]).len(), 1);
    }
}
