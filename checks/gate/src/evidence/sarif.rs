//! Vulnerabilities as SARIF 2.1.0, with the `security-severity` that code hosts read (a score of
//! CVSS as text).

use serde_json::Value;

use super::{Evidence, Severity, Vulnerability, digests};

/// The levels of results by which a scanner that gives no score tells how bad it is.
const LEVELS: [(&str, Severity); 3] = [
    ("error", Severity::High),
    ("warning", Severity::Medium),
    ("note", Severity::Low),
];

pub(super) fn read(log: &Value) -> Result<Evidence, String> {
    let runs = || log["runs"].as_array().into_iter().flatten();
    let vulnerabilities = runs().flat_map(of_run).collect();
    let subjects = runs().flat_map(|run| subject(&run["properties"])).collect();
    let ends = runs().filter_map(|run| run["invocations"][0]["endTimeUtc"].as_str());
    let made = ends.filter_map(|end| end.parse().ok()).min();
    let is_named = |run: &Value| {
        run["tool"]["driver"]["name"]
            .as_str()
            .is_some_and(|name| !name.is_empty())
    };
    Ok(Evidence {
        is_scan: runs().any(is_named),
        ..Evidence::of_scanner(subjects, made, vulnerabilities)
    })
}

fn of_run(run: &Value) -> Vec<Vulnerability> {
    let rules = &run["tool"]["driver"]["rules"];
    let results = run["results"].as_array().into_iter().flatten();
    let open = results.filter(|result| {
        let suppressed = result["suppressions"]
            .as_array()
            .is_some_and(|all| !all.is_empty());
        let kind = result["kind"].as_str().unwrap_or("fail");
        !suppressed && kind != "pass" && kind != "notApplicable"
    });
    let told = open.map(|result| Vulnerability {
        id: result["ruleId"]
            .as_str()
            .unwrap_or("a result without a rule")
            .to_owned(),
        severity: severity(result, rules),
        place: place(result),
    });
    told.collect()
}

fn severity(result: &Value, rules: &Value) -> Option<Severity> {
    let rule = rule(result, rules);
    let scored = [&result["properties"], &rule["properties"]];
    let scores = scored.into_iter().filter_map(|properties| {
        let score = &properties["security-severity"];
        score.as_f64().or_else(|| score.as_str()?.parse().ok())
    });
    if let Some(severity) = scores.filter_map(Severity::of_score).max() {
        return Some(severity);
    }
    let level = result["level"].as_str();
    let level = level.or_else(|| rule["defaultConfiguration"]["level"].as_str())?;
    let found = LEVELS.iter().find(|(word, _)| *word == level)?;
    Some(found.1)
}

/// The rule of a result, by its place or its id.
fn rule<'a>(result: &Value, rules: &'a Value) -> &'a Value {
    let by_place = result["ruleIndex"]
        .as_u64()
        .and_then(|place| rules.get(usize::try_from(place).ok()?));
    let by_id = || {
        rules
            .as_array()?
            .iter()
            .find(|rule| rule["id"] == result["ruleId"])
    };
    by_place.or_else(by_id).unwrap_or(&Value::Null)
}

fn place(result: &Value) -> String {
    let location = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    location.as_str().unwrap_or("").to_owned()
}

/// The digests of the image, which scanners keep among the properties of a run.
fn subject(properties: &Value) -> Vec<String> {
    let texts = properties.as_object().into_iter().flatten();
    let texts = texts.flat_map(|(_, value)| match value {
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        Value::String(text) => vec![text.as_str()],
        _ => Vec::new(),
    });
    texts.flat_map(digests).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scores_come_before_levels_and_what_is_suppressed_is_left_out() {
        let hex = "ab".repeat(32);
        let log = json!({"version": "2.1.0", "runs": [{
            "properties": {"imageID": format!("sha256:{hex}"), "repoDigests": []},
            "tool": {"driver": {"name": "scanner", "rules": [
                {"id": "CVE-1", "properties": {"security-severity": "9.1"}},
                {"id": "CVE-2", "defaultConfiguration": {"level": "warning"}},
            ]}},
            "results": [
                {"ruleId": "CVE-1", "ruleIndex": 0, "level": "note", "locations": [
                    {"physicalLocation": {"artifactLocation": {"uri": "usr/lib/a.so"}}}]},
                {"ruleId": "CVE-2"},
                {"ruleId": "CVE-1", "suppressions": [{"kind": "external"}]},
            ],
        }]});
        let found = read(&log).unwrap();
        assert_eq!(found.digests, [format!("sha256:{hex}")]);
        let severities: Vec<Option<Severity>> = found
            .vulnerabilities
            .iter()
            .map(|one| one.severity)
            .collect();
        assert_eq!(
            severities,
            [Some(Severity::Critical), Some(Severity::Medium)]
        );
        assert_eq!(found.vulnerabilities[0].place, "usr/lib/a.so");
    }
}
