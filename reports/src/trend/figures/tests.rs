use super::*;
use crate::trend::planted::record;

/// A record of a figure of a node.
fn measured(night: usize, host: &str, unit: &str, median: f64) -> Record {
    let mut record = record(night, Vec::new());
    record.kind = "bench".into();
    record.figures.push(Figure {
        series: format!("{host} libc.syscall outside"),
        unit: unit.into(),
        less_is_better: true,
        median,
    });
    record
}

fn judged(records: impl Iterator<Item = Record>) -> (Figures, Judged) {
    let end = "2026-11-25T06:00:00Z".parse().unwrap();
    let mut figures = Figures::until(end, Vec::new());
    records.for_each(|mut record| figures.add(&mut record));
    let judged = figures.judged(&NodeSet::default());
    (figures, judged)
}

#[test]
fn of_two_reports_the_later_one_was_measured() {
    for (before, after) in [("n1", "n2"), ("n2", "n1"), ("n1", "n1")] {
        // Within a day, in one second, and given the other way round.
        for at in [
            "2026-11-25T01:00:00Z",
            "2026-11-25T02:00:00Z",
            "2026-11-25T03:00:00Z",
        ] {
            let mut then = measured(0, before, "us", 10.0);
            then.at = at.into();
            let mut now = measured(0, after, "us", 10.0);
            let pair = Figures::pair(&mut then, &mut now);
            let judged = pair.judged(&NodeSet::default());
            assert_eq!(judged.nodes, [after], "{before} and {after}");
            let is_pair = judged.before_at.is_some();
            assert_eq!(is_pair, before == after, "{before} and {after}");
        }
    }
}

#[test]
fn figures_in_another_unit_are_no_nights_of_the_same_series() {
    // From four nights ago on in milliseconds: what is usual in microseconds says nothing of it.
    let night = |age: usize| match age {
        0..4 => measured(age, "n1", "ms", 0.01),
        _ => measured(age, "n1", "us", 10.0),
    };
    let (figures, found) = judged((0..16).rev().map(night));
    assert!(found.recovered.is_empty() && found.regressions.is_empty());
    assert_eq!(
        found.not_checked,
        [(
            "bench on n1, 1 figure".to_owned(),
            "too few nights to judge them: 4 of 8 in ms, which were in us before".to_owned()
        )]
    );
    let trends = figures.trends(&found);
    let units: Vec<(&str, &str, usize)> = trends
        .iter()
        .map(|one| (one.what.as_str(), one.unit.as_str(), one.points.len()))
        .collect();
    assert_eq!(
        units,
        [
            ("n1 libc.syscall outside", "us", 12),
            ("n1 libc.syscall outside (ms)", "ms", 4)
        ]
    );
    // And the other way round: a thousand times as much is no regression.
    let night = |age: usize| match age {
        0..12 => measured(age, "n1", "us", 10.0),
        _ => measured(age, "n1", "ms", 0.01),
    };
    let (_, found) = judged((0..24).rev().map(night));
    assert!(found.regressions.is_empty() && found.slow.is_empty());
}
