//! The time before the runs that are compared: since when what they end with has been so, and which
//! nodes reported last when.
//!
//! The history is read as a stream, the oldest record first, and little of it is kept: a state for each
//! finding, and a time for each node. A record that was added late, behind later ones of the same node,
//! changes nothing.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Record, Said};

use super::run::{NODES, kind, names, nodes};
use super::said::said_of;
use super::subject::Since;
use super::waivers::Waivers;

/// What was before.
#[derive(Debug, Default)]
pub struct Past {
    /// By the kind of report.
    kinds: HashMap<String, Traces>,
    /// When records of nodes were made, and of how many nodes they are.
    runs: Vec<(String, usize)>,
    /// When the last result was made.
    last_at: Option<String>,
    /// By which waivers images were decided of.
    waivers: Waivers,
}

/// What was before of each node or image.
#[derive(Debug, Default)]
struct Traces {
    by_name: HashMap<String, Trace>,
    /// The long names of nodes, by their first label.
    long: HashMap<String, String>,
}

/// What was before of a node or an image.
#[derive(Debug, Default)]
pub struct Trace {
    /// When it reported first.
    first: Option<String>,
    /// When it reported last, with how many nodes.
    last: Option<(String, usize)>,
    /// What it said then, as a hash: most nights are as the one before.
    said: u64,
    /// Since when it was to report and did not.
    silent: Option<String>,
    /// The last known outcome of each finding that it ever had, and since when that was so.
    outcomes: HashMap<String, (Status, String)>,
    /// The runtimes that were there.
    judged: BTreeSet<String>,
}

impl Past {
    /// Takes a record, the oldest first.
    pub fn add(&mut self, record: &Record) {
        let at = record.at.as_str();
        if self.last_at.as_deref().is_none_or(|last| last < at) {
            self.last_at = Some(at.to_owned());
        }
        self.waivers.add(record);
        let traces = self.kinds.entry(kind(record)).or_default();
        let mut size = 0;
        let all: Vec<(&Said, Vec<String>)> =
            record.said.iter().map(|said| (said, names(said))).collect();
        for (said, names) in &all {
            size += if said.image { 0 } else { names.len() };
        }
        for (said, names) in all {
            let hash = hash(said);
            for name in names {
                traces.of(name, said.image).told(said, hash, at, size);
            }
        }
        for name in record.silent.iter().flat_map(|silent| nodes(&silent.on)) {
            let trace = traces.of(name, false);
            trace.silent.get_or_insert_with(|| at.to_owned());
        }
        if size > 0 {
            self.runs.push((at.to_owned(), size));
        }
    }

    /// What was before of a node or an image.
    pub fn trace(&self, kind: &str, name: &str) -> Option<&Trace> {
        // What earlier versions kept does not say who asked.
        let earlier = kind.starts_with(NODES).then_some(NODES);
        let kinds = std::iter::once(kind).chain(earlier);
        let mut kinds = kinds.filter_map(|kind| self.kinds.get(kind));
        kinds.find_map(|traces| traces.by_name.get(traces.known(name)?))
    }

    /// What was before of nodes, whoever asked.
    fn of_nodes(&self) -> impl Iterator<Item = &Traces> {
        let kinds = self.kinds.iter();
        let nodes = kinds.filter(|(kind, _)| kind.starts_with(NODES));
        nodes.map(|(_, traces)| traces)
    }

