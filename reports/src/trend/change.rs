//! What changed between the last run of each node or image and the one before, finding by finding.
//!
//! Only reports of the same kind are compared. A finding counts as fixed where it was looked at
//! and passes; what was skipped, or may have been left out, is not known, and is held against what
//! was known last.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Found, Record};
use hpcctl_model::nightly::{Lapsing, Nightly, NotChecked, Verdict};

use super::broken::{Away, Broken};
use super::fold::{self, Folded, Seen};
use super::run::Runs;
use super::series;
use super::subject::{Subject, Subjects, weight};
use super::unchecked::Unchecked;
use super::usual::Usual;
use crate::fleet::NodeSet;

/// What a report is made from.
#[derive(Debug)]
pub struct Asked {
    /// The runs of each kind of report.
    pub kinds: Vec<Runs>,
    /// Waivers that hold no longer than this day are told (RFC 3339 date).
    pub lapse: String,
    /// What could not be read of what is kept.
    pub unread: Vec<NotChecked>,
    /// Nodes that are no longer: that nothing comes from them is not told.
    pub retired: NodeSet,
}

/// What changed.
pub fn nightly(asked: &Asked) -> Nightly {
    let all: Vec<Subjects<'_>> = asked
        .kinds
        .iter()
        .map(|runs| Subjects::of(&runs.0))
        .collect();
    let kinds: Vec<Vec<Subject<'_>>> = all.iter().map(|one| one.iter().collect()).collect();
    let here = || kinds.iter().flatten().filter(|one| one.missed == 0);
    let tonight: BTreeSet<&str> = here().map(|subject| subject.name).collect();
    let images: BTreeSet<&str> = here()
        .filter(|one| one.is_image())
        .map(|one| one.name)
        .collect();
    let night = Night::of(asked, &kinds, &tonight);
    let runs = || asked.kinds.iter().flat_map(|runs| &runs.0);
    let at = runs().filter(|run| run.age == 0).map(|run| &run.at).max();
    let last_at = runs().map(|run| &run.at).max();
    let figures = series::judged(&asked.kinds);
    let mut report = Nightly {
        verdict: Verdict::Nothing,
        before_at: night
            .before_at
            .clone()
            .or_else(|| figures.before_at.clone()),
        at: at.cloned(),
        last_at: last_at.cloned(),
        reported: tonight.len() as u64,
        images: images.len() as u64,
        containers: night.broken.containers(),
        joined: fold::nodes(&night.sets.joined),
        returned: fold::nodes(&night.sets.returned),
        lost: fold::nodes(&night.sets.lost),
        not_checked: night.unchecked.items(asked, &all, &figures.not_checked),
        waivers: waivers(asked),
        regressions: figures.regressions,
        costs: Vec::new(),
        trends: series::trends(&asked.kinds, &all),
        new: night.folded.new.items(),
        fixed: night.folded.fixed.items(),
        flapping: night.folded.flapping.items(),
        still: night.folded.still.items(),
        broken: night.broken.items(),
        away: night.away.items(),
    };
    report.containers.missing = report.away.iter().map(|away| away.nodes.count).sum();
    // What was not examined this night says nothing of whether there is something to compare with.
    let is_here = |subjects: &&Vec<Subject<'_>>| subjects.iter().any(|one| one.missed == 0);
    let is_first = kinds
        .iter()
        .filter(is_here)
        .flatten()
        .all(Subject::is_first);
    report.verdict = verdict(&report, is_first && report.before_at.is_none());
    report
}

