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
use super::run::{Runs, seconds};
use super::series;
use super::subject::{Subject, Subjects, weight};

/// After how many days what is compared with is said to be old.
const OLD: i64 = 7;

/// What a report is made from.
#[derive(Debug)]
pub struct Asked {
    /// The runs of each kind of report.
    pub kinds: Vec<Runs>,
    /// Waivers that hold no longer than this day are told (RFC 3339 date).
    pub lapse: String,
}

/// What changed.
pub fn nightly(asked: &Asked) -> Nightly {
    let all: Vec<Subjects<'_>> = asked
        .kinds
        .iter()
        .map(|runs| Subjects::of(&runs.0))
        .collect();
    let mut night = Night::default();
    let kinds: Vec<Vec<Subject<'_>>> = all.iter().map(|one| one.iter().collect()).collect();
    let subjects = kinds.iter().flatten();
    let here = subjects.filter(|subject| subject.missed == 0);
    let tonight: BTreeSet<&str> = here.map(|subject| subject.name).collect();
    for subjects in &kinds {
        night.is_first = subjects.iter().all(Subject::is_first);
        for subject in subjects {
            match subject.missed {
                0 => night.compare(subject),
                _ if tonight.contains(subject.name) => {}
                _ => night.gone(subject),
            }
        }
    }
    let runs = || asked.kinds.iter().flat_map(|runs| &runs.0);
    let at = runs().filter(|run| run.age == 0).map(|run| &run.at).max();
    let figures = series::judged(&asked.kinds);
    let mut report = Nightly {
        verdict: Verdict::Nothing,
        before_at: night
            .before_at
            .clone()
            .or_else(|| figures.before_at.clone()),
        at: at.cloned(),
        reported: tonight.len() as u64,
        containers: night.broken.containers(),
        joined: fold::nodes(&night.sets.joined),
        returned: fold::nodes(&night.sets.returned),
        lost: fold::nodes(&night.sets.lost),
        not_checked: not_checked(&all, &night.sets, &figures.not_checked),
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
    let is_first = kinds.iter().flatten().all(Subject::is_first);
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
    /// Those that are held against what is old, by how old it is.
    old: BTreeMap<i64, Vec<String>>,
    /// By the id of a finding that was bad and was not looked at.
    unseen: BTreeMap<String, Vec<String>>,
}

/// What is gathered of a night.
#[derive(Debug, Default)]
struct Night {
    is_first: bool,
    before_at: Option<String>,
    folded: Folded,
    sets: Sets,
    broken: Broken,
    away: Away,
}

impl Night {
    /// Holds a node or an image against the time before.
    fn compare(&mut self, subject: &Subject<'_>) {
        let (now, at) = subject.told[0];
        self.presence(subject);
        if !now.image {
            self.broken.add(subject, self.is_first);
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
            let days = (seconds(at) - seconds(before)) / (24 * 3600);
            if days > OLD {
                self.sets.old.entry(days).or_default().push(name());
            }
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
        let was = match status {
            Status::Pass => Status::Fail,
            _ => Status::Pass,
        };
        let found = Found {
            id: REPORTS.into(),
            status: Status::Fail,
            text: "it reports in some nights and not in others".into(),
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
        });
    }

    fn finding(&mut self, subject: &Subject<'_>, id: &str, at: &str) {
        let before = subject.before(id);
        let Some(is) = subject.status(0, id) else {
            if before.is_some_and(|(_, was)| weight(was) > 0) {
                let unseen = self.sets.unseen.entry(id.to_owned()).or_default();
                unseen.push(subject.name.to_owned());
            }
            return;
        };
        let was = before.map(|(_, status)| status);
        let known = was.map_or(0, weight);
        let then = before.map_or(0, |(then, _)| then);
        let (list, told) = if was == Some(is) {
            (&mut self.folded.still, 0)
        } else if subject.flaps(id) {
            let told = if weight(is) > 0 { 0 } else { then };
            (&mut self.folded.flapping, told)
        } else if weight(is) > known || is == Status::Unknown {
            let new = match self.is_first {
                true => &mut self.folded.still,
                false => &mut self.folded.new,
            };
            (new, 0)
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
        });
    }

    /// A subject that did not report. Images are not looked at every night.
    fn gone(&mut self, subject: &Subject<'_>) {
        if subject.told.first().is_some_and(|(said, _)| said.image) {
            return;
        }
        let Some((why, since)) = subject.away else {
            return;
        };
        // Of one that never reported, whether it was to before.
        let is_new = match subject.told.first() {
            Some(_) => subject.missed == 1,
            None => subject.there.len() == 1 && !self.is_first,
        };
        let alternates = subject.alternates();
        if alternates {
            self.alternates(subject, Status::Fail, since);
        } else if is_new && let Some((_, last)) = subject.told.first() {
            self.sets.lost.push(subject.name.to_owned());
            if self.before_at.as_deref().is_none_or(|known| known < *last) {
                self.before_at = Some((*last).to_owned());
            }
        }
        self.away
            .add(subject.name, why, since, is_new && !alternates);
    }
}

/// The id under which it is told that a node comes and goes.
const REPORTS: &str = "node.reports";

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

fn not_checked(
    all_kinds: &[Subjects<'_>],
    sets: &Sets,
    figures: &[(String, String)],
) -> Vec<NotChecked> {
    let mut all = Vec::new();
    let mut tell = |what: String, why: &str| {
        let why = why.into();
        let one = NotChecked { what, why };
        if !all.contains(&one) {
            all.push(one);
        }
    };
    let mut unseen: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (id, names) in &sets.unseen {
        unseen.entry(fold::nodes(names).set).or_default().push(id);
    }
    for (names, ids) in unseen {
        let what = format!("{} on {names}", ids.join(", "));
        tell(what, "was bad, and was not looked at this night");
    }
    for (days, names) in &sets.old {
        let why = format!("held against results that are {days} days old");
        tell(fold::nodes(names).set, &why);
    }
    for record in all_kinds.iter().flat_map(Subjects::tonight) {
        for one in &record.not_checked {
            tell(one.what.clone(), &one.why);
        }
    }
    for (what, why) in figures {
        tell(what.clone(), why);
    }
    all
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
mod nights;
#[cfg(test)]
mod tests;
