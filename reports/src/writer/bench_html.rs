//! `html` of `bench`: each measurement with the band of its ratio, what comes of size, and how the
//! figures are distributed, on a page.

mod charts;

use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::bench::{Bench, Ratio, Verdict};

use self::charts::{Scale, by_size, distributions};
use crate::page::{begun, ended, escaped};
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::bench_table::{
    band, differences, fabric, inside, plan, reasons, title, with_unit,
};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "html",
    versions: &[],
    kinds: &[Kind::Bench],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.bench()?;
    let bench = &report.result;
    let head = escaped(&title(bench));
    let mut text = begun(&head, &head);
    paragraph(&mut text, "Inside: ", &inside(bench));
    paragraph(&mut text, "Plan: ", &plan(bench));
    if let Some(fabric) = fabric(bench) {
        paragraph(&mut text, "Fabric: ", &fabric);
    }
    if !bench.differences.is_empty() {
        paragraph(&mut text, "What differs: ", &differences(bench, true));
    }
    measurements(&mut text, bench);
    list(
        &mut text,
        "Why",
        reasons(bench).flat_map(|reason| {
            let steps = format!("Steps: {}", reason.steps);
            let fix = reason.fix.map(|fix| format!("Fix: {fix}"));
            [Some(reason.cause), Some(steps), fix].into_iter().flatten()
        }),
    );
    changes(&mut text, bench);
    let of_one = bench
        .comparisons
        .iter()
        .filter(|one| !one.doubts.is_empty());
    let of_one = of_one.map(|one| format!("* {}: {}", one.metric, one.doubts.join("; ")));
    list(
        &mut text,
        "Doubts",
        bench.doubts.iter().cloned().chain(of_one),
    );
    let unknowns = report.unknowns.iter();
    list(
        &mut text,
        "Not measured",
        unknowns.map(|one| format!("{}: {}", one.what, one.why)),
    );
    by_size(&mut text, bench);
    distributions(&mut text, bench);
    text += &ended(report);
    Ok(out.write_all(text.as_bytes())?)
}

fn paragraph(text: &mut String, first: &str, said: &str) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "<p>{first}{}</p>", escaped(said));
}

/// A part with a line each; none where there are none.
fn list(text: &mut String, heading: &str, lines: impl Iterator<Item = String>) {
    let items: String = lines
        .map(|line| format!("<li>{}</li>\n", escaped(&line)))
        .collect();
    if !items.is_empty() {
        // Writing to a string does not fail.
        let _ = write!(text, "<h2>{heading}</h2>\n<ul>\n{items}</ul>\n");
    }
}

/// A table: its headers are those of the name, the cells and the verdict.
fn table(text: &mut String, caption: &str, cells: &[&str], rows: &[Row<'_>]) {
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "<div class=\"wide\"><table><caption>{}</caption>\n<thead><tr>",
        escaped(caption)
    );
    for header in ["Metric"].iter().chain(cells).chain(&["Verdict"]) {
        let _ = write!(text, "<th scope=\"col\">{header}</th>");
    }
    *text += "</tr></thead>\n<tbody>\n";
    for row in rows {
        let name = escaped(row.metric).replace('.', ".<wbr>");
        let _ = write!(text, "<tr><th scope=\"row\">{name}</th>");
        for (name, cell) in cells.iter().zip(&row.cells) {
            let _ = write!(text, "<td data-name=\"{name}\">{cell}</td>");
        }
        let class = match row.verdict {
            Verdict::Slower => " class=\"fail\"",
            _ => "",
        };
        let verdict = row.verdict.as_str();
        let mark = if row.doubtful { " *" } else { "" };
        let _ = writeln!(text, "<td{class}>{verdict}{mark}</td></tr>");
    }
    *text += "</tbody></table></div>\n";
}

/// A row of a table.
struct Row<'a> {
    metric: &'a str,
    /// What is in the cells, escaped.
    cells: Vec<String>,
    verdict: Verdict,
    /// Whether a doubt of its own is told below.
    doubtful: bool,
}

