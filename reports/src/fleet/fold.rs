//! From nodes to groups of nodes that found the same, the minorities held against the majority.

use std::collections::{BTreeMap, HashMap, HashSet};

use hpcctl_model::doctor::{Status, Verdict};
use hpcctl_model::fleet::{Fact, Finding, Fleet, Group, Looked, Nodes, Raw, Silent, Values};

use super::line;
use super::merge::{Key, Merge, Node, STATES};
use super::node_set::{Name, NodeSet, folded};
use super::states::State;
use super::terms::Terms;
use super::values::Id;
use crate::runtime;

/// The most bytes of sets of nodes beside values, in all of a report.
const SETS: usize = 32 << 20;

/// What is said of nodes whose lines cannot be read.
pub(crate) const UNREADABLE: &str = "its lines are truncated, damaged or of another version";

/// A node with the name that it goes by.
struct Known<'a> {
    text: &'a str,
    name: Name<'a>,
    node: &'a Node,
}

/// The report.
pub(super) fn report(merge: &Merge, terms: &Terms<'_>) -> Fleet {
    let expected = terms.expected;
    let mut nodes: Vec<Known<'_>> = merge
        .nodes
        .iter()
        .map(|(name, node)| known(name, node, expected))
        .collect();
    // Two lines of one node under its long and its short name: the later counts.
    nodes.sort_unstable_by(|one, other| {
        let order = one.name.cmp(&other.name);
        order.then_with(|| other.node.later().cmp(&one.node.later()))
    });
    nodes.dedup_by(|one, kept| one.text == kept.text);
    let bounds = terms.bounds(nodes.iter().map(|known| known.node.time));
    let is_alone = |time| bounds.alone.as_ref().is_some_and(|it| it.contains(&time));
    let (alone, nodes): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .partition(|known| is_alone(known.node.time));
    let (nodes, stale): (Vec<_>, Vec<_>) = nodes
        .into_iter()
        .partition(|known| known.node.time >= bounds.oldest);
    let is_expected = |name: &str| expected.is_none_or(|set| set.contains(name));
    let is_known = |name: &str| nodes.binary_search_by(|known| known.name.cmp(&Name::of(name)));
    let missing = expected.into_iter().flat_map(NodeSet::names);
    let mut missing: Vec<&str> = missing.filter(|name| is_known(name).is_err()).collect();
    if expected.is_none() {
        missing.extend(stale.iter().chain(&alone).map(|known| known.text));
    }
    let unreadable = merge.unreadable.keys().map(|name| short(name, expected));
    let unreadable: Vec<&str> = unreadable.filter(|name| is_known(name).is_err()).collect();
    let unexpected = nodes.iter().filter(|known| !is_expected(known.text));
    let unexpected = set(unexpected.map(|known| known.text));
    let off = nodes.iter().chain(&stale);
    let off = off.filter(|known| !bounds.right.contains(&known.node.time));
    let off = off.chain(&alone);
    let mut times: Vec<u64> = nodes.iter().map(|known| known.node.time).collect();
    times.sort_unstable();
    Fleet {
        expected: expected.map(|set| set.len() as u64),
        reported: nodes.len() as u64 - unexpected.count,
        silent: silent(merge, &missing, &unreadable, &old(&stale, &alone)),
        missing: set(missing.into_iter()),
        unexpected,
        unreadable: set(unreadable.into_iter()),
        stale: set(stale.iter().map(|known| known.text)),
        clock: set(off.map(|known| known.text)),
        lines: merge.lines,
        first_at: times.first().copied().map(line::time_text),
        median_at: times.get(times.len() / 2).copied().map(line::time_text),
        last_at: times.last().copied().map(line::time_text),
        groups: groups(merge, &nodes),
    }
}

/// A node under the name by which it was asked, where an engine put that in front of its line, and
/// otherwise under its own.
fn known<'a>(key: &'a str, node: &'a Node, expected: Option<&NodeSet>) -> Known<'a> {
    let (own, label) = key.split_once(' ').unwrap_or((key, ""));
    let label = short(label, expected);
    let text = match expected.is_some_and(|set| set.contains(label)) {
        true => label,
        false => short(own, expected),
    };
    let name = Name::of(text);
    Known { text, name, node }
}

/// Why lines that came do not count, by node.
fn old<'a>(stale: &[Known<'a>], alone: &[Known<'a>]) -> HashMap<&'a str, String> {
    let last = |known: &Known<'a>| {
        let time = line::time_text(known.node.time);
        (known.text, format!("its last line is of {time}"))
    };
    let alone = alone.iter().map(last).map(|(name, last)| {
        let why = format!("{last}, far from all others: its clock is ahead, or theirs are old");
        (name, why)
    });
    stale.iter().map(last).chain(alone).collect()
}