    /// The nodes that reported, but these.
    pub fn nodes_but<'p>(
        &'p self,
        these: &BTreeSet<&'p str>,
    ) -> impl Iterator<Item = &'p str> + use<'p> {
        let known = |traces: &'p Traces| these.iter().filter_map(|name| traces.known(name));
        let these: BTreeSet<&str> = self.of_nodes().flat_map(known).collect();
        let all = self.of_nodes().flat_map(|traces| &traces.by_name);
        let reported = all.filter(|(_, trace)| trace.last.is_some());
        let names: BTreeSet<&str> = reported.map(|(name, _)| name.as_str()).collect();
        names.into_iter().filter(move |name| !these.contains(name))
    }

    /// Since when a node has been away, seen from the end: since the first run of half as many nodes
    /// that it is not in.
    pub fn away_since(&self, name: &str) -> Option<&str> {
        let traces = self.of_nodes();
        let known = traces.filter_map(|traces| traces.by_name.get(traces.known(name)?));
        // The one that it reported for last.
        let trace = known.max_by_key(|trace| trace.last.as_ref().map(|(at, _)| at))?;
        let Some((last, size)) = &trace.last else {
            return trace.silent.as_deref();
        };
        let mut runs = self.runs.iter();
        let run = runs.find(|(at, of)| at > last && 2 * of >= *size);
        let run = run.map(|(at, _)| at.as_str());
        let first = [run, trace.silent.as_deref()].into_iter().flatten().min();
        Some(first.unwrap_or(last))
    }

    /// By which waivers images were decided of.
    pub fn waivers(&self) -> &Waivers {
        &self.waivers
    }

    /// When the last result was made.
    pub fn last_at(&self) -> Option<&String> {
        self.last_at.as_ref()
    }
}

impl Traces {
    /// The name by which one is known: that of a node may be long or short.
    fn known<'s>(&'s self, name: &'s str) -> Option<&'s str> {
        let is_known = |name: &str| self.by_name.contains_key(name);
        if is_known(name) {
            return Some(name);
        }
        let label = name.split_once('.').map(|(label, _)| label);
        let label = label.filter(|label| is_known(label));
        label.or_else(|| self.long.get(name).map(String::as_str))
    }

    fn of(&mut self, name: String, is_image: bool) -> &mut Trace {
        let known = match is_image {
            true => None,
            false => self.known(&name).map(str::to_owned),
        };
        if let Some((label, _)) = name.split_once('.')
            && known.is_none()
            && !is_image
        {
            self.long.insert(label.to_owned(), name.clone());
        }
        self.by_name.entry(known.unwrap_or(name)).or_default()
    }
}

/// What is said, as a hash.
fn hash(said: &Said) -> u64 {
    let mut hasher = DefaultHasher::new();
    for one in &said.found {
        (&one.id, one.status.as_str()).hash(&mut hasher);
    }
    let lists = [&said.skipped, &said.judged, &said.lacking];
    (lists, said.whole, said.cut).hash(&mut hasher);
    hasher.finish()
}

impl Trace {
    fn told(&mut self, said: &Said, hash: u64, at: &str, size: usize) {
        let last = self.last.as_ref().map(|(last, _)| last.as_str());
        if last.is_some_and(|last| last > at) {
            return;
        }
        let is_same = last.is_some() && self.said == hash;
        self.first.get_or_insert_with(|| at.to_owned());
        self.last = Some((at.to_owned(), size));
        self.silent = None;
        if is_same {
            return;
        }
        self.said = hash;
        self.judged.extend(said.judged.iter().cloned());
        let bad = said.found.iter().map(|one| (one.id.clone(), one.status));
        let gone = said.lacking.iter().filter(|one| self.judged.contains(*one));
        let gone = gone.map(|runtime| (format!("run.{runtime}"), Status::Fail));
        let bad: Vec<(String, Status)> = bad.chain(gone).collect();
        for (id, (known, since)) in &mut self.outcomes {
            let status = said_of(said, id, |runtime| self.judged.contains(runtime));
            if let Some(status) = status.filter(|status| status != known) {
                (*known, *since) = (status, at.to_owned());
            }
        }
        for (id, status) in bad {
            let new = || (status, at.to_owned());
            self.outcomes.entry(id).or_insert_with(new);
        }
    }

    /// When it reported last.
    pub fn last(&self) -> Option<&str> {
        self.last.as_ref().map(|(at, _)| at.as_str())
    }

    /// Since when a finding had this outcome, seen from the end.
    pub fn since(&self, id: &str, status: Status) -> Option<Since<'_>> {
        let (known, since) = self.outcomes.get(id)?;
        (*known == status).then(|| Since {
            at: since,
            or_before: self.first.as_ref() == Some(since),
        })
    }

    /// Whether a runtime was there.
    pub fn judged(&self, runtime: &str) -> bool {
        self.judged.contains(runtime)
    }
}

#[cfg(test)]
mod tests;
