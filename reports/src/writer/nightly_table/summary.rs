//! What every format of `report` tells of any night: the verdict in a line, what is as bad as it was, and
//! what was not checked.

use std::collections::BTreeSet;

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::nightly::{Away, Broken, Item, Nightly, Verdict};

use super::told::is;
use crate::fleet::node_set::union;
use crate::terminal::counted;

/// The longest set of nodes in the verdict; of a longer one how many they are.
const SET: usize = 48;

/// The most causes in the verdict.
const CAUSES: usize = 4;

/// The verdict in one line.
pub fn verdict(nightly: &Nightly) -> String {
    let on = place(nightly);
    match nightly.verdict {
        Verdict::Nothing => "no results".into(),
        Verdict::Unchanged => format!("no change{on}"),
        Verdict::First => {
            let mut parts = broken(nightly.broken.iter(), false);
            parts.extend(away(&nightly.away, false));
            parts.push(by_status(nightly.still.iter()));
            format!("first night: {}{on}", parts.join("; "))
        }
        Verdict::Worse | Verdict::Changed => {
            let found = nightly.broken.iter();
            let mut parts = broken(found.clone().filter(|one| one.new), true);
            parts.extend(broken(found.filter(|one| one.first), false));
            parts.extend(away(&nightly.away, true));
            parts.push(counts(nightly));
            parts.retain(|part| !part.is_empty());
            format!("{}: {}{on}", nightly.verdict.as_str(), parts.join("; "))
        }
    }
}

/// How many findings of each kind of change there are.
fn counts(nightly: &Nightly) -> String {
    let size = |nodes: &Nodes| usize::try_from(nodes.count).unwrap_or(usize::MAX);
    let of_costs = |verdict| {
        let costs = nightly.costs.iter();
        costs.filter(|one| is(one, verdict)).count()
    };
    let slower = nightly.regressions.len() + of_costs(bench::Verdict::Slower);
    let parts = [
        (causes(nightly.new.iter()), "new"),
        (causes(nightly.fixed.iter()), "fixed"),
        (nightly.flapping.len(), "flapping"),
        (slower, "slower"),
        (of_costs(bench::Verdict::Faster), "faster"),
        (size(&nightly.returned), "back"),
        (size(&nightly.joined), "joined"),
        (causes(first_of(nightly)), "looked at for the first time"),
        (nightly.waivers.len(), "lapsing"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(n, what)| format!("{n} {what}")).collect();
    parts.join(", ")
}

/// How many findings there are, without those that follow from another.
pub fn causes<'a>(items: impl Iterator<Item = &'a Item>) -> usize {
    items.filter(|item| item.follows.is_none()).count()
}

/// What was looked at for the first time.
pub(super) fn first_of(nightly: &Nightly) -> impl Iterator<Item = &Item> {
    nightly.still.iter().filter(|item| item.first)
}

/// What is as bad as it was.
pub fn still_of(nightly: &Nightly) -> impl Iterator<Item = &Item> {
    nightly.still.iter().filter(|item| !item.first)
}

/// What the results are of.
fn place(nightly: &Nightly) -> String {
    let count = |count: u64, noun| {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        (count > 0).then(|| counted(count, noun))
    };
    let nodes = count(nightly.reported.saturating_sub(nightly.images), "node");
    match (nodes, count(nightly.images, "image")) {
        (Some(nodes), Some(images)) => return format!(" on {nodes} and {images}"),
        (Some(some), None) | (None, Some(some)) => return format!(" on {some}"),
        (None, None) => {}
    }
    let of_figures = nightly.trends.iter().filter(|trend| !trend.unit.is_empty());
    let hosts = of_figures.filter_map(|trend| trend.what.split(' ').next());
    let hosts: BTreeSet<&str> = hosts.collect();
    match hosts.len() {
        0 => String::new(),
        1..=3 => format!(" on {}", Vec::from_iter(hosts).join(", ")),
        count => format!(" on {count} nodes"),
    }
}

/// The nodes, or how many they are where that would be long.
fn short(nodes: &Nodes) -> String {
    match nodes.set.len() {
        0..=SET => nodes.set.clone(),
        _ => format!("{} nodes", nodes.count),
    }
}

