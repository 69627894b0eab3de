//! How the nodes and the figures went, night by night.

use hpcctl_model::nightly::{Point, Trend};

use super::change::Asked;
use super::figures::{self, NIGHTS};
use super::run::{Run, Runs};
use super::subject::Subjects;

/// How the nodes and the figures went; of figures those first of which something is told.
pub fn trends(asked: &Asked, subjects: &[Subjects<'_>], figures: &figures::Judged) -> Vec<Trend> {
    let mut trends = of_nodes(&asked.kinds, subjects);
    trends.extend(asked.figures.trends(figures));
    trends
}

/// How many nodes there were, and on how many of those a check failed.
fn of_nodes(kinds: &[Runs], subjects: &[Subjects<'_>]) -> Vec<Trend> {
    let sizes = |(runs, subjects): (&Runs, &Subjects<'_>)| -> Vec<(String, usize, usize)> {
        let counts = runs
            .all
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
    let trend = |what: &str, value: fn(usize, usize) -> usize| {
        let points = runs.iter().rev().map(|(at, nodes, failing)| Point {
            at: at.clone(),
            value: value(*nodes, *failing) as f64,
        });
        Trend {
            what: what.into(),
            unit: String::new(),
            points: points.collect(),
        }
    };
    vec![
        trend("nodes", |nodes, _| nodes),
        trend("nodes with a check that fails", |_, failing| failing),
    ]
}
