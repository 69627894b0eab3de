//! Figures by run: those that have become worse, those of which that cannot be told, and how
//! things went.

use std::collections::BTreeMap;

use hpcctl_model::history::Figure;
use hpcctl_model::nightly::{Point, Regression, Trend};

use super::regression::{self, NEEDED};
use super::run::{Run, Runs};
use super::subject::Subjects;

/// The most series of figures that are drawn.
const DRAWN: usize = 40;

/// The most nights that say what is usual, with the last two.
const NIGHTS: usize = 14;

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
            let taken_all = all.entry(series).or_default();
            if taken_all.len() < NIGHTS {
                taken_all.push(taken);
            }
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
    /// What cannot be told, and why.
    pub not_checked: Vec<(String, String)>,
    /// When they were measured last before this night.
    pub before_at: Option<String>,
}

/// The node that a series is of.
fn host(series: &str) -> &str {
    series.split(' ').next().unwrap_or_default()
}

/// Judges every series.
pub fn judged(kinds: &[Runs]) -> Judged {
    let mut judged = Judged::default();
    let mut too_few: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let mut unmeasured: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (series, taken) in all(kinds) {
        let Some(last) = taken.last() else { continue };
        let before = taken.len().checked_sub(2).map(|at| taken[at].at);
        if last.age > 0 {
            *unmeasured.entry((host(series), last.at)).or_default() += 1;
            continue;
        }
        judged.before_at = judged.before_at.max(before.map(str::to_owned));
        let medians: Vec<f64> = taken.iter().map(|taken| taken.figure.median).collect();
        match regression::judged(&medians, last.figure.less_is_better) {
            regression::Judged::Usual => {}
            regression::Judged::TooFew => {
                *too_few.entry((host(series), taken.len())).or_default() += 1;
            }
            regression::Judged::Once(worse) => judged.not_checked.push((
                series.into(),
                format!(
                    "worse by {:.0} % this night; it counts where the next is as bad",
                    worse * 100.0
                ),
            )),
            regression::Judged::Worse(found) => judged.regressions.push(Regression {
                series: series.into(),
                unit: last.figure.unit.clone(),
                ..found
            }),
        }
    }
    let figures = |count: usize| crate::terminal::counted(count, "figure");
    for ((host, nights), count) in too_few {
        let why = format!("too few nights to tell whether they became worse: {nights} of {NEEDED}");
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
        let points = taken.iter().map(|taken| Point {
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
