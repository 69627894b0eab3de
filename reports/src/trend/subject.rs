//! What each node or image said in each run, and what its silence means.

use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Found, Record};

use super::past::{Past, Trace};
use super::run::{self, Run, names};
use super::said::{said_of, weight};
use super::slot::{
    Slot, Slots, Told, fold_long, has_node, long, of_nights, replaces, shorten, slot,
};
use crate::runtime::BUILTIN;

/// How many changes of a finding within the last runs make it flap.
const FLAPS: usize = 3;

/// How many times that it was looked at are held against one another.
const LOOKED: usize = 14;

/// The longest stretch of nights that a finding which comes and goes may be there before it is told.
const STRETCH: usize = 3;

/// What a runtime that is not there fails of: no check has such an id.
const ABSENT: &str = "absent";

/// Since when something has been so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since<'a> {
    /// The first time that it is known to have been so.
    pub at: &'a str,
    /// Whether nothing is known of the time before.
    pub or_before: bool,
}

impl<'a> Since<'a> {
    /// Since a time before which it was otherwise.
    pub fn exactly(at: &'a str) -> Self {
        let or_before = false;
        Self { at, or_before }
    }
}

/// The subjects of a kind of report.
#[derive(Debug)]
pub struct Subjects<'a> {
    runs: &'a [Run],
    past: &'a Past,
    kind: &'a str,
    slots: Slots<'a>,
    /// Whether a later run took the place of an earlier one: it is of half of its nodes.
    replaces: Vec<Vec<bool>>,
}

/// A node or an image.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it said, the latest first.
    pub told: Vec<Told<'a>>,
    /// How many runs it has missed; 0 where it reported this night.
    pub missed: u64,
    /// Why it did not report, and since when, where it is not there.
    pub away: Option<(Option<&'a str>, &'a str)>,
    /// Whether it was to report this night, and did not.
    pub silent: bool,
    /// Whether it reported in the runs, the latest first.
    pub there: Vec<bool>,
    /// The kernel that it has, and the one before that is known.
    pub kernels: [Option<&'a str>; 2],
    /// What was before the runs.
    past: Option<&'a Trace>,
}

impl<'a> Subjects<'a> {
    /// Gathers what every subject did in the runs of a kind of report.
    pub fn of(runs: &'a [Run], past: &'a Past, kind: &'a str) -> Self {
        let mut slots = Slots::new();
        for (place, run) in runs.iter().enumerate() {
            // The latest of a run comes last, and counts.
            for record in run.records.iter().rev() {
                for said in &record.said {
                    for name in names(said) {
                        slot(&mut slots, name, place).told = Some((said, record.at.as_str()));
                    }
                }
                for kernel in &record.kernels {
                    for name in run::nodes(&kernel.on) {
                        slot(&mut slots, name, place).kernel = Some(&kernel.release);
                    }
                }
                for silent in &record.silent {
                    for name in run::nodes(&silent.on) {
                        slot(&mut slots, name, place).silent = Some(silent.why.as_str());
                    }
                }
            }
        }
        slots
            .values_mut()
            .for_each(|of| of.resize(runs.len(), Slot::default()));
        fold_long(&mut slots);
        let replaces = replaces(runs.len(), &slots);
        Self {
            runs,
            past,
            kind,
            slots,
            replaces,
        }
    }

    /// Has nodes go by the same names, whoever asked them: one that has a long name here and its short one
    /// there is one node.
    pub fn align(all: &mut [Self]) {
        let is_short = |label: &str| all.iter().any(|one| has_node(&one.slots, label));
        let long: Vec<_> = all.iter().map(|one| long(&one.slots, is_short)).collect();
        for (one, long) in all.iter_mut().zip(long) {
            shorten(&mut one.slots, long);
        }
    }

