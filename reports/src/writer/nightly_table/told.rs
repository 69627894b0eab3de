//! The parts of a report with their rows, as every format of `report` tells them.

use std::borrow::Cow;

use hpcctl_model::bench;
use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Nodes;
use hpcctl_model::nightly::{
    Away, Cost, Item, Kernel, Lapsing, NODES, Nightly, Regression, Verdict,
};

use super::summary::{first_of, still_of};
use crate::terminal::{counted, shortened};
use crate::writer::bench_table::number;

/// A part of the report.
pub struct Section {
    pub title: &'static str,
    pub rows: Vec<Row>,
}

/// A line of a part.
#[derive(Clone, Default)]
pub struct Row {
    /// The outcome, where it is that of a check or a rule.
    pub state: String,
    pub what: String,
    /// The nodes, folded, or the images; empty where the row is of none.
    pub set: String,
    /// How many those are.
    pub count: u64,
    pub text: String,
    pub fix: Option<String>,
    /// Whether that is worse than it was.
    pub worse: bool,
}

impl Row {
    /// What it is of, with how many that are; a long set is cut to so many characters before their number.
    pub fn on(&self, most: usize) -> String {
        let set = shortened(&self.set, most);
        match self.count {
            0 | 1 => set.into_owned(),
            count => format!("{set} ({count})"),
        }
    }

    /// What it is of, in full.
    pub fn whole(&self) -> String {
        self.on(usize::MAX)
    }

    /// What is said, with where.
    pub fn told(&self) -> Cow<'_, str> {
        match self.set.as_str() {
            "" => self.text.as_str().into(),
            _ => format!("on {}: {}", self.whole(), self.text).into(),
        }
    }
}

/// What changed, the worst first. What follows from another finding on the same nodes is only
/// counted there, unless all is wanted.
pub fn sections(nightly: &Nightly, all: bool) -> Vec<Section> {
    let part = |title, rows| Section { title, rows };
    let items = |items: &[Item]| rows(items.iter(), all);
    let set = |nodes: &Nodes, text: &str| {
        let some = (nodes.count > 0).then(|| of_nodes(nodes, text.into()));
        some.into_iter().collect::<Vec<_>>()
    };
    let is_first = nightly.verdict == Verdict::First;
    let news = nightly.away.iter().filter(|one| one.new || is_first);
    let costs = |verdict| {
        let costs = nightly.costs.iter();
        costs.filter(move |one| is(one, verdict)).map(cost)
    };
    let mut slower: Vec<Row> = nightly.regressions.iter().map(slower).collect();
    accepted(&mut slower);
    slower.extend(costs(bench::Verdict::Slower));
    let mut fixed = items(&nightly.fixed);
    fixed.extend(nightly.recovered.iter().map(recovered));
    let mut flapping = items(&nightly.flapping);
    for row in &mut flapping {
        row.worse = row.state == Status::Fail.as_str();
    }
    let parts = [
        part("New", worse(items(&nightly.new))),
        part("Looked at for the first time", rows(first_of(nightly), all)),
        part("Not reporting", {
            let away = news.map(away).collect();
            if is_first { away } else { worse(away) }
        }),
        part("Slower", worse(slower)),
        part("Faster", costs(bench::Verdict::Faster).collect()),
        part("Better, and not fixed", items(&nightly.eased)),
        part("Fixed", fixed),
        part("Flapping", flapping),
        part("Waivers", nightly.waivers.iter().map(lapsing).collect()),
        part(
            "Another kernel",
            nightly.kernels.iter().map(kernel).collect(),
        ),
        part("Back", set(&nightly.returned, "report again")),
        part(
            "Joined",
            set(&nightly.joined, "reported for the first time"),
        ),
    ];
    parts
        .into_iter()
        .filter(|part| !part.rows.is_empty())
        .collect()
}

/// What is as bad as it was, finding by finding: nodes that do not report and figures that are worse come
/// last. Nothing is in a first night.
pub fn still(nightly: &Nightly, all: bool) -> Vec<Row> {
    if nightly.verdict == Verdict::First {
        return Vec::new();
    }
    let mut rows = rows(still_of(nightly), all);
    rows.extend(nightly.away.iter().filter(|one| !one.new).map(away));
    let mut slow: Vec<Row> = nightly.slow.iter().map(slow).collect();
    accepted(&mut slow);
    rows.extend(slow);
    rows
}

fn worse(mut rows: Vec<Row>) -> Vec<Row> {
    for row in &mut rows {
        row.worse = true;
    }
    rows
}

