//! The charts of `html` of `bench`: bands on one scale, figures by size, and their distribution.

use std::fmt::Write as _;

use hpcctl_model::bench::{Bench, Better, Comparison, Ratio, Sample, counts};

use crate::page::{escaped, line, with_axes};
use crate::writer::bench_table::with_unit;

/// The widest ratio that a band is drawn to.
const WIDEST: f64 = 4.0;

/// The points of a distribution.
const POINTS: usize = 50;

/// What the lines of charts mean; they differ in more than their colour.
const KEY: &str = "Outside is the dashed line, inside the other.";

/// The units that sizes in names have.
const SIZES: [(&str, f64); 4] = [
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("B", 1.0),
];

/// How far a band reaches from 1 on the scale of logarithms, as far as it is drawn.
fn reach(ratio: Ratio) -> f64 {
    let end = |value: f64| value.clamp(1.0 / WIDEST, WIDEST).ln().abs();
    end(ratio.ci_low).max(end(ratio.ci_high))
}

/// What inside costs, by what outside costs: of a rate the other way round.
pub(super) fn cost(comparison: &Comparison) -> Ratio {
    let ratio = comparison.ratio;
    match comparison.better {
        Better::Less => ratio,
        Better::More => Ratio {
            estimate: 1.0 / ratio.estimate,
            ci_low: 1.0 / ratio.ci_high,
            ci_high: (1.0 / ratio.ci_low).min(f64::MAX),
        },
    }
}

/// The scale on which bands are drawn, one for all.
pub(super) struct Scale {
    margin: f64,
    /// The logarithm at its end.
    widest: f64,
}

impl Scale {
    /// The one for the bands of all measurements that count, and for the margin: what always costs goes to its end.
    pub(super) fn of(bench: &Bench) -> Self {
        let margin = bench.plan.margin;
        let counted = bench.comparisons.iter().filter(|one| counts(&one.metric));
        let widest = counted.map(|one| reach(one.ratio));
        Self {
            margin,
            widest: widest.fold((2.0 * margin).ln_1p(), f64::max),
        }
    }

    fn place(&self, ratio: f64) -> f64 {
        let share = ratio.max(1e-9).ln() / self.widest.max(1e-9);
        100.0 + 98.0 * share.clamp(-1.0, 1.0)
    }

    /// The numbers are in the cells beside it, so it is hidden from who cannot see it.
    pub(super) fn drawn(&self, ratio: Ratio) -> String {
        let [low, high] = [1.0 / (1.0 + self.margin), 1.0 + self.margin].map(|it| self.place(it));
        let [from, to, at] = [ratio.ci_low, ratio.ci_high, ratio.estimate].map(|it| self.place(it));
        format!(
            "<svg viewBox=\"0 0 200 20\" aria-hidden=\"true\">\
             <rect class=\"zone\" x=\"{low:.1}\" y=\"0\" width=\"{:.1}\" height=\"20\"/>\
             <line class=\"one\" x1=\"100\" y1=\"0\" x2=\"100\" y2=\"20\"/>\
             <line class=\"band\" x1=\"{from:.1}\" y1=\"10\" x2=\"{to:.1}\" y2=\"10\"/>\
             <circle cx=\"{at:.1}\" cy=\"10\" r=\"4\"/></svg>",
            high - low
        )
    }
}

/// The name without its size, and the size in bytes.
fn size(metric: &str) -> Option<(&str, f64)> {
    let (name, size) = metric.rsplit_once('.')?;
    SIZES.iter().find_map(|(unit, bytes)| {
        let count: f64 = size.strip_suffix(unit)?.parse().ok()?;
        Some((name, count * bytes))
    })
}

/// What comes of the size of messages, a chart for each name that has several.
pub(super) fn by_size(text: &mut String, bench: &Bench) {
    let mut names: Vec<&str> = Vec::new();
    let sized = bench.comparisons.iter().filter_map(|one| size(&one.metric));
    for (name, _) in sized {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let charts: String = names
        .iter()
        .enumerate()
        .map(|(place, name)| of_sizes(bench, place, name))
        .collect();
    part(text, "By size", &charts);
}

fn part(text: &mut String, heading: &str, charts: &str) {
    if !charts.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "<h2>{heading}</h2>\n<p>{KEY} Sizes and figures are on logarithmic axes.</p>\n\
             <div class=\"figures\">\n{charts}</div>\n"
        );
    }
}

