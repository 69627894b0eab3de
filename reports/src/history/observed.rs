//! What is kept of a report: from the JSON of doctor, fleet, scan, gate and bench, or from lines
//! of nodes.

use hpcctl_model::bench::{Bench, Better};
use hpcctl_model::doctor::{Doctor, LEFT_OUT, NOT_ASKED, Status, Verdict};
use hpcctl_model::fleet::{self, Fleet};
use hpcctl_model::gate::{self, Gate};
use hpcctl_model::history::{Figure, Found, NotChecked, Record, Said, Waiver};
use hpcctl_model::scan::{self, Scan};
use hpcctl_model::{Envelope, Unknown, hex};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::fleet::{Merge, line};

/// The longest text that is kept.
const TEXT: usize = 300;

/// Why nothing can be kept of a file.
#[derive(Debug, thiserror::Error)]
pub enum Observed {
    /// Neither a report nor lines of nodes.
    #[error("it is neither a report as JSON nor has it lines of nodes (HPCCTL1 …)")]
    Nothing,
    /// A report of another kind, or of another version.
    #[error(
        "nothing is kept of {0:?}: give a report of doctor, fleet, scan, gate or bench, number 1"
    )]
    Kind(String),
    /// A report that is not as its schema says.
    #[error("it is no {0}: {1}")]
    Invalid(String, serde_json::Error),
}

/// What is kept of the bytes of a file.
///
/// # Errors
///
/// When it is nothing that is known here.
pub fn observed(bytes: &[u8]) -> Result<Record, Observed> {
    let source = hex(&Sha256::digest(bytes));
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return lines(bytes, source);
    }
    #[derive(serde::Deserialize)]
    struct Named {
        schema: String,
    }
    let named: Named = serde_json::from_slice(bytes).map_err(|_| Observed::Nothing)?;
    let schema = named.schema;
    let mut record = match schema.as_str() {
        "hpcctl.doctor/1" => doctor(&parsed(bytes, &schema)?),
        "hpcctl.fleet/1" => of_fleet(&parsed::<Fleet>(bytes, &schema)?),
        "hpcctl.scan/1" => scanned(&parsed(bytes, &schema)?),
        "hpcctl.gate/1" => decided(&parsed(bytes, &schema)?),
        "hpcctl.bench/1" => measured(&parsed(bytes, &schema)?),
        _ => return Err(Observed::Kind(schema)),
    };
    record.source = source;
    Ok(record)
}

fn parsed<R: DeserializeOwned>(bytes: &[u8], schema: &str) -> Result<Envelope<R>, Observed> {
    serde_json::from_slice(bytes).map_err(|error| Observed::Invalid(schema.into(), error))
}

/// A time to whole seconds, as records have it.
fn seconds(time: &str) -> String {
    line::time(time).map_or_else(|| time.into(), line::time_text)
}

fn empty(kind: &str, at: &str) -> Record {
    Record {
        at: seconds(at),
        kind: kind.into(),
        source: String::new(),
        said: Vec::new(),
        not_checked: Vec::new(),
        waivers: Vec::new(),
        figures: Vec::new(),
    }
}

fn short(text: &str) -> String {
    crate::terminal::shortened(text, TEXT).into_owned()
}

fn not_checked(what: &str, why: &str) -> NotChecked {
    NotChecked {
        what: short(what),
        why: short(why),
    }
}

fn unknowns(unknowns: &[Unknown]) -> impl Iterator<Item = NotChecked> {
    unknowns.iter().map(|one| not_checked(&one.what, &one.why))
}

fn found(id: String, status: Status, text: &str, fix: Option<&str>) -> Found {
    let (text, fix) = (short(text), fix.map(short));
    Found {
        id,
        status,
        text,
        fix,
    }
}

/// What a verdict is as the outcome of a check.
fn status(verdict: Verdict) -> Status {
    match verdict {
        Verdict::Yes => Status::Pass,
        Verdict::Degraded => Status::Warn,
        Verdict::No => Status::Fail,
        Verdict::Unknown => Status::Unknown,
    }
}

