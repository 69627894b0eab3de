//! What is to be known of a fleet as a whole: how many nodes reported, which did not and why, and
//! where they are not alike.

use std::collections::BTreeMap;

use hpcctl_model::doctor::Verdict;
use hpcctl_model::fleet::{Fleet, Group, Lines, Nodes};

use super::with;
use crate::fleet::{NodeSet, USER};
use crate::terminal::counted;

/// A line, with its label; without one it belongs to that above.
type Line = (&'static str, String);

/// What is the same on most nodes, and told where it is not.
const FACTS: [&str; 3] = ["kernel", "hpcctl", USER];

/// How many values of a fact are told.
const VALUES: usize = 6;

/// What is said where a node that was to report did not, and another did.
const NAMED: &str = "what a node is called is what HPCCTL_NODE says there, and otherwise uname";

/// What is to be known of the whole, a line each.
pub fn summary(fleet: &Fleet) -> Vec<Line> {
    let of = fleet.expected.map(|count| format!(" of {count} expected"));
    let mut lines = vec![(
        "nodes",
        format!(
            "{}{} reported{}, in {}",
            fleet.reported,
            of.unwrap_or_default(),
            match fleet.unexpected.count {
                0 => String::new(),
                more => format!(" and {more} beside them"),
            },
            counted(fleet.groups.len(), "group")
        ),
    )];
    lines.extend(containers(fleet));
    lines.extend(not_as_expected(fleet));
    lines.extend(of_lines(&fleet.lines).map(|text| ("lines", text)));
    lines.extend(FACTS.iter().flat_map(|what| differing(fleet, what)));
    if let (Some(first), Some(last)) = (&fleet.first_at, &fleet.last_at) {
        lines.push(("reported", format!("{first} to {last}")));
    }
    lines
}

/// On how many nodes containers do not just run.
fn containers(fleet: &Fleet) -> impl Iterator<Item = Line> {
    let is_none = |group: &&Group| with(group, &[Verdict::Yes, Verdict::Degraded]).is_empty();
    let count = |groups: Vec<&Group>| groups.iter().map(|it| it.nodes.count).sum::<u64>();
    let (none, some) = of_verdict(fleet, Verdict::No).partition(is_none);
    let unknown = of_verdict(fleet, Verdict::Unknown).collect();
    let counts = [
        (count(none), "where containers do not run"),
        (
            count(some),
            "where they do not run with every runtime that is installed",
        ),
        (
            count(unknown),
            "where it is not known whether containers run",
        ),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, text)| ("", format!("{count} {text}")))
}

/// The nodes that are not as they were expected, with what is known of the cause.
fn not_as_expected(fleet: &Fleet) -> Vec<Line> {
    let silent = fleet.silent.iter();
    let silent = silent.map(|one| format!("{}: {}", one.nodes.set, one.why));
    let names = (fleet.missing.count > 0).then(|| NAMED.to_owned());
    let sets = [
        ("missing", &fleet.missing, silent.collect()),
        ("unexpected", &fleet.unexpected, Vec::from_iter(names)),
        ("unreadable", &fleet.unreadable, Vec::new()),
        ("clock off", &fleet.clock, Vec::new()),
    ];
    let some = sets.into_iter().filter(|(_, nodes, _)| nodes.count > 0);
    let some = some.flat_map(|(label, nodes, why)| {
        let why = why.into_iter().map(|why| ("", why));
        std::iter::once((label, named(nodes))).chain(why)
    });
    some.collect()
}

/// How many nodes, and which.
fn named(nodes: &Nodes) -> String {
    format!("{}: {}", nodes.count, nodes.set)
}

/// What nodes have of a fact, with the names of all but most; nothing where all have the same.
fn differing(fleet: &Fleet, what: &'static str) -> Vec<Line> {
    let mut by_text: BTreeMap<&str, (u64, Option<String>)> = BTreeMap::new();
    for group in &fleet.groups {
        let fact = group.facts.iter().find(|fact| fact.what == what);
        for raw in fact.into_iter().flat_map(|fact| &fact.values.shown) {
            let start = || (0, Some(String::new()));
            let (count, nodes) = by_text.entry(&raw.text).or_insert_with(start);
            *count += raw.count;
            let all = (raw.count == group.nodes.count).then_some(&group.nodes.set);
            let more = raw.nodes.as_ref().or(all);
            *nodes = nodes.take().zip(more).map(|(some, more)| some + more + ",");
        }
    }
    let mut values: Vec<(&str, (u64, Option<String>))> = by_text.into_iter().collect();
    if values.len() < 2 {
        return Vec::new();
    }
    values.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    let more = values.len().saturating_sub(VALUES);
    let told = values.into_iter().take(VALUES).enumerate();
    let told = told.map(|(place, (text, (count, nodes)))| {
        let label = if place == 0 { what } else { "" };
        let nodes = nodes.filter(|_| place > 0);
        let nodes = nodes.and_then(|nodes| NodeSet::parse(&nodes).ok());
        let named = nodes.map_or_else(String::new, |nodes| format!(": {}", nodes.folded()));
        (label, format!("{text} on {count}{named}"))
    });
    let more = (more > 0).then(|| ("", format!("and {}", counted(more, "more value"))));
    told.chain(more).collect()
}

fn of_verdict(fleet: &Fleet, verdict: Verdict) -> impl Iterator<Item = &Group> {
    fleet
        .groups
        .iter()
        .filter(move |group| group.run == verdict)
}

/// What was wrong with lines; none where nothing was.
fn of_lines(lines: &Lines) -> Option<String> {
    let counts = [
        (lines.truncated, "truncated"),
        (lines.damaged, "damaged"),
        (lines.other_version, "of another version"),
        (lines.repeated, "repeated"),
    ];
    let wrong = counts.iter().filter(|(count, _)| *count > 0);
    let wrong: Vec<String> = wrong
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    (!wrong.is_empty()).then(|| format!("{} whole, {}", lines.whole, wrong.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::line::tests::{line, sealed};
    use crate::fleet::{Merge, Table, Terms};

    #[test]
    fn the_kernel_of_an_outlier_is_told_with_its_name() {
        let mut merge = Merge::new(Table::default());
        for n in 1..=64 {
            let failed: &[&str] = if n % 2 == 0 { &["ns.user"] } else { &[] };
            let text = line(&format!("n{n:02}"), failed, "yes", "");
            let kernel = if n == 7 || n == 8 { "6.1.9" } else { "6.1.0" };
            let body = text[text.find('{').unwrap()..].replace("6.1.0", kernel);
            let body = serde_json::from_str(&body).unwrap();
            let text = sealed(&format!("n{n:02}"), &body);
            merge.read(text.as_bytes()).unwrap();
        }
        let mut fleet = merge.report(&Terms::default());
        let told = differing(&fleet, "kernel");
        let usual = ("kernel", "6.1.0 on 62".to_owned());
        assert_eq!(told, [usual, ("", "6.1.9 on 2: n[07-08]".to_owned())]);
        assert!(differing(&fleet, "hpcctl").is_empty());
        fleet.groups.truncate(0);
        assert!(differing(&fleet, "kernel").is_empty());
    }
}