fn of_sizes(bench: &Bench, place: usize, name: &str) -> String {
    let all = bench.comparisons.iter();
    let of_it: Vec<(f64, &Comparison)> = all
        .filter_map(|one| match size(&one.metric) {
            Some((of, bytes)) if of == name => Some((bytes, one)),
            _ => None,
        })
        .collect();
    let ([(_, first), .., (_, last)], true) = (of_it.as_slice(), of_it.len() > 1) else {
        return String::new();
    };
    let figures = of_it
        .iter()
        .flat_map(|(_, one)| [one.outside.median, one.inside.median]);
    let (across, up) = (Axis::of(of_it.iter().map(|it| it.0)), Axis::of(figures));
    let through = |class: &str, median: fn(&Comparison) -> f64| {
        let points = of_it.iter().map(|(bytes, one)| {
            (
                300.0 * across.share(*bytes),
                45.0 - 40.0 * up.share(median(one)),
            )
        });
        line(class, points)
    };
    let ends = |one: &Comparison| {
        let figure = |value: f64| with_unit(value, &one.unit);
        format!(
            "{} outside and {} inside at {}",
            figure(one.outside.median),
            figure(one.inside.median),
            one.metric.rsplit('.').next().unwrap_or("")
        )
    };
    let caption = escaped(&format!("{name}: {}, {}", ends(first), ends(last)));
    let lines =
        through(" class=\"out\"", |one| one.outside.median) + &through("", |one| one.inside.median);
    let end = |one: &Comparison| escaped(one.metric.rsplit('.').next().unwrap_or(""));
    with_axes(
        &format!("size{place}"),
        &caption,
        &lines,
        [&end(first), &end(last)],
        up.ends(&first.unit).each_ref().map(String::as_str),
    )
}

/// An axis with logarithms from the least to the most.
struct Axis {
    least: f64,
    most: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let log = |value: f64| value.max(1e-12).ln();
        let (least, most) = values
            .map(log)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), it| {
                (least.min(it), most.max(it))
            });
        Self { least, most }
    }

    /// What is at its ends, escaped.
    fn ends(&self, unit: &str) -> [String; 2] {
        [self.least, self.most].map(|it| escaped(&with_unit(it.exp(), unit)))
    }

    /// Where a value is on it, from 0 to 1.
    fn share(&self, value: f64) -> f64 {
        let range = self.most - self.least;
        if range > 0.0 {
            ((value.max(1e-12).ln() - self.least) / range).clamp(0.0, 1.0)
        } else {
            0.5
        }
    }
}

/// Which share of the figures lies below each, a chart a measurement.
pub(super) fn distributions(text: &mut String, bench: &Bench) {
    let charts = bench.comparisons.iter().enumerate();
    let charts: String = charts
        .map(|(place, one)| distribution(place, one))
        .collect();
    part(text, "Distribution", &charts);
}

fn distribution(place: usize, one: &Comparison) -> String {
    let side = |figure: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = one.samples.iter().map(figure).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (outside, inside) = (side(|it| it.outside), side(|it| it.inside));
    let ([first, .., last], [least, .., most]) = (outside.as_slice(), inside.as_slice()) else {
        return String::new();
    };
    let axis = Axis::of([*first, *last, *least, *most].into_iter());
    let through = |class: &str, values: &[f64]| {
        let points = (0..=POINTS).map(|n| {
            let at = n * (values.len() - 1) / POINTS;
            (
                300.0 * axis.share(values[at]),
                48.0 - 46.0 * n as f64 / POINTS as f64,
            )
        });
        line(class, points)
    };
    let range = |low: f64, high: f64| {
        format!(
            "{} to {}",
            with_unit(low, &one.unit),
            with_unit(high, &one.unit)
        )
    };
    let caption = escaped(&format!(
        "{}, {}: the share of figures below a value; outside {}, inside {}",
        one.metric,
        one.what,
        range(*first, *last),
        range(*least, *most)
    ));
    let lines = through(" class=\"out\"", &outside) + &through("", &inside);
    with_axes(
        &format!("figures{place}"),
        &caption,
        &lines,
        axis.ends(&one.unit).each_ref().map(String::as_str),
        ["0 %", "100 %"],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_lie_on_one_scale_around_the_margin() {
        let scale = Scale {
            margin: 0.02,
            widest: 2.0_f64.ln(),
        };
        let places = [0.0, 0.5, 1.0, 2.0, f64::MAX].map(|ratio| scale.place(ratio));
        assert_eq!(places.map(f64::round), [2.0, 2.0, 100.0, 198.0, 198.0]);
    }

    #[test]
    fn sizes_are_read_from_names() {
        assert_eq!(size("mpi.latency.4KiB"), Some(("mpi.latency", 4096.0)));
        assert_eq!(size("ranks.8B"), Some(("ranks", 8.0)));
        assert_eq!(size("net.tcp.latency"), None);
        assert_eq!(size("ranks"), None);
    }
}
