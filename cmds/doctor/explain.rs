//! `hpcctl doctor explain ID`: the manual of a check.

use std::fmt::Write as _;

use hpcctl_node::Probe;

use crate::emit;
use crate::exit::Exit;
use crate::failure::Failure;

/// Carries out the command.
pub fn run(ids: &[String]) -> Result<Exit, Failure> {
    let pages: Vec<String> = find_all(ids)?.into_iter().map(page).collect();
    emit::to_stdout(pages.join("\n").as_bytes())?;
    Ok(Exit::Clean)
}

/// The checks with these ids, or a failure that names each id that there is not, and for each
/// those that are near.
pub fn find_all(ids: &[String]) -> Result<Vec<&'static Probe>, Failure> {
    let find = |id: &String| hpcctl_node::checks().find(|probe| probe.id == id);
    let unknown: Vec<&str> = ids
        .iter()
        .filter(|id| find(id).is_none())
        .map(String::as_str)
        .collect();
    match unknown.as_slice() {
        [] => Ok(ids.iter().filter_map(find).collect()),
        [id] => Err(Failure::usage(format!("there is no check {id}")).hint(hint(id))),
        several => {
            let failure = Failure::usage(format!("there are no checks {}", several.join(", ")));
            let hints = several.iter().map(|id| format!("{id}: {}", hint(id)));
            Err(hints.fold(failure, Failure::hint))
        }
    }
}

/// What to try instead of an id that there is not.
fn hint(id: &str) -> String {
    let near = near(id);
    match near.is_empty() {
        true => "hpcctl doctor list names all checks".into(),
        false => format!("did you mean {}?", near.join(" or ")),
    }
}

/// The ids that are near to one that does not exist, the nearest first: those that differ in
/// few letters, else those that share a word with it.
fn near(id: &str) -> Vec<&'static str> {
    let ids = || hpcctl_node::checks().map(|probe| probe.id);
    let mut near: Vec<(usize, &str)> = ids()
        .map(|known| (distance(id, known), known))
        .filter(|(distance, known)| distance * 3 <= known.len())
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    let words: Vec<&str> = id.split('.').filter(|word| word.len() > 2).collect();
    let sharing = ids().filter(|known| known.split('.').any(|word| words.contains(&word)));
    let found: Vec<&str> = match near.is_empty() {
        false => near.into_iter().map(|(_, known)| known).collect(),
        true => sharing.collect(),
    };
    found.into_iter().take(NEAR).collect()
}

/// How many ids are suggested.
const NEAR: usize = 4;

/// How many letters must be changed, added or taken away to get from one word to the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.bytes().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

/// The manual of a check as text.
fn page(probe: &Probe) -> String {
    let manual = &probe.manual;
    let mut text = format!("{} — {}\n", probe.id, manual.title);
    let sections = [
        ("What", manual.what),
        ("Why", manual.why),
        ("How", manual.how),
        ("What the user can do", manual.user),
        ("What the admin can do", manual.admin),
    ];
    let references = manual.refs.join(", ");
    for (name, body) in sections
        .into_iter()
        .chain([("See also", references.as_str())])
    {
        if !body.is_empty() {
            // Writing to a string does not fail.
            let _ = write!(text, "\n{name}\n{}", wrapped(body));
        }
    }
    text
}

/// Fills lines of at most 80 columns, indented by two.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + word.chars().count() + 3 > 80 {
            lines += &format!("  {line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines + &format!("  {line}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_counted() {
        let count = |a, b| distance(a, b);
        assert_eq!(
            [
                count("", "abc"),
                count("ns.usr", "ns.user"),
                count("kitten", "sitting")
            ],
            [3, 1, 3]
        );
    }

    #[test]
    fn every_unknown_check_is_named_with_those_near_it() {
        let ids = ["ns.usr", "ns.user", "no.such"].map(String::from);
        let failure = find_all(&ids)
            .err()
            .map(|failure| format!("{failure:?}"))
            .unwrap_or_default();
        assert!(failure.contains("no checks ns.usr, no.such"), "{failure}");
        assert!(
            failure.contains("ns.usr: did you mean ns.user"),
            "{failure}"
        );
        assert!(failure.contains("no.such: hpcctl doctor list"), "{failure}");
        let found = find_all(&ids[1..2]).map(|found| found.len()).unwrap_or(0);
        assert_eq!(found, 1);
    }

    #[test]
    fn every_manual_is_complete() {
        for probe in hpcctl_node::checks() {
            let manual = &probe.manual;
            for part in [manual.title, manual.what, manual.why, manual.how] {
                assert!(!part.is_empty(), "{} has a gap in its manual", probe.id);
            }
            assert!(!manual.refs.is_empty(), "{} names no reference", probe.id);
        }
    }
}
