//! What is kept of a report: from the JSON of doctor, fleet, scan, gate and bench, or from lines
//! of nodes.

use hpcctl_model::bench::{Bench, Better};
use hpcctl_model::doctor::Status;
use hpcctl_model::fleet::Fleet;
use hpcctl_model::history::{Figure, Found, NotChecked, Record};
use hpcctl_model::{Envelope, Unknown, hex};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{images, nodes};
use crate::fleet::{CLOCK, Table, line};
use crate::terminal::in_words;

/// The longest text that is kept.
const TEXT: usize = 300;

/// The longest fix that is kept: no command is to be cut.
const FIX: usize = 4000;

/// What figures between two nodes begin with.
const TO_PEER: &str = "net.peer.";

/// Why nothing can be kept of a file.
#[derive(Debug, thiserror::Error)]
pub enum Observed {
    /// Neither a report nor lines of nodes.
    #[error("no line of doctor -o line (HPCCTL1 …) is among its {0} lines")]
    Nothing(u64),
    /// JSON that is none.
    #[error("it is no report as JSON: {0}")]
    Json(String),
    /// A report of another kind, or of another version.
    #[error(
        "nothing is kept of {0:?}: give a report of doctor, fleet, scan, gate or bench, number 1"
    )]
    Kind(String),
    /// A report that is not as its schema says.
    #[error("it is no {0}: {1}")]
    Invalid(String, serde_json::Error),
}

/// What is kept of a file, and what is to be known of it beside that.
#[derive(Debug)]
pub struct Kept {
    /// What is kept.
    pub record: Record,
    /// What makes it doubtful: lines that do not count, clocks that are off.
    pub doubts: Vec<String>,
}

/// What is kept of the bytes of a file that is looked at at this time.
///
/// # Errors
///
/// When it is nothing that is known here.
pub fn observed(bytes: &[u8], table: Table, now: Timestamp) -> Result<Kept, Observed> {
    let is_json = bytes.trim_ascii_start().starts_with(b"{");
    let (mut record, mut doubts) = match is_json {
        true => of_report(bytes)?,
        false => nodes::lines(bytes, table, now)?,
    };
    record.source = hex(&Sha256::digest(bytes));
    let latest = now.checked_add(CLOCK).unwrap_or(now);
    if record.at > seconds(&latest.to_string()) {
        doubts.push(format!("it is of the future: {}", record.at));
    }
    Ok(Kept { record, doubts })
}

/// What is kept of a report.
fn of_report(bytes: &[u8]) -> Result<(Record, Vec<String>), Observed> {
    #[derive(serde::Deserialize)]
    struct Named {
        schema: String,
    }
    let named: Named = serde_json::from_slice(bytes)
        .map_err(|error| Observed::Json(json_error(&error, bytes.len())))?;
    let schema = named.schema;
    let record = match schema.as_str() {
        "hpcctl.fleet/1" => return Ok(nodes::fleet(&parsed::<Fleet>(bytes, &schema)?)),
        "hpcctl.doctor/1" => nodes::doctor(&parsed(bytes, &schema)?),
        "hpcctl.scan/1" => images::scanned(&parsed(bytes, &schema)?),
        "hpcctl.gate/1" => images::decided(&parsed(bytes, &schema)?),
        "hpcctl.bench/1" => measured(&parsed(bytes, &schema)?),
        _ => return Err(Observed::Kind(schema)),
    };
    Ok((record, Vec::new()))
}

/// What is wrong with JSON; where it was cut short, at which byte.
pub fn json_error(error: &serde_json::Error, bytes: usize) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => format!("the JSON ends at byte {bytes}, cut short"),
        _ => error.to_string(),
    }
}

fn parsed<R: DeserializeOwned>(bytes: &[u8], schema: &str) -> Result<Envelope<R>, Observed> {
    serde_json::from_slice(bytes).map_err(|error| Observed::Invalid(schema.into(), error))
}

/// A time to whole seconds, as records have it.
fn seconds(time: &str) -> String {
    line::time(time).map_or_else(|| time.into(), line::time_text)
}

pub(super) fn empty(kind: &str, at: &str) -> Record {
    Record {
        at: seconds(at),
        kind: kind.into(),
        source: String::new(),
        user: None,
        said: Vec::new(),
        silent: Vec::new(),
        kernels: Vec::new(),
        not_checked: Vec::new(),
        waivers: Vec::new(),
        figures: Vec::new(),
    }
}

pub(super) fn short(text: &str) -> String {
    in_words(text, TEXT).into_owned()
}

pub(super) fn not_checked(what: &str, why: &str) -> NotChecked {
    NotChecked {
        what: short(what),
        why: short(why),
    }
}

