//! What changed between this night and the one before, node by node and finding by finding.
//!
//! Only reports of the same kind are compared. A finding counts as fixed where it was looked at
//! and passes; what was skipped, or may have been left out, is not known.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Record, Said};
use hpcctl_model::nightly::{Lapsing, Nightly, NotChecked, Verdict};

use super::fold::{self, Folded, Seen};
use super::series;
use crate::fleet::NodeSet;

/// How many changes of a finding within the nights make it flap.
const FLAPS: usize = 3;

/// What a report is made from.
#[derive(Debug)]
pub struct Asked {
    /// The records by night, this night first.
    pub nights: Vec<Vec<Record>>,
    /// Waivers that hold no longer than this day are told (RFC 3339 date).
    pub lapse: String,
}

/// A subject: the kind of report and the name of the node or the image.
type Subject = (String, String);

/// What a subject said in a night, and when.
type Slot<'a> = Option<(&'a Said, &'a str)>;

/// What changed.
pub fn nightly(asked: &Asked) -> Nightly {
    let subjects = subjects(&asked.nights);
    let mut folded = Folded::default();
    let mut sets = Sets::default();
    let tonight: BTreeSet<&str> = subjects
        .iter()
        .filter(|(_, slots)| slots[0].is_some())
        .map(|((_, name), _)| name.as_str())
        .collect();
    for ((_, name), slots) in &subjects {
        match slots[0] {
            Some(_) => compare(name, slots, &mut folded, &mut sets),
            None if tonight.contains(name.as_str()) => {}
            None => gone(name, slots, &mut sets),
        }
    }
    let at = |nights: &[Vec<Record>]| {
        let times = nights.iter().flatten().map(|record| &record.at);
        times.max().cloned()
    };
    let mut report = Nightly {
        verdict: Verdict::Nothing,
        before_at: at(asked.nights.get(1..).unwrap_or_default()),
        at: at(asked.nights.get(..1).unwrap_or_default()),
        reported: tonight.len() as u64,
        joined: fold::nodes(&sets.joined),
        lost: fold::nodes(&sets.lost),
        not_checked: not_checked(asked, &sets),
        waivers: waivers(asked),
        regressions: series::regressions(&asked.nights),
        trends: series::trends(&asked.nights, &subjects),
        new: folded.new.items(),
        fixed: folded.fixed.items(),
        flapping: folded.flapping.items(),
        still: folded.still.items(),
    };
    report.verdict = verdict(&report);
    report
}

fn verdict(report: &Nightly) -> Verdict {
    let worse = !report.new.is_empty() || !report.regressions.is_empty() || report.lost.count > 0;
    let changed = !report.fixed.is_empty()
        || !report.flapping.is_empty()
        || !report.waivers.is_empty()
        || report.joined.count > 0;
    if report.at.is_none() {
        Verdict::Nothing
    } else if worse {
        Verdict::Worse
    } else if changed {
        Verdict::Changed
    } else {
        Verdict::Unchanged
    }
}

/// Names that are told as sets.
#[derive(Debug, Default)]
struct Sets {
    joined: Vec<String>,
    lost: Vec<String>,
    absent: Vec<String>,
    /// By the id of a finding that was bad and was not looked at.
    unseen: BTreeMap<String, Vec<String>>,
}

/// What every subject said in every night.
fn subjects(nights: &[Vec<Record>]) -> BTreeMap<Subject, Vec<Slot<'_>>> {
    let mut subjects: BTreeMap<Subject, Vec<Slot<'_>>> = BTreeMap::new();
    for (night, records) in nights.iter().enumerate() {
        let mut records: Vec<&Record> = records.iter().collect();
        records.sort_by(|one, other| one.at.cmp(&other.at));
        for record in records {
            for said in &record.said {
                for name in names(said) {
                    let slots = subjects.entry((record.kind.clone(), name)).or_default();
                    slots.resize(nights.len(), None);
                    slots[night] = Some((said, record.at.as_str()));
                }
            }
        }
    }
    subjects
}

/// The nodes, or the image; a name that is no name of a node stands for itself.
fn names(said: &Said) -> Vec<String> {
    match NodeSet::parse(&said.on) {
        Ok(set) if !said.image => set.names().map(str::to_owned).collect(),
        _ => vec![said.on.clone()],
    }
}

/// The outcome of a finding; none where it is not known.
fn status(said: &Said, id: &str) -> Option<Status> {
    match said.found.iter().find(|one| one.id == id) {
        Some(found) => Some(found.status),
        None if said.cut || said.skipped.iter().any(|one| one == id) => None,
        None => Some(Status::Pass),
    }
}