/// Nodes on which runtimes run no container, and why.
fn broken<'a>(all: impl Iterator<Item = &'a Broken>, new: bool) -> Vec<String> {
    let mut by_what: Vec<(String, Vec<String>)> = Vec::new();
    for one in all {
        let (what, named) = match &one.gone {
            Some(runtime) => (format!("{runtime} is gone from"), short(&one.nodes)),
            None => {
                let because = one.because.join(", ");
                (
                    fails(one, new),
                    format!("{} ({because})", short(&one.nodes)),
                )
            }
        };
        match by_what.iter_mut().find(|(known, _)| *known == what) {
            Some((_, known)) => known.push(named),
            None => by_what.push((what, vec![named])),
        }
    }
    let parts = by_what.into_iter().take(CAUSES).map(|(what, named)| {
        let more = match named.len().saturating_sub(CAUSES) {
            0 => String::new(),
            more => format!(" and of {}", counted(more, "more cause")),
        };
        let named = &named[..named.len().min(CAUSES)];
        format!("{what} {}{more}", named.join(", "))
    });
    parts.collect()
}

/// What does not run there.
fn fails(one: &Broken, new: bool) -> String {
    let what = match (one.all, one.runtimes.as_slice()) {
        (true, _) | (_, []) => "containers".into(),
        (false, runtimes) => format!("containers of {}", runtimes.join(" and ")),
    };
    let longer = if new { "no longer" } else { "do not" };
    format!("{what} {longer} run on")
}

/// Nodes that do not report: those of which that is new, or the others.
fn away(all: &[Away], new: bool) -> Option<String> {
    let some = all.iter().filter(|away| away.new == new);
    let nodes = some.map(|away| away.nodes.clone());
    let nodes = nodes.reduce(|one, other| union(&one, &other))?;
    Some(format!("not reporting: {}", short(&nodes)))
}

/// How many findings fail, warn or are unknown.
fn by_status<'a>(items: impl Iterator<Item = &'a Item> + Clone) -> String {
    let parts = [Status::Fail, Status::Warn, Status::Unknown].map(|status| {
        let count = causes(items.clone().filter(|item| item.status == status));
        (count > 0).then(|| format!("{count} {}", status.as_str()))
    });
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [] => "no finding".into(),
        some => some.join(", "),
    }
}

/// What is to be known of any night: three lines.
pub struct Summary {
    /// The verdict, and since when.
    pub head: String,
    /// What is as bad as it was.
    pub still: Vec<String>,
    /// What was not checked.
    pub unchecked: Vec<String>,
}

impl Summary {
    /// The lines of a night, whole.
    pub fn whole(&self) -> [String; 3] {
        [
            self.head.clone(),
            self.still.join("; "),
            self.unchecked.join("; "),
        ]
    }
}

/// What is to be known of any night.
pub fn summary(nightly: &Nightly) -> Summary {
    let before = nightly.before_at.as_deref();
    let before = before.map_or("with none before".into(), |at| format!("since {at}"));
    let or = |mut parts: Vec<String>, nothing: &str| {
        if parts.is_empty() {
            parts.push(nothing.into());
        }
        parts
    };
    let unchecked = nightly.not_checked.iter();
    let unchecked = unchecked.map(|one| format!("{} ({})", one.what, one.why));
    Summary {
        head: format!("{}, {before}", verdict(nightly)),
        still: or(still(nightly), "nothing"),
        unchecked: or(unchecked.collect(), "nothing that was checked before"),
    }
}

/// What is as bad as it was: first where containers do not run, then who does not report.
fn still(nightly: &Nightly) -> Vec<String> {
    if nightly.verdict == Verdict::First {
        return vec!["nothing yet: later nights are held against this one".into()];
    }
    let broken = nightly.broken.iter();
    let broken = broken.filter(|one| !one.new && !one.first).map(|one| {
        let because = one.because.join(", ");
        let what = match &one.gone {
            Some(runtime) => format!("{runtime} is gone from {}", one.nodes.set),
            None => format!("{} {} ({because})", fails(one, false), one.nodes.set),
        };
        format!("{what} since {}", one.since)
    });
    let away = nightly.away.iter().filter(|one| !one.new).map(|one| {
        format!(
            "not reporting {} ({}) since {}",
            one.nodes.set, one.why, one.since
        )
    });
    let mut parts: Vec<String> = broken.chain(away).collect();
    if let Some(since) = still_of(nightly).map(|item| &item.since).min() {
        let items = still_of(nightly).collect::<Vec<_>>();
        let counts = by_status(items.into_iter());
        parts.push(format!("{counts}, the oldest since {since}"));
    }
    parts
}