pub(super) fn unknowns(unknowns: &[Unknown]) -> impl Iterator<Item = NotChecked> {
    unknowns.iter().map(|one| not_checked(&one.what, &one.why))
}

pub(super) fn found(id: String, status: Status, text: &str, fix: Option<&str>) -> Found {
    Found {
        fix: fix.map(|fix| in_words(fix, FIX).into_owned()),
        ..Found::of(id, status, short(text))
    }
}

fn measured(report: &Envelope<Bench>) -> Record {
    let mut record = empty("bench", &report.finished_at);
    let (host, plan) = (&report.host.name, &report.result.plan);
    for one in &report.result.comparisons {
        // To another node it is another figure.
        let peer = plan.peer.iter().filter(|_| one.metric.starts_with(TO_PEER));
        let to: String = peer.map(|peer| format!(" to {peer}")).collect();
        for (place, median) in [
            (format!("inside {}", plan.runtime), one.inside.median),
            ("outside".into(), one.outside.median),
        ] {
            record.figures.push(Figure {
                series: format!("{host} {} {place}{to}", one.metric),
                unit: one.unit.clone(),
                less_is_better: one.better == Better::Less,
                median,
            });
        }
    }
    record.not_checked.extend(unknowns(&report.unknowns));
    record
}

#[cfg(test)]
mod tests {
    use hpcctl_model::fleet::Raw;

    use super::*;
    use crate::fleet::line::tests::line;
    use crate::fleet::{Merge, Terms};

    #[test]
    fn lines_of_nodes_are_kept_folded() {
        let text = [
            line("n1", &[], "yes", ""),
            line("n2", &[], "yes", ""),
            line("n3", &["ns.user"], "no", "it is 0"),
        ]
        .concat();
        let now = "2026-11-25T02:10:00Z".parse().unwrap();
        let kept = observed(text.as_bytes(), Table::default(), now).unwrap();
        let record = kept.record;
        assert!(kept.doubts.is_empty(), "{:?}", kept.doubts);
        assert_eq!(record.at, "2026-11-25T02:00:00Z");
        assert_eq!(record.said.len(), 2);
        assert_eq!(record.said[0].on, "n[1-2]");
        let ids: Vec<&str> = record.said[1].found.iter().map(|one| &*one.id).collect();
        assert_eq!(ids, ["ns.user", "net.mtu", "run.podman"]);
        assert_eq!(record.said[1].found[0].text, "it is 0");
        let kernels = record.kernels.iter();
        let kernels: Vec<(&str, &str)> = kernels
            .map(|one| (one.on.as_str(), one.release.as_str()))
            .collect();
        assert_eq!(kernels, [("n[1-2]", "6.1.0"), ("n3", "6.1.0")]);
    }

    #[test]
    fn the_kernel_of_few_is_kept_beside_that_of_many() {
        let other = |node: &str| line(node, &[], "yes", "");
        let lines: Vec<String> = (1..=200).map(|n| other(&format!("n{n:03}"))).collect();
        let mut merge = Merge::new(Table::default());
        merge.read(lines.concat().as_bytes()).unwrap();
        let mut fleet = merge.report(&Terms::default());
        let facts = &mut fleet.groups[0].facts;
        let kernel = facts.iter_mut().find(|fact| fact.what == "kernel").unwrap();
        let few = Raw {
            text: "6.1.1".into(),
            count: 1,
            nodes: Some("n007".into()),
        };
        kernel.values.shown.push(few);
        let kept = nodes::folded(&fleet, "2026-11-25T02:00:00Z").kernels;
        let kept: Vec<(&str, &str)> = kept
            .iter()
            .map(|one| (one.on.as_str(), one.release.as_str()))
            .collect();
        assert_eq!(kept, [("n007", "6.1.1"), ("n[001-006,008-200]", "6.1.0")]);
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let error = |text: &str| {
            observed(text.as_bytes(), Table::default(), Timestamp::UNIX_EPOCH)
                .unwrap_err()
                .to_string()
        };
        assert!(error("").contains("HPCCTL1"));
        assert!(error("rubbish\nand more\n").contains("among its 2 lines"));
        assert!(error("{\"a\":1}").contains("schema"));
        assert!(error("{\"schema\":\"hpc").contains("ends at byte 14"));
        assert!(error("{\"schema\":\"hpcctl.lint/1\"}").contains("hpcctl.lint/1"));
        assert!(error("{\"schema\":\"hpcctl.doctor/2\"}").contains("hpcctl.doctor/2"));
        assert!(error("{\"schema\":\"hpcctl.doctor/1\"}").contains("it is no hpcctl.doctor/1"));
    }
}
