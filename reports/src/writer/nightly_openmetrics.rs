//! `openmetrics` of `report`: for the textfile collector of Prometheus' node exporter, which reads
//! the text format (https://prometheus.io/docs/instrumenting/exposition_formats/). `-o
//! openmetrics=FILE.prom` puts the file in place whole.
//!
//! Labels are ids of checks and names of series, of which there are few, never nodes or texts.

use std::cmp::Reverse;
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
    let report = report.nightly()?;
    let nightly = &report.result;
    let mut text = String::new();
    let name = "hpcctl_report_last_run_timestamp_seconds";
    let help = "When the report was made.";
    family(
        &mut text,
        name,
        help,
        &[(None, seconds(&report.finished_at))],
    );
    let at = nightly.last_at.as_ref().or(nightly.at.as_ref());
    let at = at.map_or(0.0, |at| seconds(at));
    let name = "hpcctl_report_last_result_timestamp_seconds";
    let help = "When the last result was made.";
    family(&mut text, name, help, &[(None, at)]);
    verdict(&mut text, nightly);
    counts(&mut text, nightly);
    let (checks, left_out) = checks(nightly);
    let help = "Nodes or images of which a check does not pass.";
    family(&mut text, "hpcctl_report_findings", help, &checks);
    let help = "Checks that are left out of hpcctl_report_findings: it has the 200 of most nodes.";
    let name = "hpcctl_report_findings_left_out";
    family(&mut text, name, help, &[(None, left_out as f64)]);
    text += "# EOF\n";
    Ok(out.write_all(text.as_bytes())?)
}

/// A time (RFC 3339) in seconds since 1970.
pub(super) fn seconds(time: &str) -> f64 {
    let time = time.parse::<jiff::Timestamp>();
    time.map(jiff::Timestamp::as_second).unwrap_or_default() as f64
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
pub(super) type Sample = (Option<(&'static str, String)>, f64);

/// On how many each check does not pass, and how many checks that leaves out: of too many those stay that
/// fail most widely.
fn checks(nightly: &Nightly) -> (Vec<Sample>, usize) {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let lists = [
        &nightly.new,
        &nightly.still,
        &nightly.flapping,
        &nightly.eased,
        &nightly.fixed,
    ];
    // A part is of what stands among these as a whole.
    for item in lists.into_iter().flatten().filter(|item| !item.part) {
        let passes = item.status == hpcctl_model::doctor::Status::Pass;
        let count = if passes { 0 } else { item.on.count };
        *counts.entry(&item.id).or_default() += count;
    }
    let mut counts: Vec<(&str, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let left_out = counts.len().saturating_sub(LABELS);
    counts.truncate(LABELS);
    counts.sort_unstable();
    let samples = counts.into_iter();
    let samples = samples.map(|(id, count)| (Some(("check", id.to_owned())), count as f64));
    (samples.collect(), left_out)
}

pub(super) fn family(text: &mut String, name: &str, help: &str, samples: &[Sample]) {
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
    use hpcctl_model::fleet::Nodes;
    use hpcctl_model::nightly::Item;

    use super::*;
    use crate::writer::nightly_table::tests::{report, written};

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
        assert!(
            text.ends_with("\nhpcctl_report_findings_left_out 0\n# EOF\n"),
            "{text}"
        );
        assert!(!text.contains("n[001"), "no label names nodes: {text}");
    }
    #[test]
    fn of_too_many_checks_those_of_most_nodes_stay_and_the_others_are_counted() {
        let mut nightly = report(true).result;
        let sample = nightly.still[0].clone();
        let item = |n: u64| Item {
            id: format!("a.{n:03}"),
            on: Nodes {
                count: n,
                ..sample.on.clone()
            },
            ..sample.clone()
        };
        nightly.still = (1..=300).map(item).collect();
        nightly.new = vec![Item {
            part: true,
            ..item(300)
        }];
        nightly.fixed.clear();
        let (samples, left_out) = checks(&nightly);
        assert_eq!((samples.len(), left_out), (LABELS, 100));
        let told = |id: &str| {
            let mut samples = samples.iter();
            let sample = samples.find(|(label, _)| label.as_ref().is_some_and(|(_, of)| of == id));
            sample.map(|(_, count)| *count)
        };
        assert_eq!((told("a.100"), told("a.101")), (None, Some(101.0)));
        assert_eq!(told("a.300"), Some(300.0), "a part is counted once");
    }
}
