//! `table` of `bench`: each measurement with its ratio, the band of the ratio and the verdict.

use std::io::Write;

use hpcctl_model::Unknown;
use hpcctl_model::bench::{
    Bench, Change, Comparison, Difference, FabricProvider, Ratio, Rung, Verdict,
};

use crate::report::{Error, Kind, Options, Report};
use crate::terminal::{Style, columns, counted, filled, lines, styled, visible};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "table",
    versions: &[],
    kinds: &[Kind::Bench],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let envelope = report.bench()?;
    let bench = &envelope.result;
    writeln!(out, "{}", styled(&title(bench), Style::Bold, options.color))?;
    write!(
        out,
        "{}",
        filled("inside   ", &inside(bench), options.width)
    )?;
    write!(out, "{}", filled("plan     ", &plan(bench), options.width))?;
    if let Some(fabric) = fabric(bench) {
        write!(out, "{}", filled("fabric   ", &fabric, options.width))?;
    }
    if !bench.differences.is_empty() {
        let differences = differences(bench, options.verbose);
        write!(out, "{}", filled("differs  ", &differences, options.width))?;
    }
    writeln!(out)?;
    let header = [
        "METRIC",
        "OUTSIDE",
        "INSIDE",
        "RATIO",
        "90 % BAND",
        "VERDICT",
    ];
    let mut table = columns(options.width, Some(header));
    for comparison in &bench.comparisons {
        table.add_row(row(comparison));
    }
    let text = lines(&mut table, 0);
    for line in text.lines() {
        writeln!(out, "{}", colored(line, options.color))?;
    }
    why(bench, options, out)?;
    since(bench, options, out)?;
    doubts(bench, options, out)?;
    unknowns(&envelope.unknowns, options, out)
}

/// How often each verdict was given.
pub(crate) fn title(bench: &Bench) -> String {
    let verdicts = [
        Verdict::Slower,
        Verdict::Faster,
        Verdict::Equivalent,
        Verdict::Inconclusive,
    ];
    let counts = verdicts.iter().filter_map(|verdict| {
        let of_it = bench
            .comparisons
            .iter()
            .filter(|one| one.verdict == *verdict);
        match of_it.count() {
            0 => None,
            count => Some(format!("{count} {}", verdict.as_str())),
        }
    });
    let counts: Vec<String> = counts.collect();
    format!(
        "{}: {}",
        counted(bench.comparisons.len(), "measurement"),
        counts.join(", ")
    )
}

pub(crate) fn inside(bench: &Bench) -> String {
    let plan = &bench.plan;
    // Only these two can enter the host's own tree.
    let without = match plan.runtime.as_str() {
        "builtin" | "host" => "the host's own tree",
        _ => "no image, the host's C library",
    };
    let image = plan.image.as_deref().unwrap_or(without);
    let peer = plan.peer.as_deref();
    let peer = peer.map_or_else(String::new, |host| format!(", to {}", visible(host)));
    let mpi = plan.mpi.as_deref();
    let mpi = mpi.map_or_else(String::new, |what| format!(", MPI by {}", visible(what)));
    format!(
        "{}, network {}{peer}, {image}{mpi}",
        plan.runtime, plan.network
    )
}

pub(super) fn plan(bench: &Bench) -> String {
    let plan = &bench.plan;
    let planted = match plan.planted {
        0.0 => String::new(),
        share => format!(", {} % planted inside", number(share * 100.0)),
    };
    format!(
        "{} after {} of outside against outside, margin {} %, seed {}{planted}",
        counted(plan.pairs, "pair"),
        plan.trial_pairs,
        number(plan.margin * 100.0),
        plan.seed
    )
}

/// The libfabric outside and its providers, as it ranks them; of inside `differences` says what is not the same.
pub(super) fn fabric(bench: &Bench) -> Option<String> {
    let library = bench.fabric.as_ref()?.outside.as_ref()?;
    let provider = |it: &FabricProvider| {
        let first = it.networks.first().map_or("", String::as_str);
        format!("{} ({first})", it.name)
    };
    let providers: Vec<String> = library.providers.iter().map(provider).collect();
    let text = format!(
        "libfabric {} outside: {}",
        library.version,
        providers.join(", ")
    );
    Some(visible(&text).into_owned())
}

