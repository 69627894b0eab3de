//! Figures by night: those that have become worse, and how things went.

use std::collections::{BTreeMap, BTreeSet};

use hpcctl_model::doctor::Status;
use hpcctl_model::history::{Figure, Record, Said};
use hpcctl_model::nightly::{Point, Regression, Trend};

use super::regression;

/// The most series of figures that are drawn.
const DRAWN: usize = 40;

/// The figures of each series with their time, the oldest first; of a night the last.
fn all(nights: &[Vec<Record>]) -> BTreeMap<&str, Vec<(&Figure, &str)>> {
    let mut all: BTreeMap<&str, Vec<(&Figure, &str)>> = BTreeMap::new();
    for records in nights.iter().rev() {
        let mut of_night: BTreeMap<&str, (&Figure, &str)> = BTreeMap::new();
        for record in records {
            for figure in record.figures.iter().filter(|one| one.median.is_finite()) {
                let known = of_night.entry(&figure.series);
                let known = known.or_insert((figure, &record.at));
                if *known.1 <= *record.at {
                    *known = (figure, &record.at);
                }
            }
        }
        for (series, figure) in of_night {
            all.entry(series).or_default().push(figure);
        }
    }
    all
}

/// The series that were measured this night.
fn measured(records: &[Record]) -> BTreeSet<&str> {
    let figures = records.iter().flat_map(|record| &record.figures);
    figures.map(|figure| figure.series.as_str()).collect()
}

/// The series that were measured the night before, and not this night.
pub fn unmeasured(nights: &[Vec<Record>]) -> Vec<String> {
    let [now, before, ..] = nights else {
        return Vec::new();
    };
    let (now, before) = (measured(now), measured(before));
    before
        .difference(&now)
        .map(|one| (*one).to_owned())
        .collect()
}

/// The series that have become worse, as far as they were measured this night.
pub fn regressions(nights: &[Vec<Record>]) -> Vec<Regression> {
    let tonight = measured(nights.first().map_or(&[], Vec::as_slice));
    let all = all(nights);
    let of_tonight = all.iter().filter(|(series, _)| tonight.contains(*series));
    let judged = of_tonight.filter_map(|(series, figures)| {
        let (last, _) = figures.last()?;
        let medians: Vec<f64> = figures.iter().map(|(figure, _)| figure.median).collect();
        let found = regression::judged(&medians, last.less_is_better)?;
        Some(Regression {
            series: (*series).to_owned(),
            unit: last.unit.clone(),
            ..found
        })
    });
    judged.collect()
}

/// How the nodes and the figures went.
pub fn trends<K>(
    nights: &[Vec<Record>],
    subjects: &BTreeMap<K, Vec<Option<(&Said, &str)>>>,
) -> Vec<Trend> {
    let (mut reported, mut failing) = (Vec::new(), Vec::new());
    for (night, records) in nights.iter().enumerate().rev() {
        let Some(at) = records.iter().map(|record| &record.at).max() else {
            continue;
        };
        let said = subjects.values().filter_map(|slots| slots[night]);
        let nodes: Vec<&Said> = said
            .map(|(said, _)| said)
            .filter(|one| !one.image)
            .collect();
        let fails = |said: &&&Said| said.found.iter().any(|one| one.status == Status::Fail);
        for (list, count) in [
            (&mut reported, nodes.len()),
            (&mut failing, nodes.iter().filter(fails).count()),
        ] {
            let (at, value) = (at.clone(), count as f64);
            list.push(Point { at, value });
        }
    }
    let mut trends = Vec::new();
    for (what, points) in [
        ("nodes", reported),
        ("nodes with a check that fails", failing),
    ] {
        let (what, unit) = (what.into(), String::new());
        trends.push(Trend { what, unit, points });
    }
    for (series, figures) in all(nights).into_iter().take(DRAWN) {
        let points = figures.iter().map(|(figure, at)| Point {
            at: (*at).to_owned(),
            value: figure.median,
        });
        trends.push(Trend {
            what: series.to_owned(),
            unit: figures
                .first()
                .map_or_else(String::new, |one| one.0.unit.clone()),
            points: points.collect(),
        });
    }
    trends
}
