//! `line`: one node in one line of at most 4 KiB, for whoever gathers many nodes.
//!
//! `HPCCTL1 NODE PAYLOAD`, where the payload is the first eight hexadecimal digits of the
//! SHA-256 of what follows them, a space, and compact JSON. What nodes that find the same have in
//! common comes first: `k` the kind, `v` the version of hpcctl, `h` kernel and machine, `c` who
//! asked, `s` counts of checks by status, `f`, `w` and `u` the ids of checks that fail, warn or are unknown, `b` the
//! checks that keep an installed runtime from running a container, `r` the verdicts by runtime, `i`
//! how a runtime runs images that do not meet a check (null where one image was judged), `p` what
//! became of every check, as [`crate::fleet::states`] writes it; `cut` is true where ids were left
//! out to keep within the bound. Then `t`, the time, `n`, the node once more, so that the sum covers
//! its name, and `x`, what the node says of those checks, and after `fix.` of how a runtime is made
//! to run.

use std::collections::BTreeMap;
use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::doctor::{
    Check, Doctor, LEFT_OUT, NOT_ASKED, Operation, Runtime, Status, Step, Unmet, Verdict,
};
use serde_json::{Map, Value, json};

use crate::fleet::line::{MAGIC, MOST, checksum};
use crate::fleet::node_set::{NAME, is_name};
use crate::fleet::states::{self, State};
use crate::report::{Error, Kind, Options, Report};
use crate::terminal::in_words;
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "line",
    versions: &[],
    kinds: &[Kind::Doctor],
    write,
};

/// How many characters a check may say and how many ids of each status there may be: the first
/// that keep within the bound. Words go before ids.
const BOUNDS: [(usize, usize); 8] = [
    (96, usize::MAX),
    (64, usize::MAX),
    (40, usize::MAX),
    (0, usize::MAX),
    (0, 64),
    (0, 32),
    (0, 8),
    (0, 0),
];

/// How many times the characters of a check a fix may have.
const FIX: usize = 6;

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let report = report.doctor()?;
    let mut text = String::new();
    for (said, ids) in BOUNDS {
        text = line(report, said, ids);
        if text.len() <= MOST {
            break;
        }
    }
    Ok(out.write_all(text.as_bytes())?)
}

/// The line, with at most so many characters of what a check says and so many ids of each status.
fn line(report: &Envelope<Doctor>, said: usize, most: usize) -> String {
    let found = &report.result;
    let mut cut = false;
    let mut of = |status: Status| {
        let checks = found.checks.iter().filter(|check| check.status == status);
        let checks: Vec<&Check> = checks.collect();
        cut |= checks.len() > most;
        checks.into_iter().take(most).collect::<Vec<_>>()
    };
    let (failed, warned, unknown) = (of(Status::Fail), of(Status::Warn), of(Status::Unknown));
    let ids = |checks: &[&Check]| -> Vec<Value> {
        checks
            .iter()
            .map(|check| check.id.as_str().into())
            .collect()
    };
    let host = [&report.host.kernel, &report.host.arch];
    let (because, verdicts) = runtimes(found, most);
    let mut own = Map::new();
    if said > 0 {
        for check in failed.iter().chain(&warned).chain(&unknown) {
            let text = in_words(&check.summary, said);
            own.insert(check.id.clone(), text.as_ref().into());
        }
        own.extend(fixes(found, said * FIX));
    }
    let caller = found.caller.as_ref().map(|caller| caller.name.as_str());
    let body = json!({"k": "doctor", "v": report.tool.version, "h": host, "c": caller, "s": counts(found),
        "f": ids(&failed), "w": ids(&warned), "u": ids(&unknown), "b": because, "r": verdicts,
        "i": images(found, most), "p": states(found), "cut": cut, "t": report.finished_at,
        "n": node(&report.host.name), "x": own});
    let body = body.to_string();
    let sum = checksum(body.as_bytes()).map(char::from);
    let sum: String = sum.iter().collect();
    format!("{MAGIC}{} {sum} {body}\n", node(&report.host.name))
}

/// What became of every check.
fn states(found: &Doctor) -> String {
    let state = |check: &Check| match check.status {
        Status::Pass => State::Passes,
        Status::Skipped if [LEFT_OUT, NOT_ASKED].contains(&check.summary.as_str()) => {
            State::LeftOut
        }
        Status::Skipped => State::Idle,
        Status::Fail | Status::Warn | Status::Unknown => State::Named,
    };
    let checks = found.checks.iter();
    states::written(checks.map(|check| (check.id.as_str(), state(check))))
}

fn counts(found: &Doctor) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for check in &found.checks {
        *counts.entry(check.status.as_str()).or_default() += 1;
    }
    counts
}

/// The runtimes that are told of: those that are installed, and what namespaces alone can do.
fn installed(found: &Doctor) -> impl Iterator<Item = &Runtime> {
    let is_told = |runtime: &&Runtime| runtime.installed || runtime.runtime == "builtin";
    found.runtimes.iter().filter(is_told)
}

/// Running a container with a runtime, where that does not just work.
fn not_running(runtime: &Runtime) -> Option<&Operation> {
    let mut operations = runtime.operations.iter();
    operations.find(|found| found.op == "run" && found.verdict != Verdict::Yes)
}