fn doctor(report: &Envelope<Doctor>) -> Record {
    let mut record = empty("doctor", &report.finished_at);
    let mut all = Vec::new();
    let mut skipped = Vec::new();
    for check in &report.result.checks {
        let fix = check.remedy.admin.as_ref().or(check.remedy.user.as_ref());
        match check.status {
            Status::Pass => {}
            Status::Skipped if [LEFT_OUT, NOT_ASKED].contains(&check.summary.as_str()) => {
                skipped.push(check.id.clone());
            }
            // It does not apply here: there is nothing to be done.
            Status::Skipped => {}
            status => all.push(found(
                check.id.clone(),
                status,
                &check.summary,
                fix.map(String::as_str),
            )),
        }
    }
    for runtime in report.result.runtimes.iter().filter(|one| one.installed) {
        for operation in runtime.operations.iter().filter(|one| one.op == "run") {
            let status = status(operation.verdict);
            if status != Status::Pass {
                let id = format!("run.{}", runtime.runtime);
                let steps = operation.fix.first();
                let steps = steps.map(|steps| steps.iter().map(|step| step.text.as_str()));
                let fix = steps.map(|steps| steps.collect::<Vec<_>>().join("; "));
                let text = format!("because of {}", operation.because.join(", "));
                all.push(found(id, status, &text, fix.as_deref()));
            }
        }
    }
    if !skipped.is_empty() {
        let what = format!("{}: {} checks", report.host.name, skipped.len());
        record.not_checked.push(not_checked(&what, LEFT_OUT));
    }
    record.not_checked.extend(unknowns(&report.unknowns));
    record.said.push(Said {
        on: report.host.name.clone(),
        image: false,
        found: all,
        skipped,
        cut: false,
    });
    record
}

fn lines(bytes: &[u8], source: String) -> Result<Record, Observed> {
    let mut merge = Merge::new();
    // A slice does not break off.
    let _ = merge.read(bytes);
    let fleet = merge.report(None);
    let Some(at) = fleet.last_at.clone() else {
        return Err(Observed::Nothing);
    };
    Ok(Record {
        source,
        ..folded(&fleet, &at)
    })
}

fn of_fleet(report: &Envelope<Fleet>) -> Record {
    let at = report.result.last_at.as_ref();
    let mut record = folded(&report.result, at.unwrap_or(&report.finished_at));
    record.not_checked.extend(unknowns(&report.unknowns));
    record
}

fn folded(fleet: &Fleet, at: &str) -> Record {
    let mut record = empty("fleet", at);
    record.said = fleet.groups.iter().map(group).collect();
    for (nodes, why) in [
        (&fleet.missing, "did not report"),
        (&fleet.unreadable, "its lines are truncated or damaged"),
    ] {
        if nodes.count > 0 {
            record.not_checked.push(NotChecked {
                what: nodes.set.clone(),
                why: why.into(),
            });
        }
    }
    record
}

fn group(group: &fleet::Group) -> Said {
    let most = |values: &fleet::Values| {
        let first = values.shown.first();
        first.map_or_else(String::new, |raw| raw.text.clone())
    };
    let checks = group
        .findings
        .iter()
        .map(|one| found(one.id.clone(), one.status, &most(&one.values), None));
    let mut all: Vec<Found> = checks.collect();
    for (runtime, operations) in &group.runtimes {
        let Some(status) = operations.get("run").copied().map(status) else {
            continue;
        };
        if status != Status::Pass {
            let because = group.because.get(runtime).map(|ids| ids.join(", "));
            let fix = format!("fix.{runtime}");
            let fix = group.facts.iter().find(|fact| fact.what == fix);
            all.push(found(
                format!("run.{runtime}"),
                status,
                &format!("because of {}", because.unwrap_or_default()),
                fix.map(|fact| most(&fact.values)).as_deref(),
            ));
        }
    }
    Said {
        on: group.nodes.set.clone(),
        image: false,
        found: all,
        skipped: Vec::new(),
        cut: group.cut,
    }
}