    /// Every subject.
    pub fn iter(&self) -> impl Iterator<Item = Subject<'_>> {
        let slots = self.slots.iter();
        slots.map(|(name, slots)| self.subject(name, slots))
    }

    fn subject<'s>(&'s self, name: &'s str, slots: &[Slot<'a>]) -> Subject<'s> {
        let newest = slots.iter().position(|slot| slot.told.is_some());
        let replaced = |at: usize| (0..at).filter(|later| self.replaces[*later][at]).count() as u64;
        let is_image = newest
            .and_then(|at| slots[at].told)
            .is_some_and(|one| one.0.image);
        let missed = newest.map_or(u64::MAX, |at| match replaced(at) {
            0 => self.runs[at].age,
            // Images are not looked at in every run.
            _ if is_image => self.runs[at].age,
            later => later,
        });
        let there = self.there(slots);
        let past = self.past.trace(self.kind, name);
        let mut away = None;
        if missed > 0 {
            let why = slots[..newest.unwrap_or(slots.len())].iter();
            let why = why.filter_map(|slot| slot.silent).next();
            let absent = there.iter().take_while(|(_, is)| !is).last();
            let at = absent.map(|(at, _)| self.runs[*at].at.as_str());
            let last = newest.and_then(|at| slots[at].told).map(|told| told.1);
            let before = past.filter(|_| last.is_none());
            let before = before.and_then(|_| self.past.away_since(name));
            let since = before.or(at).or(last).unwrap_or_default();
            away = Some((why, since));
        }
        let told = of_nights(slots.iter().filter_map(|slot| slot.told));
        let mut of_runs = slots.iter().zip(self.runs);
        let kernel = newest.and_then(|at| slots[at].kernel);
        let after = newest.map_or(slots.len(), |at| at + 1);
        let before = slots[after..].iter().find_map(|slot| slot.kernel);
        Subject {
            name,
            kernels: [kernel, before],
            told,
            missed,
            away,
            silent: of_runs.any(|(slot, run)| run.age == 0 && slot.silent.is_some()),
            past,
            there: there.into_iter().map(|(_, is)| is).collect(),
        }
    }

    /// The records of this night.
    pub fn tonight(&self) -> impl Iterator<Item = &'a Record> {
        let is_last = |at: &usize| !(0..*at).any(|later| self.replaces[later][*at]);
        let runs = (0..self.runs.len())
            .filter(is_last)
            .map(|at| &self.runs[at]);
        runs.filter(|run| run.age == 0).flat_map(|run| &run.records)
    }

    /// Whether it reported in the runs, of which that can be told.
    fn there(&self, slots: &[Slot<'_>]) -> Vec<(usize, bool)> {
        let mut there = Vec::new();
        for (place, slot) in slots.iter().enumerate() {
            let earlier = || (place + 1..slots.len()).find(|at| slots[*at].told.is_some());
            if slot.told.is_some() {
                there.push((place, true));
            } else if slot.silent.is_some() || earlier().is_some_and(|at| self.replaces[place][at])
            {
                there.push((place, false));
            }
        }
        there
    }

    /// How many nodes reported in a run, and on how many of those a check failed.
    pub fn counts(&self, run: usize) -> (usize, usize) {
        let told = self.slots.values().filter_map(|slots| slots[run].told);
        let nodes: Vec<Told<'_>> = told.filter(|(said, _)| !said.image).collect();
        let fails = |(said, _): &&Told<'_>| said.found.iter().any(|one| one.status == Status::Fail);
        (nodes.len(), nodes.iter().filter(fails).count())
    }
}