/// What a night comes to.
pub fn verdict(report: &Nightly, is_first: bool) -> Verdict {
    let became = |verdict| {
        let mut costs = report.costs.iter();
        costs.any(|one| one.change.verdict == verdict || one.node == verdict)
    };
    let worse = !report.new.is_empty()
        || !report.regressions.is_empty()
        || report.lost.count > 0
        || report.away.iter().any(|away| away.new)
        || report.broken.iter().any(|broken| broken.new)
        || became(bench::Verdict::Slower);
    let changed = !report.fixed.is_empty()
        || !report.flapping.is_empty()
        || !report.waivers.is_empty()
        || report.still.iter().any(|item| item.first)
        || became(bench::Verdict::Faster)
        || report.joined.count + report.returned.count > 0;
    if report.at.is_none() {
        Verdict::Nothing
    } else if is_first {
        Verdict::First
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
    returned: Vec<String>,
    lost: Vec<String>,
}

/// What is gathered of a night.
#[derive(Debug, Default)]
struct Night {
    is_first: bool,
    /// Whether something of the history cannot be read.
    is_damaged: bool,
    usual: Usual,
    before_at: Option<String>,
    folded: Folded,
    sets: Sets,
    unchecked: Unchecked,
    broken: Broken,
    away: Away,
}

impl Night {
    /// Gathers what became of the subjects of each kind; those of this night are named.
    fn of(asked: &Asked, kinds: &[Vec<Subject<'_>>], tonight: &BTreeSet<&str>) -> Self {
        let mut night = Self {
            is_damaged: !asked.unread.is_empty(),
            ..Self::default()
        };
        for (runs, subjects) in asked.kinds.iter().zip(kinds) {
            night.is_first = subjects.iter().all(Subject::is_first);
            night.usual = Usual::of(subjects);
            for subject in subjects {
                match subject.missed {
                    0 => night.compare(subject),
                    _ if subject.is_image() => night.unchecked.image(subject, runs.kind()),
                    _ if tonight.contains(subject.name) || asked.retired.contains(subject.name) => {
                    }
                    _ => night.gone(subject),
                }
            }
        }
        night
    }

    /// Holds a node or an image against the time before.
    fn compare(&mut self, subject: &Subject<'_>) {
        let (now, at) = subject.told[0];
        self.presence(subject);
        if !now.image {
            self.broken.add(subject, self.is_first, &self.usual);
        }
        for id in ids(subject) {
            self.finding(subject, &id, at);
        }
    }

    /// Whether it was there before, and when.
    fn presence(&mut self, subject: &Subject<'_>) {
        let (now, at) = subject.told[0];
        let name = || subject.name.to_owned();
        let was_away = subject.there.get(1) == Some(&false);
        if let Some((_, before)) = subject.told.get(1) {
            if self
                .before_at
                .as_deref()
                .is_none_or(|known| known < *before)
            {
                self.before_at = Some((*before).to_owned());
            }
            self.unchecked.held_against(subject.name, (at, before));
        }
        if now.image {
        } else if subject.alternates() {
            self.alternates(subject, Status::Pass, at);
        } else if was_away {
            self.sets.returned.push(name());
        } else if subject.told.len() == 1 && !self.is_first {
            self.sets.joined.push(name());
        }
    }

    /// A node that reports in some runs and not in others.
    fn alternates(&mut self, subject: &Subject<'_>, status: Status, since: &str) {
        let (was, text) = match status {
            Status::Pass => (
                Status::Fail,
                "reports again, as it does in some nights and not in others",
            ),
            _ => (Status::Pass, ALTERNATES),
        };
        let found = Found {
            id: REPORTS.into(),
            status: Status::Fail,
            text: text.into(),
            fix: None,
            because: Vec::new(),
        };
        self.folded.flapping.add(&Seen {
            name: subject.name,
            image: false,
            id: REPORTS,
            status,
            was: Some(was),
            found: Some(&found),
            since,
            first: false,
        });
    }

    fn finding(&mut self, subject: &Subject<'_>, id: &str, at: &str) {
        let before = subject.before(id);
        let Some(is) = subject.status(0, id) else {
            if before.is_some_and(|(_, was)| weight(was) > 0) {
                self.unchecked.unseen(subject.name, id);
            }
            return;
        };
        let mut was = before.map(|(_, status)| status);
        let known = was.map_or(0, weight);
        let then = before.map_or(0, |(then, _)| then);
        let is_worse = weight(is) > known || is == Status::Unknown;
        // Where it was never looked at, and its peers had it before, it is as it was.
        if is_worse && was.is_none() && self.usual.has(id) {
            was = Some(is);
        }
        // Else it is not known to be worse, but what fails is a break.
        let first = is_worse && was.is_none() && (self.is_first || is != Status::Fail);
        let (list, told) = if was == Some(is) || first {
            (&mut self.folded.still, 0)
        } else if subject.flaps(id) {
            let told = if weight(is) > 0 { 0 } else { then };
            (&mut self.folded.flapping, told)
        } else if is_worse {
            (&mut self.folded.new, 0)
        } else {
            (&mut self.folded.fixed, then)
        };
        let worst = if weight(is) >= known {
            is
        } else {
            was.unwrap_or(is)
        };
        if weight(worst) == 0 {
            return;
        }
        let gone = subject
            .gone(told, id)
            .map(|runtime| lacking(id, runtime, was));
        list.add(&Seen {
            name: subject.name,
            image: subject.told[0].0.image,
            id,
            status: is,
            was,
            found: gone.as_ref().or_else(|| subject.found(told, id)),
            since: subject.since(id, worst).unwrap_or(at),
            first,
        });
    }

    /// A node that did not report.
    fn gone(&mut self, subject: &Subject<'_>) {
        let Some((why, since)) = subject.away else {
            return;
        };
        let mut why = match why {
            Some(why) => why.to_owned(),
            None if self.is_damaged => {
                "nothing of it can be read in the history, which is damaged".into()
            }
            None => "nothing came from it".into(),
        };
        // Of one that never reported, whether it was to before.
        let is_new = match subject.told.first() {
            Some(_) => subject.missed == 1,
            None => subject.there.len() == 1 && !self.is_first,
        };
        let alternates = subject.alternates();
        if is_new && let Some((_, last)) = subject.told.first() {
            self.sets.lost.push(subject.name.to_owned());
            if self.before_at.as_deref().is_none_or(|known| known < *last) {
                self.before_at = Some((*last).to_owned());
            }
            if alternates {
                why = format!("{why}; again: {ALTERNATES}");
            }
        } else if alternates {
            self.alternates(subject, Status::Fail, since);
        }
        self.away.add(subject.name, &why, since, is_new);
    }
}

/// The id under which it is told that a node comes and goes.
const REPORTS: &str = "node.reports";

/// What is said of a node that comes and goes.
const ALTERNATES: &str = "it reports in some nights and not in others";

/// What is said of a runtime that is not there any more.
fn lacking(id: &str, runtime: &str, was: Option<Status>) -> Found {
    let was = match was {
        Some(Status::Pass) => " (was: runs)",
        Some(Status::Warn) => " (was: runs, with losses)",
        Some(Status::Fail | Status::Unknown | Status::Skipped) | None => "",
    };
    Found {
        id: id.into(),
        status: Status::Fail,
        text: format!("{runtime} is not installed{was}"),
        fix: None,
        because: Vec::new(),
    }
}

/// The findings of which something is to be told: what is bad, and what was.
fn ids<'s>(subject: &'s Subject<'_>) -> BTreeSet<Cow<'s, str>> {
    let found = subject.told.iter().flat_map(|(said, _)| &said.found);
    let mut ids: BTreeSet<Cow<'_, str>> = found.map(|one| one.id.as_str().into()).collect();
    let judged = subject.told.iter().flat_map(|(said, _)| &said.judged);
    let judged: BTreeSet<&str> = judged.map(String::as_str).collect();
    let lacking = subject.told.iter().flat_map(|(said, _)| &said.lacking);
    let gone = lacking.filter(|runtime| judged.contains(runtime.as_str()));
    ids.extend(gone.map(|runtime| format!("run.{runtime}").into()));
    ids
}

/// The waivers that lapse, by what was last said of each.
fn waivers(asked: &Asked) -> Vec<Lapsing> {
    let runs = asked.kinds.iter().flat_map(|runs| &runs.0);
    let mut records: Vec<&Record> = runs.flat_map(|run| &run.records).collect();
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
mod first;
#[cfg(test)]
mod nights;
#[cfg(test)]
mod tests;