/// Nodes that are missing, by what was heard of them.
fn silent(
    merge: &Merge,
    missing: &[&str],
    unreadable: &[&str],
    old: &HashMap<&str, String>,
) -> Vec<Silent> {
    let unreadable: HashSet<&str> = unreadable.iter().copied().collect();
    let mut by_why: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in missing {
        let why = match (unreadable.contains(name), old.get(name)) {
            (true, _) => UNREADABLE.into(),
            (false, Some(why)) => why.clone(),
            (false, None) => merge.heard.of(name),
        };
        by_why.entry(why).or_default().push(name);
    }
    let all = by_why.into_iter().map(|(why, names)| Silent {
        nodes: set(names.into_iter()),
        why,
    });
    all.collect()
}

/// The name as the expected set has it: nodes may call themselves by their long name.
fn short<'a>(name: &'a str, expected: Option<&NodeSet>) -> &'a str {
    let Some(expected) = expected.filter(|set| !set.contains(name)) else {
        return name;
    };
    match name.split_once('.') {
        Some((label, _)) if expected.contains(label) => label,
        _ => name,
    }
}

/// What most nodes of a group said of a thing that is no check.
pub(super) fn most_said<'a>(group: &'a Group, what: &str) -> Option<&'a str> {
    let fact = group.facts.iter().find(|fact| fact.what == what)?;
    fact.values.shown.first().map(|raw| raw.text.as_str())
}

/// A set of names in any order.
pub(super) fn set<'a>(names: impl Iterator<Item = &'a str>) -> Nodes {
    let mut names: Vec<Name<'_>> = names.map(Name::of).collect();
    names.sort_unstable();
    names.dedup();
    Nodes {
        count: names.len() as u64,
        set: folded(names.into_iter()),
    }
}

