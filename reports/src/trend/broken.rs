//! Nodes on which a runtime runs no container: the nodes alike are one.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::{Status, Verdict};
use hpcctl_model::history::Said;
use hpcctl_model::nightly;

use super::became::Became;
use super::cause::root;
use super::fold;
use super::said::{failing, installed, none_runs, run};
use super::subject::{Since, Subject};
use super::usual::Usual;
use crate::runtime::{is_of_one, none};

/// The most checks that are named as the cause.
const CAUSES: usize = 3;

/// Nodes on which containers do not run.
#[derive(Debug, Default)]
pub struct Broken {
    containers: nightly::Containers,
    /// The nodes that count.
    counted: BTreeSet<String>,
    alike: BTreeMap<Key, Alike>,
}

/// What nodes are folded by; what is new and worst comes first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    is_old: bool,
    is_first: bool,
    some_run: bool,
    never_ran: bool,
    /// Whether some runtimes were not looked for where none is there.
    is_partly: bool,
    gone: Option<String>,
    runtimes: Vec<String>,
    because: Vec<String>,
}

#[derive(Debug, Default)]
struct Alike {
    names: Vec<String>,
    text: String,
    fix: Option<String>,
    since: String,
    or_before: bool,
}

impl Broken {
    /// Takes a node that reported.
    pub fn add(&mut self, subject: &Subject<'_>, is_first: bool, usual: &Usual) {
        let (said, _) = subject.told[0];
        let now = run(said);
        let gone = gone(subject, is_first, usual);
        let count = match now {
            Some(Verdict::Yes) => &mut self.containers.yes,
            Some(Verdict::Degraded) => &mut self.containers.degraded,
            Some(Verdict::No) if none_runs(said) => &mut self.containers.no,
            Some(Verdict::No) => &mut self.containers.partly,
            Some(Verdict::Unknown) | None => &mut self.containers.unknown,
        };
        // What another user asked the same node does not count twice.
        *count += u64::from(self.counted.insert(subject.name.to_owned()));
        match now {
            Some(Verdict::No) if !failing(said).is_empty() => {
                self.failing(subject, is_first, usual);
            }
            Some(Verdict::No) if gone.is_empty() => self.bare(subject, is_first),
            _ => {}
        }
        match !gone.is_empty() && subject.is_bare() {
            true => self.gone(subject.name, &gone, true),
            false => gone
                .iter()
                .for_each(|one| self.gone(subject.name, std::slice::from_ref(one), false)),
        }
    }

    /// Takes a node on which no runtime is, and none was.
    fn bare(&mut self, subject: &Subject<'_>, is_first: bool) {
        let (said, _) = subject.told[0];
        let is_partly = said.left_out.iter().any(|id| is_of_one(id));
        let key = Key {
            is_old: true,
            is_first,
            some_run: false,
            never_ran: true,
            is_partly,
            gone: None,
            runtimes: Vec::new(),
            because: Vec::new(),
        };
        let known = subject.told.iter();
        let bare = known.take_while(|(said, _)| run(said) == Some(Verdict::No));
        let or_before = bare.clone().count() == subject.told.len();
        let at = bare.last().map_or("", |(_, at)| *at);
        let since = Since { at, or_before };
        self.put(subject.name, key, (none(is_partly).into(), None), since);
    }

