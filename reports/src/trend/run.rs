//! Runs: results that were made together, such as those of a night, whatever the hour.
//!
//! What is added to a night within sixteen hours belongs to it, unless the later results are of half
//! of the nodes of the earlier ones: then the nodes were examined again. No run ends at a fixed
//! hour: a night that begins some minutes earlier than the one before is still the next one.

use std::collections::{BTreeMap, HashSet};

use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Record, Said};
use jiff::Timestamp;

use super::past::Past;
use crate::fleet::NodeSet;

/// Seconds within which results belong together.
pub const TOGETHER: i64 = 16 * 3600;

/// Seconds within which the same decision is known twice.
const TWICE: i64 = 60;

/// The kind of records of nodes, and what stands in front of who asked them.
pub const NODES: &str = "fleet";
const BY: &str = "fleet by ";

/// Whose answer is not that of users.
const ROOT: &str = "root";

/// Seconds of a night.
pub const NIGHT: i64 = 24 * 3600;

/// The most runs of a kind that are looked at; a run of images may be of one image.
const RUNS: usize = 28;
const OF_IMAGES: usize = 400;

/// Results that were made together.
#[derive(Debug)]
pub struct Run {
    /// When the last of them was made (RFC 3339, UTC).
    pub at: String,
    /// The results, the latest first.
    pub records: Vec<Record>,
    /// How many nights ago that was; 0 is this night.
    pub age: u64,
}

/// The runs of a kind of report, the latest first.
#[derive(Debug)]
pub struct Runs {
    /// The runs.
    pub all: Vec<Run>,
    kind: String,
}

impl Runs {
    /// What kind of report they are of; empty where there are none.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Who asked, where the runs are of nodes and it is known.
    pub fn user(&self) -> Option<&str> {
        self.kind.strip_prefix(BY)
    }

    /// Whether they are of nodes.
    pub fn is_of_nodes(&self) -> bool {
        self.kind == NODES || self.user().is_some()
    }

    /// Whether one of them is of this night.
    pub fn is_of_tonight(&self) -> bool {
        self.all.iter().any(|run| run.age == 0)
    }

    /// Whether two records can be compared.
    pub fn are_alike(one: &Record, other: &Record) -> bool {
        base(one) == base(other)
    }

    /// Whether anything that one record is of is in the other; figures have names of their own.
    pub fn have_in_common(one: &Record, other: &Record) -> bool {
        let names = |record: &Record| -> HashSet<String> {
            let silent = record.silent.iter().flat_map(|silent| nodes(&silent.on));
            let all = subjects(record).chain(silent);
            let is_image = record.said.iter().any(|said| said.image);
            all.map(|name| match name.split_once('.') {
                Some((label, _)) if !is_image => label.to_owned(),
                _ => name,
            })
            .collect()
        };
        let (one, other) = (names(one), names(other));
        one.is_empty() || other.is_empty() || !one.is_disjoint(&other)
    }

    /// Two runs that are to be compared, whenever they were made.
    pub fn pair(before: Record, after: Record) -> Self {
        let run = |record: Record, age| Run {
            at: record.at.clone(),
            records: vec![record],
            age,
        };
        let kind = kind(&after);
        Self {
            all: vec![run(after, 0), run(before, 1)],
            kind,
        }
    }

    /// The runs that the records of any kind are of, as they were at a time; what is of earlier ones than
    /// are looked at goes to what was before.
    pub fn of(records: Vec<Record>, end: Timestamp, past: &mut Past) -> Vec<Self> {
        // What earlier versions kept does not say who asked, nor does what no node answered.
        let known = records.iter().filter(|one| one.user.is_some());
        // Who looks at one node by hand is not who asks all of them.
        let last = known.max_by_key(|one| (one.kind == NODES, &one.at));
        let last = last.and_then(|one| one.user.clone());
        let mut by_kind: BTreeMap<String, Vec<Record>> = BTreeMap::new();
        for mut record in records {
            if base(&record) == NODES && record.user.is_none() {
                record.user.clone_from(&last);
            }
            by_kind.entry(kind(&record)).or_default().push(record);
        }
        let kinds = by_kind.into_iter();
        let mut kinds: Vec<Self> = kinds
            .map(|(kind, records)| Self::of_kind(kind, records, end, past))
            .collect();
        // What users can do counts first.
        kinds.sort_by_key(|runs| runs.user() == Some(ROOT));
        kinds
    }