fn groups(merge: &Merge, nodes: &[Known<'_>]) -> Vec<Group> {
    let mut of_key: Vec<Vec<&Known<'_>>> = vec![Vec::new(); merge.keys.len()];
    for known in nodes {
        of_key[known.node.key as usize].push(known);
    }
    let mut groups: Vec<(&Key, Vec<&Known<'_>>)> = merge
        .keys
        .iter()
        .map(|key| &**key)
        .zip(of_key)
        .filter(|(_, nodes)| !nodes.is_empty())
        .collect();
    // The largest first; of those that are as large, the one with the first node.
    groups.sort_by(|one, other| {
        let order = other.1.len().cmp(&one.1.len());
        order.then_with(|| one.1[0].name.cmp(&other.1[0].name))
    });
    let majority = groups.first().map(|(key, _)| *key);
    let mut room = SETS;
    let groups = groups.iter();
    groups
        .map(|(key, nodes)| group(merge, key, nodes, majority, &mut room))
        .collect()
}

/// The ids of a key, with what they stand for.
fn ids(key: &Key) -> impl Iterator<Item = (Status, &str)> {
    let failed = key.failed.iter().map(|id| (Status::Fail, id.as_str()));
    let warned = key.warned.iter().map(|id| (Status::Warn, id.as_str()));
    let unknown = key.unknown.iter().map(|id| (Status::Unknown, id.as_str()));
    failed.chain(warned).chain(unknown)
}

/// A group; so much room is left for sets of nodes beside values.
fn group(
    merge: &Merge,
    key: &Key,
    nodes: &[&Known<'_>],
    majority: Option<&Key>,
    room: &mut usize,
) -> Group {
    let mut by_thing = by_thing(merge, nodes);
    let looked = looked(merge, by_thing.remove(STATES).unwrap_or_default(), nodes);
    let by_thing = by_thing.into_iter();
    let mut said: BTreeMap<&str, Values> = by_thing
        .map(|(thing, said)| (thing, values(said, nodes, room)))
        .collect();
    let of_majority: Vec<(Status, &str)> = majority.into_iter().flat_map(ids).collect();
    let findings = ids(key).map(|(status, id)| Finding {
        id: id.into(),
        status,
        minority: !of_majority.contains(&(status, id)),
        values: said.remove(id).unwrap_or_else(|| unsaid(nodes)),
    });
    let findings: Vec<Finding> = findings.collect();
    let own: Vec<&str> = ids(key).map(|(_, id)| id).collect();
    let absent = of_majority.iter().map(|(_, id)| *id);
    let absent = absent.filter(|id| !own.contains(id)).map(str::to_owned);
    let runtimes = verdicts(key);
    let usual = majority.map(verdicts).unwrap_or_default();
    let differs = differences(&runtimes, &usual);
    let mut group = Group {
        nodes: Nodes {
            count: nodes.len() as u64,
            set: folded(nodes.iter().map(|known| known.name)),
        },
        run: Verdict::Unknown,
        findings,
        absent: absent.collect(),
        differs,
        because: serde_json::from_str(&key.because).unwrap_or_default(),
        images: serde_json::from_str(&key.images).unwrap_or_default(),
        runtimes,
        looked,
        facts: said
            .into_iter()
            .map(|(what, values)| Fact {
                what: what.into(),
                values,
            })
            .collect(),
        cut: key.cut,
    };
    group.run = runtime::on_group(&group);
    group
}

type Verdicts = BTreeMap<String, BTreeMap<String, Verdict>>;

fn verdicts(key: &Key) -> Verdicts {
    serde_json::from_str(&key.runtimes).unwrap_or_default()
}

/// The runtimes, with an operation, on which two have another verdict.
fn differences(one: &Verdicts, other: &Verdicts) -> Vec<String> {
    let flat = |verdicts: &Verdicts| -> BTreeMap<String, Verdict> {
        let of = |(runtime, operations): (&String, &BTreeMap<String, Verdict>)| {
            let named = |(op, verdict): (&String, &Verdict)| (format!("{runtime} {op}"), *verdict);
            operations.iter().map(named).collect::<Vec<_>>()
        };
        verdicts.iter().flat_map(of).collect()
    };
    let (one, other) = (flat(one), flat(other));
    let mut names: Vec<&String> = one.keys().chain(other.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| one.get(*name) != other.get(*name));
    names.into_iter().cloned().collect()
}

/// A value, where it was kept, and the places of the nodes that have it.
type Said<'a> = (Option<&'a str>, Vec<usize>);

/// What the nodes of a group said, by what it is of.
fn by_thing<'a>(merge: &'a Merge, nodes: &[&Known<'_>]) -> BTreeMap<&'a str, Vec<Said<'a>>> {
    let mut having: HashMap<Id, Vec<usize>> = HashMap::new();
    for (place, known) in nodes.iter().enumerate() {
        for id in &known.node.values {
            having.entry(*id).or_default().push(place);
        }
    }
    let mut by_thing: BTreeMap<&str, Vec<Said<'_>>> = BTreeMap::new();
    for (id, places) in having {
        let (thing, text) = merge.values.of(id);
        by_thing.entry(thing).or_default().push((text, places));
    }
    by_thing
}

/// The nodes of a group by which checks were looked at; none where no line tells.
fn looked(merge: &Merge, mut said: Vec<Said<'_>>, nodes: &[&Known<'_>]) -> Vec<Looked> {
    said.sort_by_key(|(text, _)| *text);
    let mut rest = vec![true; nodes.len()];
    let mut all = Vec::new();
    for (text, places) in said {
        let Some(states) = text.and_then(|text| merge.table.read(text)) else {
            continue;
        };
        for place in &places {
            rest[*place] = false;
        }
        let of = |state: State| {
            let ids = states.iter().filter(|(_, is)| *is == state);
            ids.map(|(id, _)| (*id).to_owned()).collect::<Vec<_>>()
        };
        all.push(Looked {
            nodes: set(places.iter().map(|place| nodes[*place].text)),
            left_out: Some(of(State::LeftOut)),
            idle: of(State::Idle),
        });
    }
    let rest = nodes.iter().zip(rest).filter(|(_, rest)| *rest);
    let rest = set(rest.map(|(known, _)| known.text));
    if rest.count > 0 && !all.is_empty() {
        all.push(Looked {
            nodes: rest,
            left_out: None,
            idle: Vec::new(),
        });
    }
    all
}

fn values(mut said: Vec<Said<'_>>, nodes: &[&Known<'_>], room: &mut usize) -> Values {
    // What most have stands first.
    said.sort_by(|(one, having), (other, with)| {
        let order = with.len().cmp(&having.len());
        order.then_with(|| one.cmp(other))
    });
    let all: usize = said.iter().map(|(_, places)| places.len()).sum();
    let mut shown = Vec::new();
    let mut others = 0;
    for (text, places) in said {
        match text {
            None => others += places.len() as u64,
            Some(text) => shown.push(raw(text, &places, nodes, room)),
        }
    }
    Values {
        shown,
        others,
        unsaid: nodes.len().saturating_sub(all) as u64,
    }
}

fn raw(text: &str, places: &[usize], nodes: &[&Known<'_>], room: &mut usize) -> Raw {
    let some = (places.len() < nodes.len())
        .then(|| folded(places.iter().map(|place| nodes[*place].name)))
        .filter(|set| set.len() <= *room);
    *room -= some.as_ref().map_or(0, String::len);
    Raw {
        text: text.into(),
        count: places.len() as u64,
        nodes: some,
    }
}

fn unsaid(nodes: &[&Known<'_>]) -> Values {
    Values {
        unsaid: nodes.len() as u64,
        ..Values::default()
    }
}
