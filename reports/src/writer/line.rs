//! `line`: one node in one line of at most 4 KiB, for whoever gathers many nodes.
//!
//! `HPCCTL1 NODE PAYLOAD`, where the payload is the first eight hexadecimal digits of the
//! SHA-256 of what follows them, a space, and compact JSON: `k` the kind, `s` counts of
//! checks by status, `f`, `w` and `u` the ids of checks that fail, warn or are unknown, `r`
//! the verdicts by runtime; `cut` is true where ids were left out to keep within the bound.

use std::collections::BTreeMap;
use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::doctor::{Doctor, Status};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "line",
    versions: &[],
    kinds: &[Kind::Doctor],
    write,
};

/// The most bytes of a line, its end included.
const MOST: usize = 4096;

/// The most bytes of a node's name.
const NAME: usize = 255;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.doctor()?;
    let mut ids = usize::MAX;
    loop {
        let line = line(report, ids);
        if line.len() <= MOST || ids == 0 {
            return Ok(out.write_all(line.as_bytes())?);
        }
        ids = ids.min(256) / 2;
    }
}

/// The line, with at most so many ids of each status.
fn line(report: &Envelope<Doctor>, most: usize) -> String {
    let found = &report.result;
    let mut cut = false;
    let mut of = |status: Status| {
        let ids = found.checks.iter().filter(|check| check.status == status);
        let ids: Vec<&str> = ids.map(|check| check.id.as_str()).collect();
        cut |= ids.len() > most;
        ids.into_iter()
            .take(most)
            .map(Value::from)
            .collect::<Vec<_>>()
    };
    let (failed, warned, unknown) = (of(Status::Fail), of(Status::Warn), of(Status::Unknown));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for check in &found.checks {
        *counts.entry(check.status.as_str()).or_default() += 1;
    }
    let installed = found.runtimes.iter().filter(|runtime| runtime.installed);
    let verdicts = installed.map(|runtime| {
        let operations = runtime.operations.iter();
        let verdicts = operations.map(|found| (found.op.as_str(), found.verdict.as_str()));
        (
            runtime.runtime.as_str(),
            verdicts.collect::<BTreeMap<_, _>>(),
        )
    });
    let verdicts: BTreeMap<_, _> = verdicts.collect();
    let body = json!({"k": "doctor", "v": report.tool.version, "s": counts, "f": failed,
        "w": warned, "u": unknown, "r": verdicts, "cut": cut});
    let body = body.to_string();
    format!(
        "HPCCTL1 {} {} {body}\n",
        node(&report.host.name),
        checksum(&body)
    )
}

fn checksum(body: &str) -> String {
    let digest = Sha256::digest(body.as_bytes());
    digest
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The name of the node as one word.
fn node(name: &str) -> String {
    let word: String = name
        .chars()
        .filter(|c| c.is_ascii_graphic())
        .take(NAME)
        .collect();
    if word.is_empty() { "-".into() } else { word }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::doctor_table::tests::report;

    #[test]
    fn the_line_is_one_and_its_checksum_is_that_of_the_rest() {
        let text = line(&report(), usize::MAX);
        assert_eq!(text.lines().count(), 1);
        let mut words = text.trim_end().splitn(4, ' ');
        assert_eq!(words.next(), Some("HPCCTL1"));
        assert!(words.next().is_some());
        let (sum, body) = (words.next().unwrap(), words.next().unwrap());
        assert_eq!(sum, checksum(body));
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["k"], "doctor");
    }

    #[test]
    fn a_long_report_keeps_within_the_bound() {
        let mut report = report();
        let row = report.result.checks[0].clone();
        report.result.checks = vec![row; 2000];
        let mut out = Vec::new();
        let options = Options {
            verbose: false,
            width: 80,
            color: false,
        };
        write(&Report::Doctor(&report), None, &options, &mut out).unwrap();
        assert!(out.len() <= MOST, "{}", out.len());
        assert!(String::from_utf8(out).unwrap().contains("\"cut\":true"));
    }
}
