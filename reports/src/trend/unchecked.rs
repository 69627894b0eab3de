//! What was not looked at in a night, whether it was before or not, and what cannot be told for another cause.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::Status;
use hpcctl_model::nightly::NotChecked;

use super::change::Asked;
use super::fold;
use super::run::seconds;
use super::subject::{Subject, Subjects};
use crate::terminal::{counted, some};

/// After how many days what is compared with is said to be old.
const OLD: i64 = 7;

/// The most checks that are named of those that passed and were not looked at.
const CHECKS: usize = 6;

/// The most images that are named of those that were not looked at.
const IMAGES: usize = 4;

/// Why nothing is known of checks.
const LEFT_OUT: &str = "left out, and not known from the night before";
const UNKNOWN: &str = "unknown, and not known from the night before";

/// What was not looked at.
#[derive(Debug, Default)]
pub struct Unchecked {
    /// Those of which nothing came for some days, by how many, and when they did before.
    old: BTreeMap<(i64, String), Vec<String>>,
    /// By the id of a finding that was bad.
    unseen: BTreeMap<String, Vec<String>>,
    /// By the id of a check that passed.
    left_out: BTreeMap<String, Vec<String>>,
    /// Nodes by who asked, and who did before.
    asked_by: BTreeMap<(String, String), Vec<String>>,
    /// By the checks that were left out, and of which nothing is known from the run before.
    never: BTreeMap<Vec<String>, Vec<String>>,
    /// By the id of a check that is unknown, and was not known before.
    unknown: BTreeMap<String, Vec<String>>,
    /// Images by the kind of report, with when the last of them was looked at.
    images: BTreeMap<String, (Vec<String>, String)>,
}

impl Unchecked {
    /// Takes when something was examined, and when before.
    pub fn held_against(&mut self, name: &str, (at, before): (&str, &str)) {
        let days = (seconds(at) - seconds(before)) / (24 * 3600);
        if days > OLD {
            let key = (days, before.to_owned());
            self.old.entry(key).or_default().push(name.into());
        }
    }

    /// Takes a node that was never examined as this user before.
    pub fn asked_by(&mut self, name: &str, user: &str, before: &str) {
        let key = (user.to_owned(), before.to_owned());
        self.asked_by.entry(key).or_default().push(name.into());
    }

    /// Takes a finding that was bad.
    pub fn unseen(&mut self, name: &str, id: &str) {
        let unseen = self.unseen.entry(id.to_owned()).or_default();
        unseen.push(name.into());
    }

    /// Takes a check that is unknown, and was not known before.
    pub fn unknown(&mut self, name: &str, id: &str) {
        let unknown = self.unknown.entry(id.to_owned()).or_default();
        unknown.push(name.into());
    }

    /// Takes the checks that were left out: those that passed in the run before, and the others of which nothing
    /// else was taken.
    pub fn left_out(&mut self, subject: &Subject<'_>) {
        self.passed(subject);
        let name = subject.name;
        let is_last = |names: &Vec<String>| names.last().is_some_and(|last| last == name);
        let lists = [&self.unseen, &self.left_out];
        let is_told = |id: &String| lists.iter().any(|list| list.get(id).is_some_and(is_last));
        let all = &subject.told[0].0.left_out;
        let never: Cow<'_, [String]> = match all.iter().any(is_told) {
            true => all.iter().filter(|id| !is_told(id)).cloned().collect(),
            false => all.into(),
        };
        if never.is_empty() {
            return;
        }
        // Most nodes leave out the same.
        match self.never.get_mut(&*never) {
            Some(names) => names.push(name.into()),
            None => {
                self.never.insert(never.into_owned(), vec![name.into()]);
            }
        }
    }

    fn passed(&mut self, subject: &Subject<'_>) {
        let [(now, _), (before, _), ..] = subject.told.as_slice() else {
            return;
        };
        if (&now.left_out, &now.judged) == (&before.left_out, &before.judged) {
            return;
        }
        let asked = now.judged.iter().chain(&now.lacking);
        let asked: BTreeSet<&String> = asked.collect();
        let runtimes = before.judged.iter().filter(|one| !asked.contains(one));
        let runtimes = runtimes.map(|runtime| format!("run.{runtime}"));
        let checks = now.left_out.iter().cloned().chain(runtimes);
        for id in checks.filter(|id| subject.status(1, id) == Some(Status::Pass)) {
            let left_out = self.left_out.entry(id).or_default();
            left_out.push(subject.name.into());
        }
    }

    /// Takes an image that was scanned or gated before, and not this night.
    pub fn image(&mut self, subject: &Subject<'_>, kind: &str) {
        let Some((_, at)) = subject.told.first() else {
            return;
        };
        let (names, last) = self.images.entry(kind.to_owned()).or_default();
        names.push(subject.name.to_owned());
        if *at > last.as_str() {
            *last = (*at).to_owned();
        }
    }

    /// All of it: what cannot be read first, what the reports themselves say and figures last.
    pub fn items(
        &self,
        asked: &Asked,
        kinds: &[Subjects<'_>],
        figures: &[(String, String)],
    ) -> Vec<NotChecked> {
        let mut all = asked.unread.clone();
        let mut tell = |what: String, why: &str| {
            let one = NotChecked::of(what, why);
            if !all.contains(&one) {
                all.push(one);
            }
        };
        for (what, was, most) in [
            (&self.unseen, "was bad", usize::MAX),
            (&self.left_out, "passed", CHECKS),
        ] {
            let mut by_names: BTreeMap<String, Vec<&str>> = BTreeMap::new();
            for (id, names) in what {
                by_names.entry(fold::nodes(names).set).or_default().push(id);
            }
            for (names, ids) in by_names {
                let what = format!("{} on {names}", some(ids.into_iter(), most));
                tell(what, &format!("{was}, and was not looked at this night"));
            }
        }
        for (kind, (names, last)) in &self.images {
            let verb = if kind == "gate" { "gated" } else { "scanned" };
            let why = format!("not {verb} this night, last {last}");
            tell(some(names.iter().map(String::as_str), IMAGES), &why);
        }
        for ((user, before), names) in &self.asked_by {
            let what = format!("what changed on {}", fold::nodes(names).set);
            let why = format!("asked by {user} for the first time, and by {before} before");
            tell(what, &why);
        }
        for ((days, before), names) in &self.old {
            let what = format!("{} for {days} days", fold::nodes(names).set);
            tell(what, &format!("held against results of {before}"));
        }
        for record in kinds.iter().flat_map(Subjects::tonight) {
            for one in &record.not_checked {
                tell(one.what.clone(), &one.why);
            }
        }
        for (what, why) in figures {
            tell(what.clone(), why);
        }
        all.extend(self.never());
        all
    }

    /// The checks of which nothing is known from the run before either.
    fn never(&self) -> impl Iterator<Item = NotChecked> {
        let mut unknown: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, names) in &self.unknown {
            let ids = unknown.entry(fold::nodes(names).set).or_default();
            ids.push(id.clone());
        }
        let unknown = unknown.into_iter().map(|(set, ids)| (set, ids, UNKNOWN));
        let left_out = self.never.iter();
        let left_out = left_out.map(|(ids, names)| (fold::nodes(names).set, ids.clone(), LEFT_OUT));
        let all = left_out.chain(unknown);
        all.map(|(set, checks, why)| {
            let what = format!("{} on {set}", counted(checks.len(), "check"));
            NotChecked {
                checks,
                ..NotChecked::of(what, why)
            }
        })
    }
}