    /// Takes runtimes that are gone from a node, on which no other may be left.
    fn gone(&mut self, name: &str, gone: &[Gone<'_>], is_bare: bool) {
        let names: Vec<&str> = gone.iter().map(|one| one.runtime).collect();
        let refused = gone.iter().filter_map(|one| one.refused);
        let refused: Vec<&str> = refused.collect();
        let key = Key {
            is_old: !gone.iter().any(|one| one.is_new),
            is_first: false,
            some_run: !is_bare,
            never_ran: false,
            is_partly: false,
            gone: Some(names.join(", ")),
            runtimes: names.iter().map(|name| (*name).to_owned()).collect(),
            because: names
                .iter()
                .map(|name| format!("runtime.{name}.installed"))
                .collect(),
        };
        let verb = if names.len() > 1 { "are" } else { "is" };
        let text = match refused.as_slice() {
            [] => format!("{} {verb} not installed", names.join(" and ")),
            refused => refused.join("; "),
        };
        // No other was left once the last one went.
        if let Some(last) = gone.iter().max_by_key(|one| one.since.at) {
            self.put(name, key, (text, None), last.since);
        }
    }

    /// Takes a node on which a runtime runs no container.
    fn failing(&mut self, subject: &Subject<'_>, is_first: bool, usual: &Usual) {
        let (said, at) = subject.told[0];
        let (all, none) = (failing(said), none_runs(said));
        let known = subject.told.iter().filter(|(said, _)| run(said).is_some());
        let before = known.clone().nth(1).map(|(said, _)| *said);
        let id = |runtime: &str| format!("run.{runtime}");
        let news = all.iter().filter_map(|runtime| {
            let became = Became::of(subject, &id(runtime), is_first, usual)?;
            became.breaks().then_some((*runtime, became.was))
        });
        let news: Vec<(&str, Option<Status>)> = news.collect();
        // The last one that ran may be gone.
        let ran = before.filter(|_| none && !is_first).is_some_and(|before| {
            let failed = failing(before);
            let mut ran = installed(before).filter(|runtime| !failed.contains(runtime));
            ran.any(|runtime| said.lacking.iter().any(|one| one == runtime))
        });
        let newly: Vec<&str> = news.iter().map(|(runtime, _)| *runtime).collect();
        let did = |was: Option<Status>| matches!(was, Some(Status::Pass | Status::Warn));
        let did = ran || news.iter().any(|(_, was)| did(*was));
        let runtimes = if newly.is_empty() { &all } else { &newly };
        let because = causes(said, runtimes);
        let alike = known.take_while(|(said, _)| {
            let (failing, then) = (failing(said), behind(said, runtimes, usize::MAX));
            let is_same = because.iter().all(|cause| then.contains(cause));
            let all = runtimes.iter().all(|one| failing.contains(one));
            all && none_runs(said) == none && is_same
        });
        // What was so in all of the runs began before them.
        let is_all = alike.clone().count() == subject.told.len();
        let of_all = runtimes.iter().filter(|_| is_all);
        let before = of_all.filter_map(|runtime| subject.since(&id(runtime), Status::Fail));
        let at = alike.last().map_or(at, |(_, at)| at);
        let since = before.max_by_key(|since| since.at);
        let since = since.unwrap_or(Since::exactly(at));
        let told = told(said, because.first());
        let key = Key {
            is_old: newly.is_empty() && !ran,
            is_first,
            some_run: !none,
            never_ran: !did,
            is_partly: false,
            gone: None,
            runtimes: runtimes.iter().map(|name| (*name).to_owned()).collect(),
            because,
        };
        self.put(subject.name, key, told, since);
    }

    /// Puts a node to those alike; what is told of them is what is told of the first.
    fn put(&mut self, name: &str, key: Key, told: (String, Option<String>), since: Since<'_>) {
        let (text, fix) = told;
        let alike = self.alike.entry(key).or_insert_with(|| Alike {
            text,
            fix,
            since: since.at.into(),
            or_before: since.or_before,
            ..Alike::default()
        });
        alike.names.push(name.into());
        if since.at < alike.since.as_str() {
            (alike.since, alike.or_before) = (since.at.into(), since.or_before);
        }
    }

    /// On how many nodes containers run.
    pub fn containers(&self) -> nightly::Containers {
        self.containers
    }

    /// The nodes by cause, what is new first.
    pub fn items(self) -> Vec<nightly::Broken> {
        let all = self.alike.into_iter();
        let all = all.map(|(key, alike)| nightly::Broken {
            nodes: fold::nodes(&alike.names),
            new: !key.is_old,
            first: key.is_first,
            all: !key.some_run,
            ran: !key.never_ran,
            gone: key.gone,
            runtimes: key.runtimes,
            because: key.because,
            text: alike.text,
            fix: alike.fix,
            since: alike.since,
            or_before: alike.or_before,
        });
        all.collect()
    }
}

/// A runtime that is gone.
struct Gone<'a> {
    runtime: &'a str,
    /// What is said of one that is there, and cannot be started.
    refused: Option<&'a str>,
    is_new: bool,
    since: Since<'a>,
}

/// The runtimes that are gone from a node. One that did not run before is gone all the same.
fn gone<'s>(subject: &'s Subject<'_>, is_first: bool, usual: &Usual) -> Vec<Gone<'s>> {
    let (said, at) = subject.told[0];
    let mut all = Vec::new();
    for runtime in &said.lacking {
        let id = format!("run.{runtime}");
        let became = Became::of(subject, &id, is_first, usual);
        let Some(became) = became.filter(|one| one.is == Status::Fail) else {
            continue;
        };
        let told = subject.told.iter();
        let gone = told.take_while(|(said, _)| said.lacking.contains(runtime));
        // Where it never was there in the runs, it went before them.
        let is_all = gone.clone().count() == subject.told.len();
        let before = subject.since(&id, Status::Fail).filter(|_| is_all);
        all.push(Gone {
            runtime,
            refused: subject.refused(0, runtime).map(|one| one.text.as_str()),
            is_new: became.breaks(),
            since: before.unwrap_or(Since::exactly(gone.last().map_or(at, |(_, at)| *at))),
        });
    }
    all
}

/// The checks that keep these runtimes from running containers: the first of each.
fn causes(said: &Said, runtimes: &[&str]) -> Vec<String> {
    let mut all = behind(said, runtimes, 1);
    all.truncate(CAUSES);
    all
}

/// So many of the checks that keep each of these runtimes from running containers.
fn behind(said: &Said, runtimes: &[&str], most: usize) -> Vec<String> {
    let fails = |id: &str| {
        let mut found = said.found.iter();
        found.any(|one| one.id == id && one.status == Status::Fail)
    };
    let is_meant = |id: &str| {
        let runtime = id.strip_prefix("run.");
        runtime.is_some_and(|runtime| runtimes.contains(&runtime))
    };
    let failing = said.found.iter().filter(|one| one.status == Status::Fail);
    let mut all = Vec::new();
    for one in failing.filter(|one| is_meant(&one.id)) {
        let ids = one.because.iter().take(most);
        // What older versions kept does not say.
        let own = one.because.is_empty().then_some(&one.id);
        for id in ids.chain(own).map(|id| root(id, fails)) {
            if !all.contains(&id) {
                all.push(id);
            }
        }
    }
    all
}

/// What the cause says, and the fix.
fn told(said: &Said, cause: Option<&String>) -> (String, Option<String>) {
    let found = said.found.iter().find(|one| Some(&one.id) == cause);
    let text = found.map(|one| one.text.clone()).unwrap_or_default();
    let mut runs = said.found.iter().filter(|one| one.id.starts_with("run."));
    let fix = runs.find_map(|one| one.fix.clone());
    (text, fix.or_else(|| found.and_then(|one| one.fix.clone())))
}