/// What surrounds a program otherwise inside; its values in detail.
pub(super) fn differences(bench: &Bench, verbose: bool) -> String {
    let name = |difference: &Difference| {
        let Difference {
            what,
            outside,
            inside,
        } = difference;
        if verbose || !what.starts_with("namespace ") {
            format!("{what} ({outside} outside, {inside} inside)")
        } else {
            what.clone()
        }
    };
    let names: Vec<String> = bench.differences.iter().map(name).collect();
    names.join(", ")
}

fn row(comparison: &Comparison) -> [String; 6] {
    let figure = |value: f64| with_unit(value, &comparison.unit);
    let doubtful = if comparison.doubts.is_empty() {
        ""
    } else {
        " *"
    };
    [
        comparison.metric.clone(),
        figure(comparison.outside.median),
        figure(comparison.inside.median),
        format!("{:.3}", comparison.ratio.estimate),
        band(comparison.ratio),
        format!("{}{doubtful}", comparison.verdict.as_str()),
    ]
}

/// A number and its unit.
pub(crate) fn with_unit(value: f64, unit: &str) -> String {
    let separator = if unit.starts_with('/') { "" } else { " " };
    format!("{}{separator}{unit}", number(value))
}

/// The ends of the interval of a ratio; one that excludes nothing has none.
pub(crate) fn band(ratio: Ratio) -> String {
    if ratio.ci_low <= 0.0 || ratio.ci_high >= f64::MAX {
        "too few pairs".to_owned()
    } else {
        format!("{:.3} to {:.3}", ratio.ci_low, ratio.ci_high)
    }
}

/// A number with about three digits that count.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    let (value, unit) = match size {
        _ if size >= 1e9 => (value / 1e9, "G"),
        _ if size >= 1e6 => (value / 1e6, "M"),
        _ if size >= 1e4 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    let digits = match value.abs() {
        size if size >= 100.0 || size == 0.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{short}{unit}")
}

/// A line of the table, its verdict in colour.
fn colored(line: &str, color: bool) -> String {
    let styles = [
        (Verdict::Slower, Style::Bad),
        (Verdict::Faster, Style::Good),
        (Verdict::Equivalent, Style::Good),
        (Verdict::Inconclusive, Style::Doubtful),
    ];
    for (verdict, style) in styles {
        if let Some((before, after)) = line.rsplit_once(verdict.as_str()) {
            return format!("{before}{}{after}", styled(verdict.as_str(), style, color));
        }
    }
    line.to_owned()
}

/// What explains less than this is a part.
const MOST: f64 = 0.75;

/// Why a measurement differs, in words.
pub(super) struct Reason {
    /// The verdict, the cause, and what there is without it.
    pub(super) cause: String,
    /// What there was with one factor more each.
    pub(super) steps: String,
    /// What to do.
    pub(super) fix: Option<String>,
}

/// The reasons in words.
pub(super) fn reasons(bench: &Bench) -> impl Iterator<Item = Reason> {
    bench.why.iter().map(|why| {
        let steps = why.rungs.iter().map(|rung| {
            let Rung { factor, ratio, .. } = rung;
            format!("{:.3} with {factor}", ratio.estimate)
        });
        let cause = match (&why.cause, &why.without) {
            (Some(cause), Some(without)) => {
                let (estimate, band) = (without.ratio.estimate, band(without.ratio));
                let word = if why.confirmed {
                    "confirmed"
                } else {
                    "not confirmed"
                };
                format!("{cause}; without it {estimate:.3} ({band}), {word}")
            }
            (Some(cause), None) => format!("{cause}; what there is without it is not known"),
            (None, _) => "no factor that the builtin launcher adds brings it".into(),
        };
        let part = why.share.filter(|share| *share < MOST).map(|share| {
            let percent = number((share * 100.0).round());
            format!("; that is {percent} % of it, and the rest is nothing that was tried")
        });
        let cause = format!("{cause}{}", part.unwrap_or_default());
        Reason {
            cause: format!("{} is {}: {cause}", why.metric, why.verdict.as_str()),
            steps: steps.collect::<Vec<String>>().join(", "),
            fix: why.fix.clone(),
        }
    })
}

