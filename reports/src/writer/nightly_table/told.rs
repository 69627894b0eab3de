//! What every format of `report` tells: the verdict in a line, what is to be known of any night in
//! three, and the parts of the report with their rows.

use std::collections::BTreeSet;

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::nightly::{Away, Broken, Cost, Item, Nightly, Regression, Verdict};

use crate::fleet::node_set::union;
use crate::terminal::counted;
use crate::writer::bench_table::number;

/// A part of the report.
pub struct Section {
    pub title: &'static str,
    /// Whether it tells of what is worse than it was.
    pub worse: bool,
    pub rows: Vec<Row>,
}

/// A line of a part.
pub struct Row {
    pub state: String,
    pub what: String,
    pub on: String,
    pub text: String,
    pub fix: Option<String>,
}

/// Under what is told that nodes report or do not.
pub const NODES: &str = "node.reports";

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
            let mut parts = broken(&nightly.broken, false);
            parts.extend(away(&nightly.away, false));
            parts.push(by_status(&nightly.still));
            format!("first night: {}{on}", parts.join("; "))
        }
        Verdict::Worse | Verdict::Changed => {
            let mut parts = broken(&nightly.broken, true);
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
        (causes(&nightly.new), "new"),
        (causes(&nightly.fixed), "fixed"),
        (nightly.flapping.len(), "flapping"),
        (slower, "slower"),
        (of_costs(bench::Verdict::Faster), "faster"),
        (size(&nightly.returned), "back"),
        (size(&nightly.joined), "joined"),
        (nightly.waivers.len(), "lapsing"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(n, what)| format!("{n} {what}")).collect();
    parts.join(", ")
}

/// How many findings there are, without those that follow from another.
fn causes(items: &[Item]) -> usize {
    items.iter().filter(|item| item.follows.is_none()).count()
}

