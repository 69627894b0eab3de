//! `openmetrics` of `report`: for the textfile collector of Prometheus' node exporter, which reads
//! the text format (https://prometheus.io/docs/instrumenting/exposition_formats/). `-o
//! openmetrics=FILE.prom` puts the file in place whole.
//!
//! Labels are ids of checks and names of series, of which there are few, never nodes or texts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

use hpcctl_model::nightly::{Nightly, Verdict};

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::nightly_table::summary::{causes, fixed, slower};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "openmetrics",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

/// The most values of a label.
const LABELS: usize = 200;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let finished = &report.nightly()?.finished_at;
    let nightly = &report.nightly()?.result;
    let mut text = String::new();
    let at = finished
        .parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_second);
    let at = at.unwrap_or_default() as f64;
    let name = "hpcctl_report_last_run_timestamp_seconds";
    family(&mut text, name, "When the report was made.", &[(None, at)]);
    let at = nightly
        .last_at
        .as_ref()
        .or(nightly.at.as_ref())
        .and_then(|at| at.parse::<jiff::Timestamp>().ok());
    let at = at.map_or(0, jiff::Timestamp::as_second) as f64;
    let name = "hpcctl_report_last_result_timestamp_seconds";
    family(
        &mut text,
        name,
        "When the last result was made.",
        &[(None, at)],
    );
    verdict(&mut text, nightly);
    counts(&mut text, nightly);
    let checks = checks(nightly);
    let help = "Nodes or images of which a check does not pass.";
    family(&mut text, "hpcctl_report_findings", help, &checks);
    text += "# EOF\n";
    Ok(out.write_all(text.as_bytes())?)
}

/// What the night comes to: 1 at its verdict, 0 at the others.
fn verdict(text: &mut String, nightly: &Nightly) {
    let all = [
        Verdict::Worse,
        Verdict::Changed,
        Verdict::Unchanged,
        Verdict::First,
        Verdict::Nothing,
    ];
    let all = all.map(|verdict| {
        let is = f64::from(u8::from(verdict == nightly.verdict));
        (Some(("verdict", verdict.as_str().to_owned())), is)
    });
    family(
        text,
        "hpcctl_report_verdict",
        "What the night comes to.",
        &all,
    );
}

/// How many findings changed how, and how many nodes are how.
fn counts(text: &mut String, nightly: &Nightly) {
    let changes = [
        ("new", causes(nightly.new.iter()) as f64),
        ("fixed", fixed(nightly) as f64),
        ("better", causes(nightly.eased.iter()) as f64),
        ("flapping", causes(nightly.flapping.iter()) as f64),
        ("still", causes(nightly.still.iter()) as f64),
        ("slower", slower(nightly) as f64),
        ("slow", nightly.slow.len() as f64),
        ("waivers", nightly.waivers.len() as f64),
        ("not_checked", nightly.not_checked.len() as f64),
    ];
    let changes = changes.map(|(name, count)| (Some(("change", name.to_owned())), count));
    family(
        text,
        "hpcctl_report_changes",
        "Findings by change.",
        &changes,
    );
    let nodes = [
        ("reported", nightly.reported.saturating_sub(nightly.images)),
        ("lost", nightly.lost.count),
        ("joined", nightly.joined.count),
        ("returned", nightly.returned.count),
        ("retired", nightly.retired.count),
    ];
    let nodes = nodes.map(|(name, count)| (Some(("state", name.to_owned())), count as f64));
    family(text, "hpcctl_report_nodes", "Nodes by state.", &nodes);
    let run = nightly.containers;
    let run = [
        ("yes", run.yes),
        ("degraded", run.degraded),
        ("partly", run.partly),
        ("no", run.no),
        ("unknown", run.unknown),
        ("missing", run.missing),
    ];
    let run = run.map(|(name, count)| (Some(("run", name.to_owned())), count as f64));
    let help = "Nodes by whether containers run there.";
    family(text, "hpcctl_report_containers", help, &run);
}

/// A label with its value, and what is measured.
type Sample = (Option<(&'static str, String)>, f64);

fn checks(nightly: &Nightly) -> Vec<Sample> {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    let lists = [
        &nightly.new,
        &nightly.still,
        &nightly.flapping,
        &nightly.eased,
        &nightly.fixed,
    ];
    for item in lists.into_iter().flatten() {
        let passes = item.status == hpcctl_model::doctor::Status::Pass;
        let count = if passes { 0 } else { item.on.count };
        *counts.entry(&item.id).or_default() += count as f64;
    }
    let counts = counts.into_iter().take(LABELS);
    counts
        .map(|(id, count)| (Some(("check", id.to_owned())), count))
        .collect()
}

fn family(text: &mut String, name: &str, help: &str, samples: &[Sample]) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
    for (label, value) in samples {
        let label = label.as_ref().map(|(label, value)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{{{label}=\"{}\"}}", value.replace('\n', "\\n"))
        });
        let _ = writeln!(text, "{name}{} {value}", label.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn every_sample_belongs_to_a_family() {
        let text = written(&WRITER, true);
        let run = "hpcctl_report_last_run_timestamp_seconds 1795586401\n";
        assert!(text.contains(run), "{text}");
        assert!(
            text.contains("hpcctl_report_findings{check=\"ns.user\"} 3\n"),
            "{text}"
        );
        assert!(
            text.contains("hpcctl_report_findings{check=\"fuse.open\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("hpcctl_report_containers{run=\"no\"} 3\n"),
            "{text}"
        );
        assert!(
            text.contains("hpcctl_report_changes{change=\"new\"} 1\n"),
            "{text}"
        );
        let mut family = "";
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# TYPE ") {
                family = rest.strip_suffix(" gauge").unwrap();
            } else if !line.starts_with('#') {
                let (name, value) = line.rsplit_once(' ').unwrap();
                assert_eq!(name.split('{').next(), Some(family), "{line}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
            }
        }
        assert!(text.ends_with("\n# EOF\n"), "{text}");
        assert!(!text.contains("n[001"), "no label names nodes: {text}");
    }
}
