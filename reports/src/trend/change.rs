//! What changed between the last run of each node or image and the one before, finding by finding.
//!
//! Only reports of the same kind are compared. A finding counts as fixed where it was looked at
//! and passes; what was skipped, or may have been left out, is not known, and is held against what
//! was known last.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::Status;
use hpcctl_model::history::Found;
use hpcctl_model::nightly::{NODES, Nightly, NotChecked, Verdict};

use super::absent;
use super::away::{Away, Heard};
use super::became::{Became, Change};
use super::broken::Broken;
use super::figures::Figures;
use super::fold::{self, Folded, Seen};
use super::kernel::Kernels;
use super::parts;
use super::past::Past;
use super::run::Runs;
use super::said::weight;
use super::subject::{Since, Subject, Subjects};
use super::trends::trends;
use super::unchecked::Unchecked;
use super::usual::Usual;
use super::verdict::verdict;
use super::waivers;
use crate::fleet::NodeSet;

/// What a report is made from.
#[derive(Debug)]
pub struct Asked {
    /// The runs of each kind of report.
    pub kinds: Vec<Runs>,
    /// What was before them.
    pub past: Past,
    /// The figures.
    pub figures: Figures,
    /// The day for which it is made (RFC 3339 date).
    pub today: String,
    /// Waivers that hold no longer than this day are told (RFC 3339 date).
    pub lapse: String,
    /// What could not be read of what is kept.
    pub unread: Vec<NotChecked>,
    /// Nodes that are no longer: that nothing comes from them is not told.
    pub retired: NodeSet,
}

/// What changed.
pub fn nightly(asked: &Asked) -> Nightly {
    let mut all: Vec<Subjects<'_>> = asked
        .kinds
        .iter()
        .map(|runs| Subjects::of(&runs.all, &asked.past, runs.kind()))
        .collect();
    Subjects::align(&mut all);
    let kinds: Vec<Vec<Subject<'_>>> = all.iter().map(|one| one.iter().collect()).collect();
    let here = || kinds.iter().flatten().filter(|one| one.missed == 0);
    let tonight: BTreeSet<&str> = here().map(|subject| subject.name).collect();
    let images: BTreeSet<&str> = here()
        .filter(|one| one.is_image())
        .map(|one| one.name)
        .collect();
    let night = Night::of(asked, &kinds, &tonight);
    let runs = || asked.kinds.iter().flat_map(|runs| &runs.all);
    let at = runs().filter(|run| run.age == 0).map(|run| &run.at).max();
    let last_at = runs().map(|run| &run.at).max();
    let figures = asked.figures.judged(&asked.retired);
    let trends = trends(asked, &all, &figures);
    let compared = night.before_at.as_ref().or(figures.before_at.as_ref());
    let is_compared = compared.is_some();
    // Else what is too old to be compared with, or was before a night without results.
    let earlier = runs().filter(|run| run.age > 0).map(|run| &run.at).max();
    let before = compared.or(earlier).or(asked.past.last_at());
    let mut report = Nightly {
        verdict: Verdict::Nothing,
        before_at: before.cloned(),
        at: at.cloned(),
        last_at: last_at.or(asked.past.last_at()).cloned(),
        reported: tonight.len() as u64,
        images: images.len() as u64,
        measured: fold::nodes(&figures.nodes),
        containers: night.broken.containers(),
        joined: fold::nodes(&night.sets.joined),
        returned: fold::nodes(&night.sets.returned),
        lost: fold::nodes(&night.sets.lost),
        retired: fold::nodes(&night.sets.retired),
        kernels: night.kernels.items(),
        not_checked: night.unchecked.items(asked, &all, &figures.not_checked),
        waivers: waivers::lapsing(asked),
        regressions: figures.regressions,
        slow: figures.slow,
        recovered: figures.recovered,
        costs: Vec::new(),
        trends,
        new: night.folded.new.items(),
        fixed: night.folded.fixed.items(),
        eased: night.folded.eased.items(),
        flapping: night.folded.flapping.items(),
        still: night.folded.still.items(),
        broken: night.broken.items(),
        away: night.away.items(),
    };
    report.containers.missing = report.away.iter().map(|away| away.nodes.count).sum();
    report.verdict = verdict(&report, is_first(&kinds) && !is_compared);
    report
}

