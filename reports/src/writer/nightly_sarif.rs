//! `sarif` of `report`: findings by SARIF 2.1.0 (OASIS) with what became of each since the night
//! before (3.27.24, `baselineState`): new, unchanged, updated where it flaps or is better, absent where
//! it is fixed. A finding stands on nodes or in an image: its place is `nodes/SET`, or the reference.

use std::io::Write;

use hpcctl_model::Envelope;
use hpcctl_model::doctor::Status;
use hpcctl_model::hex;
use hpcctl_model::nightly::{Item, Nightly};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::report::{Error, Kind, Options, Report};
use crate::writer::Writer;
use crate::writer::nightly_table::told::{Row, row, sections, still};
use crate::writer::sarif::{described, run, uri};

/// The row of [`crate::WRITERS`].
pub static WRITER: Writer = Writer {
    name: "sarif",
    versions: &[],
    kinds: &[Kind::Nightly],
    write,
};

fn write(
    report: &Report<'_>,
    _version: Option<&str>,
    _options: &Options,
    out: &mut dyn Write,
) -> Result<(), Error> {
    serde_json::to_writer_pretty(&mut *out, &log(report.nightly()?))?;
    Ok(writeln!(out)?)
}

fn log(report: &Envelope<Nightly>) -> Value {
    let nightly = &report.result;
    let mut results: Vec<Value> = Vec::new();
    for (items, state) in [
        (&nightly.new, "new"),
        (&nightly.still, "unchanged"),
        (&nightly.flapping, "updated"),
        (&nightly.eased, "updated"),
        (&nightly.fixed, "absent"),
    ] {
        results.extend(items.iter().map(|item| {
            let row = row(item);
            // What was looked at for the first time has no baseline.
            let state = if item.first { "new" } else { state };
            let part = if item.part { item.text.as_str() } else { "" };
            result(&row, part, level(item), state)
        }));
    }
    // Nodes that do not report and figures that are worse are no findings of a check.
    let changed = sections(nightly, true).into_iter();
    let worse = changed.flat_map(|part| part.rows).filter(|row| row.worse);
    let worse = worse.map(|row| (row, "new"));
    let all = worse.chain(
        still(nightly, true)
            .into_iter()
            .map(|row| (row, "unchanged")),
    );
    let others = all.filter(|(row, _)| row.state.is_empty());
    results.extend(others.map(|(row, state)| result(&row, "", "error", state)));
    let mut ids: Vec<String> = results
        .iter()
        .filter_map(|result| result["ruleId"].as_str().map(str::to_owned))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let rules = ids.iter().map(|id| described(id, id)).collect();
    let properties = json!({
        "verdict": nightly.verdict.as_str(),
        "reported": nightly.reported,
        "before": nightly.before_at,
        "at": nightly.at,
    });
    run(report, rules, results, properties)
}

/// How bad it is now; what is fixed was bad.
fn level(item: &Item) -> &'static str {
    match item.status {
        Status::Fail => "error",
        Status::Warn | Status::Unknown => "warning",
        Status::Pass | Status::Skipped => "none",
    }
}

/// A finding, or a part of what its id stands for.
fn result(row: &Row, part: &str, level: &str, state: &str) -> Value {
    let on = row.set.as_str();
    let fix = row.fix.as_ref();
    let fix = fix.map_or_else(String::new, |fix| format!(" fix: {fix}"));
    let place = match on {
        "" => row.what.clone(),
        image if image.contains([':', '/']) => image.into(),
        nodes => format!("nodes/{nodes}"),
    };
    let mut identity = format!("{}\0{on}", row.what);
    if !part.is_empty() {
        identity += &format!("\0{part}");
    }
    let fingerprint = hex(&Sha256::digest(identity));
    json!({
        "ruleId": row.what,
        "level": level,
        "kind": if level == "none" { "pass" } else { "fail" },
        "baselineState": state,
        "message": {"text": format!("{}: {}{fix}", row.what, row.text)},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": uri(&place)}},
            "logicalLocations": [{"fullyQualifiedName": on}],
        }],
        "partialFingerprints": {"hpcctlFinding/v1": fingerprint},
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::nightly_table::tests::written;

    #[test]
    fn each_finding_tells_what_became_of_it() {
        let log: Value = serde_json::from_str(&written(&WRITER, true)).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap();
        let of = |id: &str| {
            let found = results.iter().find(|result| result["ruleId"] == id);
            found.unwrap_or_else(|| panic!("{id}: {log}"))
        };
        let said = |id: &str| (of(id)["baselineState"].clone(), of(id)["level"].clone());
        assert_eq!(said("ns.user"), (json!("new"), json!("error")));
        assert_eq!(said("net.mtu"), (json!("unchanged"), json!("warning")));
        assert_eq!(said("fuse.open"), (json!("absent"), json!("none")));
        assert_eq!(said("node.reports"), (json!("new"), json!("error")));
        let place = &of("ns.user")["locations"][0]["physicalLocation"];
        assert_eq!(
            place["artifactLocation"]["uri"],
            "nodes/n%5B001-002%2C007%5D"
        );
        let rules = log["runs"][0]["tool"]["driver"]["rules"]
            .as_array()
            .unwrap();
        assert_eq!(rules.len(), results.len());
    }
}
