//! Figures by run: those that have become worse, those of which that cannot be told, and how
//! things went.

use std::collections::BTreeMap;

use hpcctl_model::history::Figure;
use hpcctl_model::nightly::{Point, Regression, Trend};

use super::regression::{self, NEEDED, Worse};
use super::run::{Run, Runs};
use super::subject::Subjects;
use crate::fleet::NodeSet;

/// The most series of figures that are drawn.
const DRAWN: usize = 40;

/// The most nights that are drawn.
const NIGHTS: usize = 14;

/// After how many nights one does not wait for a figure any more.
const AWAITED: u64 = 30;

/// A figure with its time, and how many runs ago that was.
#[derive(Debug, Clone, Copy)]
struct Taken<'a> {
    figure: &'a Figure,
    at: &'a str,
    /// How many nights ago.
    age: u64,
}

/// The figures of each series, the oldest first; of a run the last.
fn all(kinds: &[Runs]) -> BTreeMap<&str, Vec<Taken<'_>>> {
    let mut all: BTreeMap<&str, Vec<Taken<'_>>> = BTreeMap::new();
    for run in kinds.iter().flat_map(|runs| &runs.0) {
        let mut of_run: BTreeMap<&str, Taken<'_>> = BTreeMap::new();
        // The latest record comes first.
        for record in &run.records {
            let (at, age) = (record.at.as_str(), run.age);
            let figures = record.figures.iter().filter(|one| one.median.is_finite());
            for figure in figures {
                of_run
                    .entry(&figure.series)
                    .or_insert(Taken { figure, at, age });
            }
        }
        for (series, taken) in of_run {
            all.entry(series).or_default().push(taken);
        }
    }
    for taken in all.values_mut() {
        taken.reverse();
    }
    all
}

/// What became of figures.
#[derive(Debug, Default)]
pub struct Judged {
    /// Those that have become worse, as far as they were measured this night.
    pub regressions: Vec<Regression>,
    /// Those that are as much worse as they were.
    pub slow: Vec<Regression>,
    /// Those that are as usual again.
    pub recovered: Vec<Regression>,
    /// What cannot be told, and why.
    pub not_checked: Vec<(String, String)>,
    /// When they were measured last before this night.
    pub before_at: Option<String>,
}

/// The node that a series is of.
fn host(series: &str) -> &str {
    series.split(' ').next().unwrap_or_default()
}

/// Judges every series; of nodes that are no longer nothing is awaited.
pub fn judged(kinds: &[Runs], retired: &NodeSet) -> Judged {
    let mut judged = Judged::default();
    let mut too_few: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let mut unmeasured: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (series, taken) in all(kinds) {
        let Some(last) = taken.last() else { continue };
        let before = taken.len().checked_sub(2).map(|at| taken[at].at);
        if last.age > 0 {
            if last.age <= AWAITED && !retired.contains(host(series)) {
                *unmeasured.entry((host(series), last.at)).or_default() += 1;
            }
            continue;
        }
        judged.before_at = judged.before_at.max(before.map(str::to_owned));
        let medians: Vec<f64> = taken.iter().map(|taken| taken.figure.median).collect();
        let told = |worse| regression(series, &taken, &medians, worse);
        match regression::judged(&medians, last.figure.less_is_better) {
            regression::Judged::Usual => {}
            regression::Judged::TooFew => {
                *too_few.entry((host(series), taken.len())).or_default() += 1;
            }
            regression::Judged::Once(by) => {
                let why = format!("{:.0} % worse once; a second night counts", by * 100.0);
                judged.not_checked.push((series.into(), why));
            }
            regression::Judged::Worse(worse) => judged.regressions.extend(told(worse)),
            regression::Judged::Still(worse) => judged.slow.extend(told(worse)),
            regression::Judged::Again(worse) => judged.recovered.extend(told(worse)),
        }
    }
    let figures = |count: usize| crate::terminal::counted(count, "figure");
    for ((host, nights), count) in too_few {
        let why = format!("too few nights to judge them: {nights} of {NEEDED}");
        judged
            .not_checked
            .push((format!("bench on {host}, {}", figures(count)), why));
    }
    for ((host, at), count) in unmeasured {
        let why = format!("not measured this night, last {at}");
        judged
            .not_checked
            .push((format!("bench on {host}, {}", figures(count)), why));
    }
    judged
}

/// A figure that is or was worse, as it is told.
fn regression(
    series: &str,
    taken: &[Taken<'_>],
    medians: &[f64],
    worse: Worse,
) -> Option<Regression> {
    Some(Regression {
        series: series.into(),
        unit: taken.last()?.figure.unit.clone(),
        usual: worse.usual.median,
        spread: worse.usual.spread,
        nights: worse.usual.nights as u64,
        last: *medians.last_chunk::<2>()?,
        worse: worse.by,
        since: taken.get(worse.from)?.at.into(),
    })
}

/// How the nodes and the figures went.
pub fn trends(kinds: &[Runs], subjects: &[Subjects<'_>]) -> Vec<Trend> {
    let mut trends = Vec::new();
    let sizes = |(runs, subjects): (&Runs, &Subjects<'_>)| -> Vec<(String, usize, usize)> {
        let counts = runs
            .0
            .iter()
            .enumerate()
            .map(|(place, run): (usize, &Run)| {
                let (nodes, failing) = subjects.counts(place);
                (run.at.clone(), nodes, failing)
            });
        counts.collect()
    };
    // Of nodes the kind of report that is of most of them.
    let sizes = kinds.iter().zip(subjects).map(sizes);
    let most = sizes.max_by_key(|runs| runs.iter().map(|(_, nodes, _)| *nodes).max());
    let mut runs = most.unwrap_or_default();
    let largest = runs.iter().map(|(_, nodes, _)| *nodes).max().unwrap_or(0);
    // A run of few nodes is no night.
    runs.retain(|(_, nodes, _)| *nodes > 0 && 2 * nodes >= largest);
    runs.truncate(NIGHTS);
    for (what, failing) in [("nodes", false), ("nodes with a check that fails", true)] {
        let points = runs.iter().rev().map(|(at, nodes, fail)| Point {
            at: at.clone(),
            value: if failing { *fail } else { *nodes } as f64,
        });
        trends.push(Trend {
            what: what.into(),
            unit: String::new(),
            points: points.collect(),
        });
    }
    for (series, taken) in all(kinds).into_iter().take(DRAWN) {
        let drawn = &taken[taken.len().saturating_sub(NIGHTS)..];
        let points = drawn.iter().map(|taken| Point {
            at: taken.at.to_owned(),
            value: taken.figure.median,
        });
        trends.push(Trend {
            what: series.to_owned(),
            unit: taken
                .first()
                .map_or_else(String::new, |one| one.figure.unit.clone()),
            points: points.collect(),
        });
    }
    trends
}