/// What the results are of.
fn place(nightly: &Nightly) -> String {
    if nightly.reported > 0 {
        let count = usize::try_from(nightly.reported).unwrap_or(usize::MAX);
        return format!(" on {}", counted(count, "node"));
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

/// Nodes on which containers do not run, and why: those of which that is new, or the others.
fn broken(all: &[Broken], new: bool) -> Vec<String> {
    let (gone, none): (Vec<_>, Vec<_>) = all
        .iter()
        .filter(|one| one.new == new)
        .partition(|one| one.gone.is_some());
    let named = |one: &&Broken| format!("{} ({})", short(&one.nodes), one.because.join(", "));
    let mut parts = Vec::new();
    if !none.is_empty() {
        let longer = if new { "no longer" } else { "do not" };
        let named: Vec<String> = none.iter().take(CAUSES).map(named).collect();
        let more = match none.len().saturating_sub(CAUSES) {
            0 => String::new(),
            more => format!(" and of {} more", counted(more, "cause")),
        };
        parts.push(format!(
            "containers {longer} run on {}{more}",
            named.join(", ")
        ));
    }
    parts.extend(gone.iter().take(CAUSES).map(|one| {
        let runtime = one.gone.as_deref().unwrap_or_default();
        format!("{runtime} is gone from {}", short(&one.nodes))
    }));
    parts
}

/// Nodes that do not report: those of which that is new, or the others.
fn away(all: &[Away], new: bool) -> Option<String> {
    let some = all.iter().filter(|away| away.new == new);
    let nodes = some.map(|away| away.nodes.clone());
    let nodes = nodes.reduce(|one, other| union(&one, &other))?;
    Some(format!("not reporting: {}", short(&nodes)))
}

/// How many findings fail, warn or are unknown.
fn by_status(items: &[Item]) -> String {
    let parts = [Status::Fail, Status::Warn, Status::Unknown].map(|status| {
        let count = items.iter().filter(|item| item.status == status).count();
        (count > 0).then(|| format!("{count} {}", status.as_str()))
    });
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [] => "no finding".into(),
        some => some.join(", "),
    }
}

/// What is to be known of any night: three lines.
pub fn summary(nightly: &Nightly) -> [String; 3] {
    let before = nightly.before_at.as_deref();
    let before = before.map_or("with none before".into(), |at| format!("since {at}"));
    let head = format!("{}, {before}", verdict(nightly));
    let unchecked = nightly.not_checked.iter();
    let unchecked: Vec<String> = unchecked
        .map(|one| format!("{} ({})", one.what, one.why))
        .collect();
    let unchecked = match unchecked.as_slice() {
        [] => "nothing that was checked before".into(),
        some => some.join("; "),
    };
    [head, still(nightly), unchecked]
}

/// What is as bad as it was: first where containers do not run, then who does not report.
fn still(nightly: &Nightly) -> String {
    if nightly.verdict == Verdict::First {
        return "nothing yet: later nights are held against this one".into();
    }
    let broken = nightly.broken.iter().filter(|one| !one.new).map(|one| {
        let what = match &one.gone {
            Some(runtime) => format!("{runtime} is gone"),
            None => one.because.join(", "),
        };
        format!("broken {} ({what}) since {}", one.nodes.set, one.since)
    });
    let away = nightly.away.iter().filter(|one| !one.new).map(|one| {
        format!(
            "not reporting {} ({}) since {}",
            one.nodes.set, one.why, one.since
        )
    });
    let mut parts: Vec<String> = broken.chain(away).collect();
    if let Some(since) = nightly.still.iter().map(|item| &item.since).min() {
        parts.push(format!(
            "{}, the oldest since {since}",
            by_status(&nightly.still)
        ));
    }
    match parts.as_slice() {
        [] => "nothing".into(),
        some => some.join("; "),
    }
}

/// What changed, the worst first. What follows from another finding on the same nodes is only
/// counted there, unless all is wanted.
pub fn sections(nightly: &Nightly, all: bool) -> Vec<Section> {
    let part = |title, worse, rows| Section { title, worse, rows };
    let items = |items: &[Item]| rows(items, all);
    let set = |nodes: &Nodes, text: &str| {
        let some = (nodes.count > 0).then(|| plain(NODES, &nodes.set, text));
        some.into_iter().collect::<Vec<_>>()
    };
    let waivers = nightly.waivers.iter().map(|waiver| {
        let text = format!("its last day is {}; owner {}", waiver.expires, waiver.owner);
        plain(&waiver.id, "", &text)
    });
    let is_first = nightly.verdict == Verdict::First;
    let found = if is_first { &nightly.still[..] } else { &[] };
    let away = nightly.away.iter().filter(|one| one.new || is_first);
    let away = away.map(|one| {
        let text = format!("{}; since {}", one.why, one.since);
        plain(NODES, &one.nodes.set, &text)
    });
    let slower = nightly.regressions.iter().map(regression);
    let costs = |verdict| {
        let costs = nightly.costs.iter();
        costs.filter(move |one| is(one, verdict)).map(cost)
    };
    let parts = [
        part("New", true, items(&nightly.new)),
        part("Found", false, items(found)),
        part("Not reporting", !is_first, away.collect()),
        part(
            "Slower",
            true,
            slower.chain(costs(bench::Verdict::Slower)).collect(),
        ),
        part("Faster", false, costs(bench::Verdict::Faster).collect()),
        part("Fixed", false, items(&nightly.fixed)),
        part("Flapping", false, items(&nightly.flapping)),
        part("Waivers that lapse", false, waivers.collect()),
        part("Back", false, set(&nightly.returned, "report again")),
        part(
            "Joined",
            false,
            set(&nightly.joined, "reported for the first time"),
        ),
    ];
    parts
        .into_iter()
        .filter(|part| !part.rows.is_empty())
        .collect()
}

fn plain(what: &str, on: &str, text: &str) -> Row {
    Row {
        state: String::new(),
        what: what.into(),
        on: on.into(),
        text: text.into(),
        fix: None,
    }
}

fn regression(one: &Regression) -> Row {
    let text = format!(
        "{} and {} {} in the last two nights, usually {} (spread {}, {} nights): worse by {:.0} %",
        number(one.last[0]),
        number(one.last[1]),
        one.unit,
        number(one.usual),
        number(one.spread),
        one.nights,
        one.worse * 100.0
    );
    plain(&one.series, "", &text)
}

/// Whether the container, or the node itself, became that.
fn is(one: &Cost, verdict: bench::Verdict) -> bool {
    one.change.verdict == verdict || one.node == verdict
}

/// What a container costs now by what it cost then.
fn cost(one: &Cost) -> Row {
    let one = &one.change;
    let text = format!(
        "inside by outside {:.3} now and {:.3} then: {:.3} of it (90 % band {:.3} to {:.3}); the \
         node itself {:.3}",
        one.now.estimate,
        one.then.estimate,
        one.ratio.estimate,
        one.ratio.ci_low,
        one.ratio.ci_high,
        one.outside.estimate
    );
    plain(&one.metric, "", &text)
}

/// Findings as lines.
pub fn rows(items: &[Item], all: bool) -> Vec<Row> {
    let is_shown = |item: &&Item| all || item.follows.is_none();
    let shown = items.iter().filter(is_shown);
    shown
        .map(|item| {
            let mut row = row(item);
            let follows = |one: &&Item| one.on == item.on && one.follows.as_ref() == Some(&item.id);
            let count = items.iter().filter(follows).count();
            if count > 0 && !all {
                row.text += &format!("; {} of the same cause", counted(count, "more finding"));
            }
            row
        })
        .collect()
}

/// A finding as a line.
pub fn row(item: &Item) -> Row {
    let passes = item.status == Status::Pass;
    let was = item.was.filter(|was| *was != item.status);
    let others = match item.others {
        0 => String::new(),
        count => format!(" (and {count} other texts)"),
    };
    let count = match item.on.count {
        0 | 1 => String::new(),
        count => format!(" ({count})"),
    };
    let text = match was {
        Some(was) if passes => format!("passes now; was {}: {}{others}", was.as_str(), item.text),
        Some(was) => format!("{}{others}; was {}", item.text, was.as_str()),
        None => format!("{}{others}", item.text),
    };
    Row {
        state: item.status.as_str().into(),
        what: item.id.clone(),
        on: format!("{}{count}", item.on.set),
        text: format!("{text}; since {}", item.since),
        fix: item.fix.clone().filter(|_| !passes),
    }
}