/// Why what differs differs: the rungs, the cause, what there is without it, and the fix.
fn why(bench: &Bench, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    for reason in reasons(bench) {
        writeln!(out)?;
        let rows = [
            ("why      ", Some(reason.cause)),
            ("steps    ", Some(reason.steps)),
            ("fix      ", reason.fix),
        ];
        for (first, text) in rows {
            if let Some(text) = text {
                write!(out, "{}", filled(first, &text, options.width))?;
            }
        }
    }
    Ok(())
}

/// What changed since an earlier run.
fn since(bench: &Bench, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let Some(compared) = &bench.compared else {
        return Ok(());
    };
    let text = format!(
        "{}: {} on {}, {}",
        compared.file, compared.runtime, compared.host, compared.started_at
    );
    writeln!(out)?;
    write!(
        out,
        "{}",
        filled("since    ", &visible(&text), options.width)
    )?;
    let header = [
        "METRIC",
        "THEN",
        "NOW",
        "CHANGE",
        "90 % BAND",
        "OUTSIDE",
        "VERDICT",
    ];
    let mut table = columns(options.width, Some(header));
    for change in &compared.changes {
        let Change {
            metric,
            then,
            now,
            ratio,
            outside,
            verdict,
        } = change;
        table.add_row([
            metric.clone(),
            format!("{:.3}", then.estimate),
            format!("{:.3}", now.estimate),
            format!("{:.3}", ratio.estimate),
            band(*ratio),
            format!("{:.3}", outside.estimate),
            verdict.as_str().to_owned(),
        ]);
    }
    for line in lines(&mut table, 0).lines() {
        writeln!(out, "{}", colored(line, options.color))?;
    }
    Ok(())
}

fn doubts(bench: &Bench, options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    let of_one = bench
        .comparisons
        .iter()
        .filter(|one| !one.doubts.is_empty());
    let of_one: Vec<_> = of_one.collect();
    if bench.doubts.is_empty() && of_one.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    for doubt in &bench.doubts {
        write!(
            out,
            "{}",
            filled("doubt    ", &visible(doubt), options.width)
        )?;
    }
    for comparison in of_one {
        let text = format!("{}: {}", comparison.metric, comparison.doubts.join("; "));
        write!(out, "{}", filled("*        ", &text, options.width))?;
    }
    Ok(())
}

fn unknowns(unknowns: &[Unknown], options: &Options, out: &mut dyn Write) -> Result<(), Error> {
    if !unknowns.is_empty() {
        writeln!(out, "\nNot measured")?;
    }
    for unknown in unknowns {
        let first = format!("  {}  ", visible(&unknown.what));
        write!(out, "{}", filled(&first, &unknown.why, options.width))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_count() {
        let shown = [
            0.0, 0.1234, 1.0, 9.876, 12.34, 456.7, 9999.0, 12_345.0, 2.5e7, 3e9,
        ];
        assert_eq!(
            shown.map(number),
            [
                "0", "0.123", "1", "9.88", "12.3", "457", "9999", "12.3k", "25M", "3G"
            ]
        );
    }

    #[test]
    fn a_band_that_excludes_nothing_says_so() {
        let ratio = |ci_low, ci_high| Ratio {
            estimate: 1.0,
            ci_low,
            ci_high,
        };
        assert_eq!(band(ratio(0.9, 1.1)), "0.900 to 1.100");
        assert_eq!(band(ratio(0.0, f64::MAX)), "too few pairs");
    }
}
