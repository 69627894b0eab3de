//! `sarif`: the findings by SARIF 2.1.0 (OASIS), as code hosts and review tools read them.

use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::gate::{Finding, Gate, Level, RuleResult};
use serde_json::{Value, json};

use crate::remarks::remarks;
use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "sarif",
    versions: &[],
    kinds: &[Kind::Gate],
    write,
};

/// The schema that the output follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, &log(report.gate()?))?;
    Ok(writeln!(out)?)
}

fn log(report: &Envelope<Gate>) -> Value {
    let gate = &report.result;
    let rules = &gate.decision.rules;
    let results = rules
        .iter()
        .enumerate()
        .flat_map(|(index, rule)| rule.findings.iter().map(move |f| result(index, rule, f)));
    let properties = json!({
        "image": gate.subject.reference,
        "digest": gate.subject.digest,
        "platform": gate.subject.platform,
        "other_platforms": gate.subject.other_platforms,
        "destination": gate.destination.name,
        "decision": gate.decision.outcome.as_str(),
    });
    let described = rules.iter().map(|rule| described(&rule.id, &rule.title));
    let mut log = run(report, described.collect(), results.collect(), properties);
    // They are about the policy that was gone by, not about the image.
    let remarks = remarks(gate);
    if !remarks.is_empty() {
        let told = remarks.iter().map(|remark| {
            json!({
                "level": "warning",
                "message": {"text": remark.text},
                "locations": [{"physicalLocation": in_policy(remark.policy)}],
            })
        });
        let told = told.collect::<Vec<_>>();
        log["runs"][0]["invocations"][0]["toolConfigurationNotifications"] = json!(told);
    }
    log
}

/// A rule, as results name it.
pub(super) fn described(id: &str, title: &str) -> Value {
    json!({
        "id": id,
        "shortDescription": {"text": title},
    })
}

/// A log of one run.
pub(super) fn run<R>(
    report: &Envelope<R>,
    rules: Vec<Value>,
    results: Vec<Value>,
    properties: Value,
) -> Value {
    // What could not be read is a failure of the run, not a result.
    let notifications = report.unknowns.iter().map(|unknown| {
        json!({
            "level": "error",
            "message": {"text": format!("{}: {}", unknown.what, unknown.why)},
        })
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": report.tool.name,
                "version": report.tool.version,
                "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": report.unknowns.is_empty(),
                "startTimeUtc": report.started_at,
                "endTimeUtc": report.finished_at,
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }],
            "properties": properties,
            "results": results,
        }],
    })
}

fn result(index: usize, rule: &RuleResult, finding: &Finding) -> Value {
    let level = match finding.level {
        Level::Deny => "error",
        Level::Review | Level::Warn => "warning",
        Level::Allow => "note",
    };
    // GitHub asks for a location of each result; what has no path stands in the policy.
    let location = match &finding.path {
        Some(path) => json!({"artifactLocation": {"uri": uri(path)}}),
        None => in_policy(&finding.policy),
    };
    let mut location = json!({"physicalLocation": location});
    if let Some(package) = &finding.package {
        location["logicalLocations"] = json!([{"fullyQualifiedName": package, "kind": "package"}]);
    }
    let mut result = json!({
        "ruleId": rule.id,
        "ruleIndex": index,
        "level": level,
        "message": {"text": format!("{} {} (policy {})", finding.text, finding.remedy, finding.policy)},
        "locations": [location],
        "partialFingerprints": {"hpcctlFinding/v1": finding.id},
        "properties": {
            "level": finding.level.as_str(),
            "layer": finding.layer,
            "createdBy": finding.created_by,
            "deleted": finding.deleted,
            "license": finding.license,
            "policy": finding.policy,
        },
    });
    if let Some(waiver) = &finding.waived_by {
        let why = format!("waiver {waiver}");
        result["suppressions"] =
            json!([{"kind": "external", "status": "accepted", "justification": why}]);
    }
    result
}

/// A line of a policy, `FILE:LINE`.
fn in_policy(policy: &str) -> Value {
    let line = policy.rsplit_once(':');
    let line = line.and_then(|(file, line)| Some((file, line.parse::<u64>().ok()?)));
    let (file, line) = line.unwrap_or((policy, 1));
    json!({
        "artifactLocation": {"uri": uri(file)},
        "region": {"startLine": line.max(1)},
    })
}

/// A path as a relative URI reference (RFC 3986).
pub(super) fn uri(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let bytes = path.bytes().map(|byte| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

#[cfg(test)]
mod tests {
    use hpcctl_model::gate::Outcome;

    use super::*;
    use crate::writer::gate_table::tests::{finding, report, text};

    #[test]
    fn results_point_at_their_rules_and_places() {
        let findings = vec![
            finding(Level::Deny, None),
            finding(Level::Warn, Some("W-1")),
        ];
        let written = text(&WRITER, &report(Outcome::Deny, findings));
        let log: Value = serde_json::from_str(&written).unwrap();
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 2);
        let results = run["results"].as_array().unwrap();
        assert_eq!(results[0]["level"], "error");
        assert_eq!(results[0]["ruleId"], "content.vendor");
        let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, "opt/lib/libcuda.so.1");
        assert!(results[0].get("suppressions").is_none());
        assert_eq!(results[1]["suppressions"][0]["justification"], "waiver W-1");
        let noted = &run["invocations"][0]["toolConfigurationNotifications"][0];
        let says = noted["message"]["text"].as_str().unwrap();
        assert!(says.ends_with("It covers nothing in this image."), "{says}");
        let line = &noted["locations"][0]["physicalLocation"]["region"]["startLine"];
        assert_eq!((&noted["level"], line), (&json!("warning"), &json!(50)));
    }

    #[test]
    fn what_has_no_path_stands_in_the_policy() {
        let mut finding = finding(Level::Review, None);
        finding.path = None;
        let log = log(&report(Outcome::Review, vec![finding]));
        let place = &log["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "site.toml");
        assert_eq!(place["region"]["startLine"], 41);
        assert_eq!(uri("/a b/ü"), "a%20b/%C3%BC");
    }
}