/// Whether there is nothing that this night can be compared with. What was not examined in it says nothing of that.
fn is_first(kinds: &[Vec<Subject<'_>>]) -> bool {
    let is_here = |subjects: &&Vec<Subject<'_>>| subjects.iter().any(|one| one.missed == 0);
    let mut here = kinds.iter().filter(is_here).flatten();
    here.all(Subject::is_first)
}

/// Names that are told as sets.
#[derive(Debug, Default)]
struct Sets {
    joined: Vec<String>,
    returned: Vec<String>,
    lost: Vec<String>,
    retired: Vec<String>,
}

/// What is gathered of a night.
#[derive(Debug, Default)]
struct Night {
    is_first: bool,
    /// The nodes that were examined as another user, with that one's name and when they were first.
    elsewhere: BTreeMap<String, (String, String)>,
    /// Whether something of the history cannot be read.
    is_damaged: bool,
    /// Whether there are no results of this night.
    is_empty: bool,
    usual: Usual,
    before_at: Option<String>,
    folded: Folded,
    sets: Sets,
    unchecked: Unchecked,
    broken: Broken,
    away: Away,
    kernels: Kernels,
}

impl Night {
    /// Gathers what became of the subjects of each kind; those of this night are named.
    fn of(asked: &Asked, kinds: &[Vec<Subject<'_>>], tonight: &BTreeSet<&str>) -> Self {
        let mut night = Self {
            is_damaged: !asked.unread.is_empty(),
            is_empty: tonight.is_empty() && !asked.kinds.iter().any(Runs::is_of_tonight),
            ..Self::default()
        };
        let mut heard = Heard::of(kinds);
        for (runs, subjects) in asked.kinds.iter().zip(kinds) {
            night.is_first = subjects.iter().all(Subject::is_first);
            night.elsewhere = elsewhere(asked, kinds, runs);
            night.usual = Usual::of(subjects);
            for subject in subjects {
                match subject.missed {
                    0 => {
                        night.compare(subject, runs.user());
                        if !subject.is_image() && asked.retired.knows(subject.name) {
                            night.sets.retired.push(subject.name.to_owned());
                        }
                    }
                    _ if subject.is_image() => night.unchecked.image(subject, runs.kind()),
                    _ if tonight.contains(subject.name) || asked.retired.knows(subject.name) => {}
                    _ => night.gone(subject, &mut heard),
                }
            }
        }
        night.long_gone(asked, kinds, tonight, &heard);
        night
    }

    /// Holds a node or an image against the time before.
    fn compare(&mut self, subject: &Subject<'_>, user: Option<&str>) {
        let (now, at) = subject.told[0];
        self.presence(subject);
        let before = self.elsewhere.get(subject.name);
        let before = before.filter(|(_, first)| subject.is_first() && first.as_str() < at);
        let is_first = self.is_first || before.is_some();
        if let (Some(user), Some((before, _))) = (user, before) {
            self.unchecked.asked_by(subject.name, user, before);
        }
        if !now.image {
            self.broken.add(subject, is_first, &self.usual);
        }
        for id in ids(subject) {
            self.finding(subject, &id, at, is_first);
        }
        self.unchecked.left_out(subject);
        self.kernels.add(subject);
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
            self.alternates(subject, at);
        } else if was_away || subject.told.len() == 1 && subject.long_ago().is_some() {
            self.sets.returned.push(name());
        } else if subject.told.len() == 1
            && !self.is_first
            && !self.elsewhere.contains_key(subject.name)
        {
            self.sets.joined.push(name());
        }
    }

    /// A node that reports again, as it does in some runs and not in others.
    fn alternates(&mut self, subject: &Subject<'_>, at: &str) {
        let text = "reports again, as it does in some nights and not in others";
        let found = Found::of(NODES, Status::Fail, text);
        self.folded.flapping.add(&Seen {
            name: subject.name,
            image: false,
            id: NODES,
            status: Status::Pass,
            was: Some(Status::Fail),
            found: Some(&found),
            since: Since::exactly(at),
            first: false,
            part: None,
        });
    }

    fn finding(&mut self, subject: &Subject<'_>, id: &str, at: &str, is_first: bool) {
        let Some(became) = Became::of(subject, id, is_first, &self.usual) else {
            let before = subject.before(id);
            if before.is_some_and(|(_, was)| weight(was) > 0) {
                self.unchecked.unseen(subject.name, id);
            }
            return;
        };
        let worst = became.worst();
        if weight(worst) == 0 {
            return;
        }
        if became.is_unknown() && !subject.is_image() && !id.starts_with("run.") {
            self.unchecked.unknown(subject.name, id);
        }
        let list = match became.change {
            Change::New => &mut self.folded.new,
            Change::Fixed => &mut self.folded.fixed,
            Change::Eased => &mut self.folded.eased,
            Change::Flapping => &mut self.folded.flapping,
            Change::Still => &mut self.folded.still,
        };
        let (told, was) = (became.told, became.was);
        // What it was before it went is known while it is gone.
        let ran = was.filter(|_| told == 0);
        let gone = subject
            .gone(told, id)
            .map(|runtime| absent::lacking(id, runtime, ran, subject.refused(told, runtime)));
        let gone = gone.or_else(|| absent::back(subject, id));
        let is_bad = weight(became.is) > 0;
        let since = subject.since(id, if is_bad { became.is } else { worst });
        list.add(&Seen {
            name: subject.name,
            image: subject.told[0].0.image,
            id,
            status: became.is,
            was,
            found: gone.as_ref().or_else(|| subject.found(told, id)),
            since: since.unwrap_or(Since::exactly(at)),
            first: became.first,
            part: None,
        });
        if became.change == Change::Still && subject.is_image() {
            parts::tell(subject, id, &mut self.folded);
        }
    }

    /// A node that did not report.
    fn gone<'a>(&mut self, subject: &Subject<'a>, heard: &mut Heard<'a>) {
        let Some((_, since)) = subject.away else {
            return;
        };
        // One that never reported may have been asked for by mistake.
        if subject.told.is_empty() && subject.long_ago().is_none() && !subject.silent {
            return;
        }
        let Some(why) = heard.take(subject) else {
            return;
        };
        let mut why = match why {
            Some(why) => why.to_owned(),
            None if self.is_damaged => {
                "nothing of it can be read in the history, which is damaged".into()
            }
            None => NOTHING_CAME.into(),
        };
        // Of one that never reported, whether it was to before.
        let is_new = match subject.told.first() {
            // What all of them missed nobody could tell before.
            Some(_) if self.is_empty => subject.there.first() == Some(&true),
            Some(_) => subject.missed == 1,
            None if subject.long_ago().is_some() => false,
            None => subject.there.len() == 1 && !self.is_first,
        };
        if is_new && let Some((_, last)) = subject.told.first() {
            self.sets.lost.push(subject.name.to_owned());
            if self.before_at.as_deref().is_none_or(|known| known < *last) {
                self.before_at = Some((*last).to_owned());
            }
            if subject.alternates() {
                why = format!("{why}; again: {ALTERNATES}");
            }
        }
        self.away.add(subject.name, &why, since, is_new);
    }

    /// Nodes of which nothing has come for longer than runs are looked at.
    fn long_gone(
        &mut self,
        asked: &Asked,
        kinds: &[Vec<Subject<'_>>],
        tonight: &BTreeSet<&str>,
        heard: &Heard<'_>,
    ) {
        let is_known = |one: &&Subject<'_>| !one.told.is_empty() || heard.is_taken(one.name);
        let known = kinds.iter().flatten().filter(is_known);
        let mut known: BTreeSet<&str> = known.map(|one| one.name).collect();
        known.extend(tonight);
        for name in asked.past.nodes_but(&known) {
            if let Some(since) = asked.past.away_since(name)
                && !asked.retired.knows(name)
            {
                self.away.add(name, NOTHING_CAME, since, false);
            }
        }
    }
}

/// The nodes that were examined as another user than those runs are of.
fn elsewhere(
    asked: &Asked,
    kinds: &[Vec<Subject<'_>>],
    runs: &Runs,
) -> BTreeMap<String, (String, String)> {
    let others = asked.kinds.iter().zip(kinds);
    let others = others.filter(|(other, _)| runs.is_of_nodes() && other.kind() != runs.kind());
    let all = others.flat_map(|(other, subjects)| {
        let user = other.user().map(str::to_owned);
        subjects.iter().filter_map(move |one| {
            let (_, first) = one.told.last()?;
            Some((one.name.to_owned(), (user.clone()?, (*first).to_owned())))
        })
    });
    all.collect()
}

/// What is said of a node of which nobody said more.
const NOTHING_CAME: &str = "nothing came from it";

/// What is said of a node that comes and goes.
const ALTERNATES: &str = "it reports in some nights and not in others";

/// The findings of which something is to be told: what is bad, and what was.
fn ids<'s>(subject: &'s Subject<'_>) -> BTreeSet<Cow<'s, str>> {
    let found = subject.told.iter().flat_map(|(said, _)| &said.found);
    let mut ids: BTreeSet<Cow<'_, str>> = found.map(|one| one.id.as_str().into()).collect();
    let lacking = subject.told.iter().flat_map(|(said, _)| &said.lacking);
    let lacking: BTreeSet<&String> = lacking.collect();
    let gone = lacking
        .into_iter()
        .filter(|runtime| subject.had(0, runtime) || subject.runs(runtime));
    ids.extend(gone.map(|runtime| format!("run.{runtime}").into()));
    ids
}

#[cfg(test)]
mod first;
#[cfg(test)]
mod images;
#[cfg(test)]
mod nights;
#[cfg(test)]
mod runtimes;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
mod users;