impl Subject<'_> {
    /// Whether nothing is known of it but of this night.
    pub fn is_first(&self) -> bool {
        self.there.len() < 2 && (self.missed == 0 || self.told.is_empty())
    }

    /// Whether it is an image.
    pub fn is_image(&self) -> bool {
        self.told.first().is_some_and(|(said, _)| said.image)
    }

    /// When it reported last before the runs.
    pub fn long_ago(&self) -> Option<&str> {
        self.past.and_then(Trace::last)
    }

    /// The outcome of a finding; none where it is not known. A runtime that is lacking fails where it was
    /// there before, or runs this night.
    pub fn status(&self, at: usize, id: &str) -> Option<Status> {
        said_of(self.told[at].0, id, |runtime| {
            self.had(at + 1, runtime) || at > 0 && self.runs(runtime)
        })
    }

    /// Whether a runtime runs containers this night.
    pub fn runs(&self, runtime: &str) -> bool {
        let now = self.status(0, &format!("run.{runtime}"));
        matches!(now, Some(Status::Pass | Status::Warn))
    }

    /// Whether a runtime was there at a time, or before.
    pub fn had(&self, at: usize, runtime: &str) -> bool {
        let mut earlier = self.told[at..].iter();
        earlier.any(|(said, _)| said.judged.iter().any(|one| one == runtime))
            || self.past.is_some_and(|past| past.judged(runtime))
    }

    /// Whether no runtime is left of those that were there, but the one that is part of hpcctl.
    pub fn is_bare(&self) -> bool {
        let (now, _) = self.told[0];
        let is_left =
            |runtime: &str| runtime != BUILTIN && !now.lacking.iter().any(|one| one == runtime);
        let mut there = self.told.iter().flat_map(|(said, _)| &said.judged);
        !there.any(|runtime| is_left(runtime))
    }

    /// The runtime that a finding says is gone.
    pub fn gone<'i>(&self, at: usize, id: &'i str) -> Option<&'i str> {
        let (said, _) = self.told[at];
        let runtime = id.strip_prefix("run.")?;
        let is_gone = said.lacking.iter().any(|one| one == runtime);
        (is_gone && !self.told[at].0.found.iter().any(|one| one.id == id)).then_some(runtime)
    }

    /// Whether a finding is of a runtime that is there, and was not at a time.
    pub fn is_back(&self, id: &str, then: usize) -> bool {
        self.gone(then, id).is_some() && self.gone(0, id).is_none()
    }

    /// What is said of a runtime that is there, and that the caller may not start.
    pub fn refused(&self, at: usize, runtime: &str) -> Option<&Found> {
        let found = self.found(at, &format!("runtime.{runtime}.installed"));
        found.filter(|one| one.status == Status::Fail)
    }

    /// The latest outcome before the last one that is known.
    pub fn before(&self, id: &str) -> Option<(usize, Status)> {
        (1..self.told.len()).find_map(|at| Some((at, self.status(at, id)?)))
    }

    /// Since when a finding has had an outcome for the same cause, seen from its last time with it.
    pub fn since(&self, id: &str, status: Status) -> Option<Since<'_>> {
        let all = 0..self.told.len();
        let known = all.filter_map(|at| Some((self.status(at, id)?, at)));
        let mut run = known.skip_while(|(is, _)| *is != status).peekable();
        let last = run.peek()?.1;
        let is_so = |(is, at): &(Status, usize)| *is == status && self.is_same(id, last, *at);
        let mut since = last;
        while let Some((_, at)) = run.next_if(is_so) {
            since = at;
        }
        let at = self.told[since].1;
        let is_all = run.peek().is_none();
        Some(match self.past.filter(|_| is_all) {
            // It may have been so before the runs.
            Some(past) => past.since(id, status).unwrap_or(Since::exactly(at)),
            None => Since {
                at,
                or_before: is_all,
            },
        })
    }

    /// The checks that a verdict on a runtime comes from.
    fn causes(&self, at: usize, id: &str) -> Vec<&str> {
        match self.found(at, id) {
            Some(found) => found.because.iter().map(String::as_str).collect(),
            None => self.gone(at, id).map(|_| ABSENT).into_iter().collect(),
        }
    }

    /// Whether what was found at two times may come from the same.
    fn is_same(&self, id: &str, one: usize, other: usize) -> bool {
        let (one, other) = (self.causes(one, id), self.causes(other, id));
        one.is_empty() || other.is_empty() || one.iter().any(|cause| other.contains(cause))
    }

    /// Whether a finding was bad, whenever it was looked at, the latest first: what it was for another cause than
    /// the last time does not count.
    fn bad(&self, id: &str) -> Vec<bool> {
        let all = 0..self.told.len();
        let bad = all.filter_map(|at| Some((at, weight(self.status(at, id)?) > 0)));
        let bad: Vec<(usize, bool)> = bad.take(LOOKED).collect();
        let last = bad.iter().find(|(_, is)| *is).map_or(0, |(at, _)| *at);
        let of_cause = bad.into_iter();
        of_cause
            .map(|(at, is)| is && self.is_same(id, last, at))
            .collect()
    }

    /// Whether a finding comes and goes.
    pub fn flaps(&self, id: &str) -> bool {
        changes(&self.bad(id)) >= FLAPS
    }

    /// Whether a finding that came and went has been there for longer than it used to, since this night.
    pub fn stays(&self, id: &str) -> bool {
        let bad = self.bad(id);
        let mut stretches = bad.chunk_by(|one, other| one == other);
        let now = stretches.next().map_or(0, <[bool]>::len);
        let before = stretches.filter(|stretch| stretch[0]).map(<[bool]>::len);
        let usual = before.max().unwrap_or(0).min(STRETCH);
        changes(&bad) >= FLAPS && now == usual + 1
    }

    /// Whether the node itself comes and goes.
    pub fn alternates(&self) -> bool {
        changes(&self.there[..self.there.len().min(LOOKED)]) >= FLAPS
    }

    /// What was found of an id.
    pub fn found(&self, at: usize, id: &str) -> Option<&Found> {
        self.told[at].0.found.iter().find(|one| one.id == id)
    }
}

fn changes(all: &[bool]) -> usize {
    all.windows(2).filter(|pair| pair[0] != pair[1]).count()
}