/// Why runtimes do not run containers, and the verdicts, by runtime.
fn runtimes(found: &Doctor, most: usize) -> (Value, Value) {
    let because = installed(found).filter_map(|runtime| {
        let ids = not_running(runtime)?.because.iter().take(most);
        Some((runtime.runtime.clone(), ids.cloned().collect()))
    });
    let verdicts = installed(found).take(most).map(|runtime| {
        let of = |found: &Operation| (found.op.clone(), found.verdict.as_str().into());
        let operations: Map<String, Value> = runtime.operations.iter().map(of).collect();
        (runtime.runtime.clone(), operations.into())
    });
    let because: Map<String, Value> = because.take(most).collect();
    (because.into(), verdicts.collect::<Map<_, _>>().into())
}

/// How runtimes run images that do not meet a check, by runtime and check; null where that is not
/// known, or has more than so many parts.
fn images(found: &Doctor, most: usize) -> Value {
    let mut parts = 0;
    let mut images = Map::new();
    for runtime in installed(found) {
        let Some(run) = runtime.operations.iter().find(|found| found.op == "run") else {
            continue;
        };
        let Some(unmet) = &run.images else {
            return Value::Null;
        };
        parts += unmet.iter().map(|one| one.because.len()).sum::<usize>();
        let of = |one: &Unmet| {
            let mut said = json!({"run": one.verdict, "because": one.because});
            if let Some(ids) = one.up_to {
                said["up_to"] = json!(ids);
            }
            (one.unmet.clone(), said)
        };
        if !unmet.is_empty() {
            let unmet: Map<String, Value> = unmet.iter().map(of).collect();
            images.insert(runtime.runtime.clone(), unmet.into());
        }
    }
    match parts > most {
        true => Value::Null,
        false => images.into(),
    }
}

/// The cheapest fix of each runtime that does not run containers, or not every image.
fn fixes(found: &Doctor, most: usize) -> impl Iterator<Item = (String, Value)> {
    let all = installed(found).flat_map(fixed);
    all.filter_map(move |(of, fixes)| Some((format!("fix.{of}"), fix(fixes.first()?, most).into())))
}

/// What of a runtime has fixes, with them.
fn fixed(runtime: &Runtime) -> Vec<(String, &Vec<Vec<Step>>)> {
    let run = not_running(runtime).map(|run| (runtime.runtime.clone(), &run.fix));
    let operations = runtime.operations.iter().filter(|found| found.op == "run");
    let unmet = operations.flat_map(|run| run.images.iter().flatten());
    let unmet = unmet.map(|one| (format!("{}:{}", runtime.runtime, one.unmet), &one.fix));
    run.into_iter().chain(unmet).collect()
}

/// A fix in a line; no command in part, which could be taken for a whole one.
fn fix(steps: &[Step], most: usize) -> String {
    let text = crate::fix::told(steps);
    if text.chars().count() <= most {
        return text;
    }
    let words = steps
        .iter()
        .map(|step| format!("({}) {}", step.who.as_str(), step.text));
    in_words(&words.collect::<Vec<_>>().join("; "), most).into_owned()
}

/// The name of the node as one word.
fn node(name: &str) -> String {
    let word: String = name
        .chars()
        .filter(|c| c.is_ascii() && is_name(c.encode_utf8(&mut [0; 4])))
        .take(NAME)
        .collect();
    if word.is_empty() {
        "unnamed".into()
    } else {
        word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::line::{Found, find};
    use crate::writer::doctor_table::tests::report;

    #[test]
    fn the_line_is_one_and_is_read_back() {
        let text = line(&report(), 96, usize::MAX);
        assert_eq!(text.lines().count(), 1);
        let mut bodies = Vec::new();
        find(text.as_bytes(), |found| {
            let Found::Whole { body, .. } = found else {
                panic!("{found:?}")
            };
            bodies.push(serde_json::from_slice::<Value>(body).unwrap());
        });
        assert_eq!(bodies.len(), 1);
        assert_eq!(bodies[0]["k"], "doctor");
        let failed = bodies[0]["f"][0].as_str().unwrap();
        assert!(bodies[0]["x"][failed].is_string(), "{text}");
    }

    #[test]
    fn words_go_before_ids() {
        let write = |report: &Envelope<Doctor>| {
            let mut out = Vec::new();
            let options = Options {
                verbose: false,
                width: 80,
                color: false,
            };
            write(&Report::Doctor(report), None, &options, &mut out).unwrap();
            assert!(out.len() <= MOST, "{}", out.len());
            String::from_utf8(out).unwrap()
        };
        let mut report = report();
        let row = report.result.checks[0].clone();
        report.result.checks = vec![row; 60];
        let text = write(&report);
        assert!(text.contains("\"cut\":false"), "{text}");
        report.result.checks = vec![report.result.checks[0].clone(); 2000];
        assert!(write(&report).contains("\"cut\":true"));
        let wide = report.result.runtimes[0].clone();
        report.result.runtimes = vec![wide; 2000];
        write(&report);
    }

    #[test]
    fn a_name_is_one_that_a_set_can_hold() {
        assert_eq!(node("n[1],x y"), "n1xy");
        assert_eq!(node("-é"), "unnamed");
    }
}
