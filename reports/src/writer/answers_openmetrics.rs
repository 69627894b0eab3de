//! `openmetrics` of a report as answers: for the textfile collector of Prometheus' node exporter, as that
//! of `report`. Labels are ids of checks, operations, rules and figures, never nodes, paths or texts, and their number is bounded.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Write;

use crate::answers::{Answers, Level};
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::nightly_openmetrics::{Sample, family, seconds};

/// The most values of a label: all checks and the operations of all runtimes have room.
const LABELS: usize = 500;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "openmetrics",
    versions: &[],
    kinds: &[
        Kind::Doctor,
        Kind::Lint,
        Kind::Scan,
        Kind::Abi,
        Kind::Bench,
        Kind::Gate,
        Kind::Verify,
        Kind::Fleet,
        Kind::Match,
    ],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let answers = Answers::of(report)?;
    let mut text = String::new();
    let of = format!("hpcctl_{}", answers.of.replace(' ', "_"));
    let mut put = |name: &str, help: &str, samples: &[Sample]| {
        family(&mut text, &format!("{of}_{name}"), help, samples);
    };
    let at = seconds(&answers.report.finished_at);
    put(
        "last_run_timestamp_seconds",
        "When the report was made.",
        &[(None, at)],
    );
    let counts = Level::ALL.map(|level| {
        let count = answers.count(level) as f64;
        (Some(("level", level.as_str().to_owned())), count)
    });
    put("answers", "Answers by how good they are.", &counts);
    let unknowns = answers.report.unknowns.len() as f64;
    put(
        "unreadable",
        "What could not be read, or did not end.",
        &[(None, unknowns)],
    );
    if answers.is_closed {
        let mut worst: BTreeMap<&str, Level> = BTreeMap::new();
        for row in &answers.rows {
            let known = worst.entry(&row.id).or_default();
            *known = row.level.max(*known);
        }
        let help =
            "The worst answer, no number of any: 0 good, 1 skipped, 2 doubtful, 3 unknown, 4 bad.";
        // Of lines of nodes, which anybody can print, there may be any number of ids.
        let mut worst: Vec<(&str, Level)> = worst.into_iter().collect();
        worst.sort_by_key(|(_, level)| Reverse(*level));
        let left_out = worst.len().saturating_sub(LABELS);
        worst.truncate(LABELS);
        worst.sort_unstable();
        let samples = worst.into_iter();
        let samples =
            samples.map(|(id, level)| (Some(("id", id.to_owned())), f64::from(level as u8)));
        put("answer_level", help, &samples.collect::<Vec<_>>());
        let help = "Answers that are left out of the last: it has the 500 worst.";
        put("answer_level_left_out", help, &[(None, left_out as f64)]);
    }
    let figures = answers.rows.iter();
    let figures = figures.filter_map(|row| Some((Some(("id", row.id.clone())), row.value?)));
    let figures: Vec<Sample> = figures.collect();
    if !figures.is_empty() {
        put("ratio", "Inside by outside.", &figures);
    }
    text += "# EOF\n";
    Ok(out.write_all(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::doctor_table::tests::{report, written};

    #[test]
    fn every_check_has_a_sample() {
        let mut node = report();
        node.finished_at = "2026-11-25T06:00:01Z".into();
        let text = written(&WRITER, &Report::Doctor(&node));
        for line in [
            "hpcctl_doctor_last_run_timestamp_seconds 1795586401\n",
            "hpcctl_doctor_answers{level=\"bad\"} 3\n",
            "hpcctl_doctor_answer_level{id=\"ns.user\"} 4\n",
            "hpcctl_doctor_answer_level{id=\"podman overlay\"} 0\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(
            !text.contains("sarus"),
            "what is not there has no sample: {text}"
        );
        assert!(text.ends_with("# EOF\n"));
    }
}
