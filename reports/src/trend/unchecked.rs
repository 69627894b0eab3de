//! What was not looked at in a night, of what was before, and what cannot be told for another cause.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::Status;
use hpcctl_model::nightly::NotChecked;

use super::change::Asked;
use super::fold;
use super::run::seconds;
use super::subject::{Subject, Subjects};
use crate::terminal::some;

/// After how many days what is compared with is said to be old.
const OLD: i64 = 7;

/// The most checks that are named of those that passed and were not looked at.
const CHECKS: usize = 6;

/// The most images that are named of those that were not looked at.
const IMAGES: usize = 4;

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

    /// Takes the checks that passed in the run before, and were left out in this one.
    pub fn left_out(&mut self, subject: &Subject<'_>) {
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
            let why = why.into();
            let one = NotChecked { what, why };
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
        all
    }
}