/// How bad an outcome is.
fn weight(status: Status) -> u8 {
    match status {
        Status::Pass | Status::Skipped => 0,
        Status::Warn => 1,
        Status::Unknown => 2,
        Status::Fail => 3,
    }
}

fn compare(name: &str, slots: &[Slot<'_>], folded: &mut Folded, sets: &mut Sets) {
    let Some((now, at)) = slots[0] else { return };
    let before = slots[1..].iter().flatten().next();
    if before.is_none() && !now.image {
        sets.joined.push(name.to_owned());
    }
    let ids = now.found.iter().map(|one| one.id.as_str());
    let earlier = before.iter().flat_map(|(said, _)| &said.found);
    let ids: BTreeSet<&str> = ids.chain(earlier.map(|one| one.id.as_str())).collect();
    for id in ids {
        let was = before.and_then(|(said, _)| status(said, id));
        let Some(is) = status(now, id) else {
            let unseen = sets.unseen.entry(id.to_owned()).or_default();
            unseen.push(name.to_owned());
            continue;
        };
        let known = was.map_or(0, weight);
        let (list, said) = if was == Some(is) {
            (&mut folded.still, now)
        } else if flaps(slots, id) {
            (
                &mut folded.flapping,
                if weight(is) > 0 {
                    now
                } else {
                    before.map_or(now, |b| b.0)
                },
            )
        } else if weight(is) > known || is == Status::Unknown {
            (&mut folded.new, now)
        } else {
            (&mut folded.fixed, before.map_or(now, |(said, _)| said))
        };
        let worst = if weight(is) >= known {
            is
        } else {
            was.unwrap_or(is)
        };
        list.add(&Seen {
            name,
            image: now.image,
            id,
            status: is,
            was,
            found: said.found.iter().find(|one| one.id == id),
            since: since(slots, id, worst).unwrap_or(at),
        });
    }
}

/// Since when a finding has had an outcome, seen from its last night with it.
fn since<'a>(slots: &[Slot<'a>], id: &str, worst: Status) -> Option<&'a str> {
    let known = slots.iter().flatten();
    let known = known.filter_map(|(said, at)| Some((status(said, id)?, *at)));
    let from = known.skip_while(|(status, _)| *status != worst);
    let run = from.take_while(|(status, _)| *status == worst);
    run.last().map(|(_, at)| at)
}

fn flaps(slots: &[Slot<'_>], id: &str) -> bool {
    let known = slots.iter().flatten();
    let bad: Vec<bool> = known
        .filter_map(|(said, _)| Some(weight(status(said, id)?) > 0))
        .collect();
    bad.windows(2).filter(|pair| pair[0] != pair[1]).count() >= FLAPS
}

/// A subject that did not report. Images are not looked at every night.
fn gone(name: &str, slots: &[Slot<'_>], sets: &mut Sets) {
    let last = slots.iter().flatten().next();
    if last.is_none_or(|(said, _)| said.image) {
        return;
    }
    match slots.get(1) {
        Some(Some(_)) => sets.lost.push(name.to_owned()),
        _ => sets.absent.push(name.to_owned()),
    }
}

fn not_checked(asked: &Asked, sets: &Sets) -> Vec<NotChecked> {
    let mut all = Vec::new();
    let mut tell = |what: String, why: &str| {
        let why = why.into();
        let one = NotChecked { what, why };
        if !all.contains(&one) {
            all.push(one);
        }
    };
    for (names, why) in [
        (&sets.lost, "reported the night before, and not this night"),
        (&sets.absent, "has not reported for more than a night"),
    ] {
        if !names.is_empty() {
            tell(fold::nodes(names).set, why);
        }
    }
    for (id, names) in &sets.unseen {
        let what = format!("{id} on {}", fold::nodes(names).set);
        tell(what, "was bad, and was not looked at this night");
    }
    for record in asked.nights.iter().take(1).flatten() {
        for one in &record.not_checked {
            tell(one.what.clone(), &one.why);
        }
    }
    for series in series::unmeasured(&asked.nights) {
        tell(series, "was measured the night before, and not this night");
    }
    all
}

/// The waivers that lapse, by what was last said of each.
fn waivers(asked: &Asked) -> Vec<Lapsing> {
    let mut records: Vec<&Record> = asked.nights.iter().flatten().collect();
    records.sort_by(|one, other| one.at.cmp(&other.at));
    let all = records.iter().flat_map(|record| &record.waivers);
    let latest: BTreeMap<&str, _> = all.map(|waiver| (waiver.id.as_str(), waiver)).collect();
    let lapsing = latest.values().filter(|one| one.expires <= asked.lapse);
    lapsing
        .map(|waiver| Lapsing {
            id: waiver.id.clone(),
            owner: waiver.owner.clone(),
            expires: waiver.expires.clone(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