fn of_nodes(nodes: &Nodes, text: String) -> Row {
    Row {
        what: NODES.into(),
        set: nodes.set.clone(),
        count: nodes.count,
        text,
        ..Row::default()
    }
}

fn plain(what: &str, text: String) -> Row {
    Row {
        what: what.into(),
        text,
        ..Row::default()
    }
}

fn kernel(one: &Kernel) -> Row {
    Row {
        what: "kernel".into(),
        ..of_nodes(&one.nodes, format!("{}; was {}", one.is, one.was))
    }
}

fn away(one: &Away) -> Row {
    of_nodes(&one.nodes, format!("{}; since {}", one.why, one.since))
}

fn lapsing(waiver: &Lapsing) -> Row {
    let (expires, owner) = (&waiver.expires, &waiver.owner);
    let text = match waiver.lapsed {
        true => format!("has lapsed: its last day was {expires}; owner {owner}"),
        false => format!("its last day is {expires}; owner {owner}"),
    };
    plain(&waiver.id, text)
}

/// The last two nights of a figure, and what is usual.
fn nights(one: &Regression) -> String {
    format!(
        "{} and {} {} in the last two nights, usually {} (spread {}, {} nights)",
        number(one.last[0]),
        number(one.last[1]),
        one.unit,
        number(one.usual),
        number(one.spread),
        one.nights
    )
}

fn slower(one: &Regression) -> Row {
    let by = one.worse * 100.0;
    plain(&one.series, format!("{}: worse by {by:.0} %", nights(one)))
}

/// Says, once, what there is to do of figures that are worse: what made them so only the site knows.
fn accepted(rows: &mut [Row]) {
    if let Some(first) = rows.first_mut() {
        let fix = "where that is meant, accept it in /etc/hpcctl/accepted.toml; what stands there is told \
                   by: hpcctl report nightly --help";
        first.fix = Some(fix.into());
    }
}

fn slow(one: &Regression) -> Row {
    let (by, since) = (one.worse * 100.0, &one.since);
    let text = format!("{}: worse by {by:.0} % since {since}", nights(one));
    plain(&one.series, text)
}

fn recovered(one: &Regression) -> Row {
    let (by, since) = (one.worse * 100.0, &one.since);
    let text = format!(
        "{}: as usual again; was worse by {by:.0} % since {since}",
        nights(one)
    );
    plain(&one.series, text)
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
    plain(&one.metric, text)
}

/// Findings as lines.
fn rows<'i>(items: impl Iterator<Item = &'i Item> + Clone, all: bool) -> Vec<Row> {
    let is_shown = |item: &&Item| all || item.follows.is_none();
    let shown = items.clone().filter(is_shown);
    shown
        .map(|item| {
            let mut row = row(item);
            let follows = |one: &&Item| one.on == item.on && one.follows.as_ref() == Some(&item.id);
            let count = items.clone().filter(follows).count();
            if count > 0 && !all {
                row.text += &format!("; {} of the same cause", counted(count, "more finding"));
            }
            row
        })
        .collect()
}

/// Since when something has been so, as it is told.
pub(super) fn from(since: &str, or_before: bool) -> String {
    format!("{since}{}", if or_before { " or before" } else { "" })
}

/// A finding as a line.
pub fn row(item: &Item) -> Row {
    let passes = item.status == Status::Pass;
    let was = item.was.filter(|was| *was != item.status);
    let others = match item.others {
        0 => String::new(),
        count => format!(" (and {})", counted(count, "other text")),
    };
    let (since, was_text) = (from(&item.since, item.or_before), &item.text);
    let text = match was {
        _ if item.id == NODES => item.text.clone(),
        Some(was) if passes && item.part => {
            let was = was.as_str();
            format!("no longer found; was {was} since {since}: {was_text}{others}")
        }
        Some(was) if passes => {
            format!(
                "passes now; was {} since {since}: {was_text}{others}",
                was.as_str()
            )
        }
        Some(was) => format!("{}{others}; was {}", item.text, was.as_str()),
        None => format!("{}{others}", item.text),
    };
    Row {
        state: item.status.as_str().into(),
        what: item.id.clone(),
        set: item.on.set.clone(),
        count: item.on.count,
        // What was never looked at before began nobody knows when.
        text: match item.first || passes && was.is_some() && item.id != NODES {
            true => text,
            false => format!("{text}; since {since}"),
        },
        fix: item.fix.clone().filter(|_| !passes),
        worse: false,
    }
}
