//! Findings of single nodes, folded to one where they are alike.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::history::Found;
use hpcctl_model::nightly::Item;

use super::cause;
use super::subject::Since;
use crate::fleet::node_set::{Name, folded, is_name};

/// The most texts of a finding that are told apart.
const TEXTS: usize = 1000;

/// The lists of a report.
#[derive(Debug, Default)]
pub struct Folded {
    pub new: List,
    pub fixed: List,
    pub eased: List,
    pub flapping: List,
    pub still: List,
}

/// A finding of one node or image.
#[derive(Debug)]
pub struct Seen<'a> {
    pub name: &'a str,
    pub image: bool,
    pub id: &'a str,
    pub status: Status,
    pub was: Option<Status>,
    pub found: Option<&'a Found>,
    pub since: Since<'a>,
    /// Whether it was never looked at before.
    pub first: bool,
    /// Which part of what the id stands for it is, where it is one.
    pub part: Option<&'a str>,
}

/// What findings are folded by: those that are first looked at, those of another cause and those of another
/// part are apart.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    status: Status,
    id: String,
    was: Option<Status>,
    image: bool,
    first: bool,
    cause: Option<String>,
    part: Option<String>,
}

/// Findings, folded.
#[derive(Debug, Default)]
pub struct List(BTreeMap<Key, Alike>);

#[derive(Debug, Default)]
struct Alike {
    names: Vec<String>,
    texts: BTreeMap<String, u64>,
    since: Option<(String, bool)>,
    fix: Option<String>,
    because: Vec<String>,
}

impl List {
    /// Adds a finding.
    pub fn add(&mut self, seen: &Seen<'_>) {
        let cause = seen.found.and_then(|found| found.because.first());
        let key = Key {
            status: seen.status,
            id: seen.id.to_owned(),
            was: seen.was,
            image: seen.image,
            first: seen.first,
            cause: cause.cloned(),
            part: seen.part.map(str::to_owned),
        };
        let alike = self.0.entry(key).or_default();
        alike.names.push(seen.name.to_owned());
        if let Some(found) = seen.found {
            if alike.texts.len() < TEXTS || alike.texts.contains_key(&found.text) {
                *alike.texts.entry(found.text.clone()).or_default() += 1;
            }
            alike.fix = alike.fix.take().or_else(|| found.fix.clone());
            if alike.because.is_empty() {
                alike.because.clone_from(&found.because);
            }
        }
        let Since { at, or_before } = seen.since;
        let known = alike.since.as_ref();
        if known.is_none_or(|(since, open)| (at, !or_before) < (since.as_str(), !open)) {
            alike.since = Some((at.to_owned(), or_before));
        }
    }

    /// The findings, the worst first, of those the ones of most nodes.
    pub fn items(self) -> Vec<Item> {
        let mut items: Vec<(Item, Vec<String>)> = self.0.into_iter().map(item).collect();
        items.sort_by_key(|(item, _)| (item.status != Status::Fail, Reverse(item.on.count)));
        cause::follow(items)
    }
}

fn item((key, alike): (Key, Alike)) -> (Item, Vec<String>) {
    let most = alike.texts.iter().max_by_key(|(_, count)| **count);
    let (since, or_before) = alike.since.unwrap_or_default();
    let item = Item {
        id: key.id,
        status: key.status,
        was: key.was,
        on: if key.image {
            images(&alike.names)
        } else {
            nodes(&alike.names)
        },
        text: most.map(|(text, _)| text.clone()).unwrap_or_default(),
        others: (alike.texts.len() as u64).saturating_sub(1),
        since,
        or_before,
        fix: alike.fix,
        follows: None,
        first: key.first,
        part: key.part.is_some(),
    };
    (item, alike.because)
}

/// The names of nodes, folded.
pub fn nodes(names: &[String]) -> Nodes {
    if !names.iter().all(|name| is_name(name)) {
        return images(names);
    }
    let mut names: Vec<Name<'_>> = names.iter().map(|name| Name::of(name)).collect();
    names.sort_unstable();
    names.dedup();
    Nodes {
        count: names.len() as u64,
        set: folded(names.into_iter()),
    }
}

fn images(names: &[String]) -> Nodes {
    Nodes {
        count: names.len() as u64,
        set: names.join(","),
    }
}
