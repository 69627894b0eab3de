//! The parts of a report with their rows, as every format of `report` tells them.

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::nightly::{Cost, Item, Nightly, Regression, Verdict};

use super::summary::first_of;
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
    let found: Vec<Item> = first_of(nightly).cloned().collect();
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
        part("Looked at for the first time", false, items(&found)),
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
pub(super) fn is(one: &Cost, verdict: bench::Verdict) -> bool {
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

/// How many other texts there are.
fn other_texts(count: u64) -> String {
    counted(usize::try_from(count).unwrap_or(usize::MAX), "other text")
}

/// A finding as a line.
pub fn row(item: &Item) -> Row {
    let passes = item.status == Status::Pass;
    let was = item.was.filter(|was| *was != item.status);
    let others = match item.others {
        0 => String::new(),
        count => format!(" (and {})", other_texts(count)),
    };
    let count = match item.on.count {
        0 | 1 => String::new(),
        count => format!(" ({count})"),
    };
    let text = match was {
        _ if item.id == NODES => item.text.clone(),
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