    fn of_kind(kind: String, mut records: Vec<Record>, end: Timestamp, past: &mut Past) -> Self {
        records.sort_by(|one, other| other.at.cmp(&one.at));
        let mut said = records.iter().flat_map(|one| &one.said);
        let most = match said.all(|one| one.image) {
            true => OF_IMAGES,
            false => RUNS,
        };
        let mut runs: Vec<Run> = Vec::new();
        let mut earlier: Vec<Record> = Vec::new();
        for record in records {
            let count = runs.len();
            match runs.last_mut() {
                _ if !earlier.is_empty() => earlier.push(record),
                Some(run) if is_together(run, &record) => run.records.push(record),
                _ if count == most => earlier.push(record),
                _ => runs.push(Run {
                    at: record.at.clone(),
                    age: (end.as_second() - seconds(&record.at))
                        .div_euclid(NIGHT)
                        .max(0)
                        .cast_unsigned(),
                    records: vec![record],
                }),
            }
        }
        earlier.iter().rev().for_each(|record| past.add(record));
        Self { all: runs, kind }
    }
}

/// What a record is compared with: of nodes with those of the same who asked, whether one alone or many of
/// them were examined.
pub fn kind(record: &Record) -> String {
    match (base(record), &record.user) {
        (NODES, Some(user)) => format!("{BY}{user}"),
        (kind, _) => kind.to_owned(),
    }
}

/// What a record is of, whoever asked.
fn base(record: &Record) -> &str {
    match record.kind.as_str() {
        "doctor" => NODES,
        kind => kind,
    }
}

/// A time in seconds; what is none is very old.
pub fn seconds(time: &str) -> i64 {
    let time: Option<Timestamp> = time.parse().ok();
    time.map_or(0, Timestamp::as_second)
}

/// Whether an earlier record is part of a run.
fn is_together(run: &Run, record: &Record) -> bool {
    let Some(last) = run.records.last() else {
        return true;
    };
    if last.at == record.at {
        return true;
    }
    // A decision of gate may be known by its log and as a report, which is made a little later.
    if seconds(&last.at) - seconds(&record.at) <= TWICE
        && verdicts(last).is_some_and(|said| verdicts(record) == Some(said))
    {
        return true;
    }
    if seconds(&run.at) - seconds(&record.at) > TOGETHER {
        return false;
    }
    let later: HashSet<String> = run.records.iter().flat_map(subjects).collect();
    let (mut all, mut again) = (0, 0);
    for name in subjects(record) {
        all += 1;
        again += usize::from(later.contains(&name));
    }
    again == 0 || 2 * again < all
}

/// What a record says of images; none where it is of others.
fn verdicts(record: &Record) -> Option<Vec<(&str, &str, Status)>> {
    let mut all = Vec::new();
    for said in &record.said {
        if !said.image {
            return None;
        }
        let found = said.found.iter();
        all.extend(found.map(|one| (said.on.as_str(), one.id.as_str(), one.status)));
    }
    all.sort_unstable_by_key(|(on, id, _)| (*on, *id));
    (!record.said.is_empty()).then_some(all)
}

/// What a record is of: nodes, images.
fn subjects(record: &Record) -> impl Iterator<Item = String> {
    record.said.iter().flat_map(names)
}

/// The nodes, or the image; a name that is no name of a node stands for itself.
pub fn names(said: &Said) -> Vec<String> {
    match said.image {
        true => vec![said.on.clone()],
        false => nodes(&said.on),
    }
}

/// The names of a set; what is none stands for itself.
pub fn nodes(set: &str) -> Vec<String> {
    match NodeSet::parse(set) {
        Ok(set) => set.names().map(str::to_owned).collect(),
        Err(_) => vec![set.to_owned()],
    }
}
