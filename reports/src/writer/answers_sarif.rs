//! `sarif` of a report as answers: what is to be told by SARIF 2.1.0 (OASIS). The place of what is no file is
//! the command with what it was about, `doctor/NODE`, since review tools ask for one.

use std::collections::BTreeSet;
use std::io::Write;

use hpcctl_model::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answers::{self, Answer, Answers, Level};
use crate::report::{Error, Options, Report};
use crate::writer::Writer;
use crate::writer::sarif::{described, run, uri};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "sarif",
    versions: &[],
    kinds: answers::KINDS,
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    let answers = Answers::of(report)?;
    let findings = answers.findings();
    let ids: BTreeSet<&str> = findings.iter().map(|row| row.id.as_str()).collect();
    let rules = ids.into_iter().map(|id| described(id, id)).collect();
    let results = findings.iter().map(|row| result(&answers, row));
    let results = results.collect();
    let properties = json!({"subject": answers.subject, "verdict": answers.head});
    let log = run(&answers.report, rules, results, properties);
    serde_json::to_writer_pretty(&mut *out, &log)?;
    Ok(writeln!(out)?)
}

fn result(answers: &Answers, row: &Answer) -> Value {
    let place = match row.on.as_deref() {
        Some(file) if row.is_file => uri(file),
        _ => format!("{}/{}", answers.of.replace(' ', "-"), uri(&answers.subject)),
    };
    let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": place}}});
    if let Some(line) = row.line {
        location["physicalLocation"]["region"] = json!({"startLine": line});
    }
    if let Some(on) = &row.on {
        location["logicalLocations"] = json!([{"fullyQualifiedName": on}]);
    }
    let identity = [
        &row.id,
        &answers.subject,
        row.on.as_ref().unwrap_or(&place),
        &row.text,
    ];
    let identity = identity.map(String::as_str).join("\0");
    json!({
        "ruleId": row.id,
        "level": match row.level {
            Level::Bad => "error",
            _ => "warning",
        },
        "message": {"text": format!("{}: {}", row.state, row.told())},
        "locations": [location],
        "partialFingerprints": {"hpcctlAnswer/v1": hex(&Sha256::digest(identity))},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::doctor_table::tests::{report, written};

    #[test]
    fn what_is_to_be_told_is_a_result_and_what_is_good_is_none() {
        let node = report();
        let log: Value = serde_json::from_str(&written(&WRITER, &Report::Doctor(&node))).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let ids: Vec<&str> = results
            .iter()
            .map(|it| it["ruleId"].as_str().unwrap())
            .collect();
        assert_eq!(ids, ["podman run", "podman build", "ns.user"]);
        let place = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, "doctor/n1");
    }
}
