//! From pairs to comparisons; pure.

use hpcctl_model::bench::{Better, Comparison, Detectable, Figures, Ratio, Sample};

use crate::doubt;
use crate::measurement::Figure;
use crate::pair::Measured;
use crate::statistics::rank::{self, Shift};
use crate::statistics::{EQUIVALENT, Judged, Rule, detectable, deviation, judge, order};

/// How much worse than stated a run may turn out and still count as reached.
const TOLERANCE: f64 = 1.25;

/// What outside against outside said.
#[derive(Debug)]
pub(crate) struct Stated(Vec<Expected>);

/// What outside against outside said of one figure.
#[derive(Debug)]
struct Expected {
    figure: &'static Figure,
    /// Outside by outside.
    null: Ratio,
    /// The slow-down that the planned pairs will find.
    detectable: f64,
}

impl Stated {
    /// Each figure with the slow-down that will be found, as a share; the least first.
    pub(crate) fn detectable(&self) -> Vec<(&'static str, f64)> {
        let share = |expected: &Expected| (expected.figure.id, expected.detectable);
        let mut all: Vec<_> = self.0.iter().map(share).collect();
        all.sort_by(|(_, one), (_, other)| one.total_cmp(other));
        all
    }
}

/// The figures of what was measured, each with its pairs.
fn figures(measured: &Measured) -> impl Iterator<Item = (&'static Figure, &[Sample], u64)> {
    measured.rows.iter().flat_map(|row| {
        let figures = row.measurement.figures.iter().zip(&row.samples);
        figures.map(|(figure, samples)| (figure, samples.as_slice(), row.preempted))
    })
}

/// The logarithms of the ratio of costs, a pair each.
pub(crate) fn costs(better: Better, samples: &[Sample]) -> Vec<f64> {
    let sign = match better {
        Better::Less => 1.0,
        Better::More => -1.0,
    };
    let cost = |sample: &Sample| sign * (sample.inside / sample.outside).ln();
    samples.iter().map(cost).collect()
}

/// The ratio of the figures as they are, from the shift of the costs.
pub(crate) fn ratio(better: Better, shift: Shift) -> Ratio {
    let (low, high) = match better {
        Better::Less => (shift.low, shift.high),
        Better::More => (-shift.high, -shift.low),
    };
    let sign = if better == Better::Less { 1.0 } else { -1.0 };
    // Where too few pairs exclude nothing, JSON has no word for infinity.
    Ratio {
        estimate: (sign * shift.estimate).exp(),
        ci_low: low.exp(),
        ci_high: high.exp().min(f64::MAX),
    }
}

/// Judges outside against outside, and says what so many pairs will find.
pub(crate) fn stated(trial: &Measured, planned: usize, margin: f64) -> Stated {
    let all: Vec<_> = figures(trial).collect();
    let rule = Rule {
        margin,
        together: all.len(),
    };
    let expected = all.iter().map(|(figure, samples, _)| {
        let costs = costs(figure.better, samples);
        let shift = rank::shift(&costs, EQUIVALENT);
        Expected {
            figure,
            null: ratio(figure.better, shift),
            detectable: detectable(deviation(&costs, shift), planned, rule),
        }
    });
    Stated(expected.collect())
}

/// Judges inside against outside.
pub(crate) fn comparisons(measured: &Measured, stated: &Stated, margin: f64) -> Vec<Comparison> {
    // What failed in every pair is an unknown by now.
    let all: Vec<_> = figures(measured)
        .filter(|(_, samples, _)| !samples.is_empty())
        .collect();
    let costs: Vec<Vec<f64>> = all
        .iter()
        .map(|(figure, samples, _)| costs(figure.better, samples))
        .collect();
    let judged = judge(&costs, margin);
    let rows = all.iter().zip(&judged);
    rows.map(|((figure, samples, preempted), judged)| {
        let stated = stated.0.iter().find(|known| known.figure.id == figure.id);
        let mut comparison = comparison(figure, samples, judged, stated);
        comparison.doubts = doubt::doubts(&comparison, margin, *preempted);
        comparison
    })
    .collect()
}

fn comparison(
    figure: &Figure,
    samples: &[Sample],
    judged: &Judged,
    stated: Option<&Expected>,
) -> Comparison {
    let side = |pick: fn(&Sample) -> f64| {
        let values: Vec<f64> = samples.iter().map(pick).collect();
        Figures {
            n: values.len(),
            median: order::median(&values),
            ci: order::median_interval(&values),
        }
    };
    let expected = stated.map_or(judged.detectable, |expected| expected.detectable);
    Comparison {
        metric: figure.id.into(),
        what: figure.what.into(),
        unit: figure.unit.into(),
        better: figure.better,
        outside: side(|sample| sample.outside),
        inside: side(|sample| sample.inside),
        ratio: ratio(figure.better, judged.shift),
        null: stated.map(|expected| expected.null),
        verdict: judged.verdict,
        detectable: Detectable {
            stated: expected,
            found: judged.detectable,
            reached: judged.detectable <= expected * TOLERANCE,
        },
        doubts: Vec::new(),
        samples: samples.to_vec(),
    }
}