/// Every measurement, with the band of its ratio drawn.
fn measurements(text: &mut String, bench: &Bench) {
    let margin = bench.plan.margin;
    let scale = Scale::of(bench);
    let rows = bench.comparisons.iter().map(|one| Row {
        metric: &one.metric,
        cells: vec![
            escaped(&with_unit(one.outside.median, &one.unit)),
            escaped(&with_unit(one.inside.median, &one.unit)),
            format!("{:.3}", one.ratio.estimate),
            band(one.ratio),
            scale.drawn(charts::cost(one)),
        ],
        verdict: one.verdict,
        doubtful: !one.doubts.is_empty(),
    });
    let caption = format!(
        "Inside by outside. Drawn is the cost, to the right that which inside has more of: the box is the margin \
         of {} %, the bar the 90 % band, the point the estimate. What * makes doubtful is told under Doubts.",
        margin * 100.0
    );
    let cells = ["Outside", "Inside", "Ratio", "90 % band", "Drawn"];
    *text += "<h2>Measurements</h2>\n";
    table(text, &caption, &cells, &rows.collect::<Vec<Row<'_>>>());
}

/// What changed since an earlier run.
fn changes(text: &mut String, bench: &Bench) {
    let Some(compared) = &bench.compared else {
        return;
    };
    let caption = format!(
        "{}: {} on {}, {}",
        compared.file, compared.runtime, compared.host, compared.started_at
    );
    let estimate = |ratio: Ratio| format!("{:.3}", ratio.estimate);
    let rows = compared.changes.iter().map(|change| Row {
        metric: &change.metric,
        cells: vec![
            estimate(change.then),
            estimate(change.now),
            estimate(change.ratio),
            band(change.ratio),
            estimate(change.outside),
        ],
        verdict: change.verdict,
        doubtful: false,
    });
    let cells = ["Then", "Now", "Change", "90 % band", "Outside"];
    *text += "<h2>Since an earlier run</h2>\n";
    table(text, &caption, &cells, &rows.collect::<Vec<Row<'_>>>());
}

#[cfg(test)]
pub(crate) mod tests {
    use hpcctl_model::bench::{Better, Comparison, Detectable, Figures, Plan, Sample};
    use hpcctl_model::{Envelope, HostInfo, Tool, Unknown};

    use super::*;
    use crate::page::tests::is_sound;

    fn comparison(metric: &str, figures: &[f64], ratio: [f64; 3], verdict: Verdict) -> Comparison {
        let of = |factor: f64| Figures {
            n: figures.len(),
            median: figures[figures.len() / 2] * factor,
            ci: [figures[0] * factor, figures[figures.len() - 1] * factor],
        };
        let sample = |value: &f64| Sample {
            outside: *value,
            inside: value * ratio[1],
            outside_first: true,
            at_s: 0.0,
        };
        Comparison {
            metric: metric.into(),
            what: "a message & <its> way".into(),
            unit: "us".into(),
            better: Better::Less,
            outside: of(1.0),
            inside: of(ratio[1]),
            ratio: Ratio {
                ci_low: ratio[0],
                estimate: ratio[1],
                ci_high: ratio[2],
            },
            null: None,
            verdict,
            detectable: Detectable {
                stated: 0.02,
                found: 0.02,
                reached: true,
            },
            doubts: vec!["it <i>drifts</i>".into()],
            samples: figures.iter().map(sample).collect(),
        }
    }

    fn bench() -> Bench {
        Bench {
            plan: Plan {
                subjects: vec!["ranks".into()],
                runtime: "builtin".into(),
                network: "host".into(),
                image: None,
                peer: None,
                mpi: None,
                bare: false,
                margin: 0.02,
                seed: 1,
                budget_s: 1.0,
                pairs: 14,
                trial_pairs: 6,
                planted: 0.0,
            },
            image: None,
            differences: Vec::new(),
            mpi: None,
            fabric: None,
            comparisons: vec![
                comparison(
                    "ranks.8B",
                    &[1.0, 1.1, 1.3],
                    [0.99, 1.0, 1.01],
                    Verdict::Equivalent,
                ),
                comparison(
                    "ranks.4MiB",
                    &[900.0, 1000.0, 1200.0],
                    [1.4, 1.5, 1.6],
                    Verdict::Slower,
                ),
                comparison(
                    "libc.math",
                    &[5.0],
                    [0.0, 1.0, f64::MAX],
                    Verdict::Inconclusive,
                ),
            ],
            why: Vec::new(),
            compared: None,
            doubts: vec!["others were at work".into()],
        }
    }

    pub(crate) fn report() -> Envelope<Bench> {
        Envelope {
            schema: "hpcctl.bench/1".into(),
            kind: "bench".into(),
            tool: Tool {
                name: "hpcctl".into(),
                version: "0".into(),
            },
            host: HostInfo {
                name: "node<1>".into(),
                kernel: "6".into(),
                arch: "x86_64".into(),
            },
            started_at: "2026-11-25T06:00:00Z".into(),
            finished_at: "2026-11-25T06:00:01Z".into(),
            result: bench(),
            unknowns: vec![Unknown::new("gpu", "there is none")],
        }
    }

    fn written() -> String {
        let options = Options {
            verbose: false,
            width: 100,
            color: false,
        };
        let mut out = Vec::new();
        (WRITER.write)(&Report::Bench(&report()), None, &options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn it_has_bands_sizes_and_distributions_and_stands_alone() {
        let html = written();
        is_sound(&html);
        assert!(html.contains("<h1>3 measurements: 1 slower, 1 equivalent, 1 inconclusive</h1>"));
        assert_eq!(html.matches("class=\"band\"").count(), 3);
        // Two sizes of one name are one chart; a figure that is one only has no distribution.
        assert!(html.contains("ranks: 1.1 us outside and 1.1 us inside at 8B, 1000 us outside and 1500 us inside at 4MiB"), "{html}");
        assert_eq!(html.matches("id=\"size").count(), 1);
        assert_eq!(html.matches("id=\"figures").count(), 2);
        assert!(html.contains("it &lt;i&gt;drifts") && html.contains("gpu: there is none"));
        assert!(html.contains("<td class=\"fail\">slower *</td>"));
        assert!(html.contains("<li>* ranks.4MiB: it "));
        // The ends of axes have their units.
        for ends in [
            "<span>1500 us</span><span>1.1 us</span>",
            "<span>8B</span><span>4MiB</span>",
            "<span>100 %</span><span>0 %</span>",
            "<span>900 us</span><span>1800 us</span>",
        ] {
            assert!(html.contains(ends), "{ends}: {html}");
        }
        assert!(!html.contains("NaN") && !html.contains("inf,"), "{html}");
    }
}