fn scanned(report: &Envelope<Scan>) -> Record {
    let mut record = empty("scan", &report.finished_at);
    let verdict = &report.result.verdict;
    let status = match verdict.outcome {
        scan::Outcome::Publishable => Status::Pass,
        scan::Outcome::Conditional => Status::Warn,
        scan::Outcome::Undetermined => Status::Unknown,
        scan::Outcome::Refused => Status::Fail,
    };
    let text = verdict.reasons.first().map_or("", |one| &one.text);
    let text = format!("{}: {text}", verdict.outcome.as_str());
    let all = (status != Status::Pass).then(|| found("scan.verdict".into(), status, &text, None));
    record.said.push(of_image(
        &report.result.image.reference,
        all.into_iter().collect(),
    ));
    record.not_checked.extend(unknowns(&report.unknowns));
    record
}

fn of_image(reference: &str, found: Vec<Found>) -> Said {
    Said {
        on: reference.into(),
        image: true,
        found,
        skipped: Vec::new(),
        cut: false,
    }
}

fn decided(report: &Envelope<Gate>) -> Record {
    let mut record = empty("gate", &report.finished_at);
    let rules = report.result.decision.rules.iter();
    let refused = rules.filter(|rule| rule.outcome > gate::Outcome::Allow);
    let refused = refused.map(|rule| {
        let status = match rule.outcome {
            gate::Outcome::Deny => Status::Fail,
            gate::Outcome::Incomplete => Status::Unknown,
            gate::Outcome::Review | gate::Outcome::Allow => Status::Warn,
        };
        let fix = rule.findings.first().map(|one| one.remedy.as_str());
        found(rule.id.clone(), status, &rule.summary, fix)
    });
    record.said.push(of_image(
        &report.result.subject.reference,
        refused.collect(),
    ));
    let waivers = report.result.waivers.iter();
    record.waivers = waivers
        .map(|waiver| Waiver {
            id: waiver.id.clone(),
            owner: waiver.owner.clone(),
            expires: waiver.expires.clone(),
        })
        .collect();
    record.not_checked.extend(unknowns(&report.unknowns));
    record
}

fn measured(report: &Envelope<Bench>) -> Record {
    let mut record = empty("bench", &report.finished_at);
    let (host, runtime) = (&report.host.name, &report.result.plan.runtime);
    for one in &report.result.comparisons {
        for (place, median) in [
            (format!("inside {runtime}"), one.inside.median),
            ("outside".into(), one.outside.median),
        ] {
            record.figures.push(Figure {
                series: format!("{host} {} {place}", one.metric),
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
    use super::*;
    use crate::fleet::line::tests::line;

    #[test]
    fn lines_of_nodes_are_kept_folded() {
        let text = [
            line("n1", &[], "yes", ""),
            line("n2", &[], "yes", ""),
            line("n3", &["ns.user"], "no", "it is 0"),
        ]
        .concat();
        let record = observed(text.as_bytes()).unwrap();
        assert_eq!(record.at, "2026-11-25T02:00:00Z");
        assert_eq!(record.said.len(), 2);
        assert_eq!(record.said[0].on, "n[1-2]");
        let ids: Vec<&str> = record.said[1].found.iter().map(|one| &*one.id).collect();
        assert_eq!(ids, ["ns.user", "net.mtu", "run.podman"]);
        assert_eq!(record.said[1].found[0].text, "it is 0");
    }

    #[test]
    fn what_is_no_report_is_refused() {
        let error = |text: &str| observed(text.as_bytes()).unwrap_err().to_string();
        assert!(error("").contains("HPCCTL1"));
        assert!(error("{\"a\":1}").contains("HPCCTL1"));
        assert!(error("{\"schema\":\"hpcctl.lint/1\"}").contains("hpcctl.lint/1"));
        assert!(error("{\"schema\":\"hpcctl.doctor/2\"}").contains("hpcctl.doctor/2"));
        assert!(error("{\"schema\":\"hpcctl.doctor/1\"}").contains("it is no hpcctl.doctor/1"));
    }
}
