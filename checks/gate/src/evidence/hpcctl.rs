//! Reports of `hpcctl doctor --image` and `hpcctl bench`.

use serde_json::Value;

use super::Evidence;

pub(super) fn read(report: &Value) -> Result<Evidence, String> {
    let text = |pointer: &str| report.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").ok_or("it is no report of hpcctl, no CycloneDX and no SARIF")?;
    let against = match kind {
        "doctor" => of_doctor(report),
        "bench" => of_bench(report),
        other => {
            let why = format!("it is a report of {other}, not of doctor or bench");
            return Err(why);
        }
    };
    let made = text("/finished_at").and_then(|made| made.parse().ok());
    Ok(Evidence {
        kind: kind.to_owned(),
        file: String::new(),
        digests: text("/result/image/digest")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        made: Some(made.ok_or("it does not say when it was made")?),
        against,
        vulnerabilities: Vec::new(),
        harmless: Vec::new(),
    })
}

/// That no runtime can run it.
fn of_doctor(report: &Value) -> Vec<String> {
    let runtimes = report.pointer("/result/runtimes").and_then(Value::as_array);
    let operations = runtimes.into_iter().flatten();
    let operations = operations
        .filter_map(|runtime| runtime["operations"].as_array())
        .flatten();
    let mut runs = operations.filter(|operation| operation["op"] == "run");
    if runs.any(|run| run["verdict"] == "yes" || run["verdict"] == "degraded") {
        return Vec::new();
    }
    vec!["No runtime there can run it.".to_owned()]
}

/// What is slower inside.
fn of_bench(report: &Value) -> Vec<String> {
    let comparisons = report
        .pointer("/result/comparisons")
        .and_then(Value::as_array);
    let slower = comparisons
        .into_iter()
        .flatten()
        .filter(|row| row["verdict"] == "slower");
    let metric = |row: &Value| row["metric"].as_str().unwrap_or("a metric").to_owned();
    slower
        .map(|row| format!("{} is slower inside.", metric(row)))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_speaks_against_the_image_is_told() {
        let report = |kind: &str, result: Value| json!({"kind": kind, "finished_at": "2026-01-01T00:00:00Z", "result": result});
        let verdict = |verdict: &str| {
            let operations = [json!({"op": "run", "verdict": verdict})];
            report("doctor", json!({"runtimes": [{"operations": operations}]}))
        };
        assert_eq!(read(&verdict("degraded")).unwrap().against.len(), 0);
        assert_eq!(read(&verdict("unknown")).unwrap().against.len(), 1);
        let rows = json!({"comparisons": [
            {"metric": "launch", "verdict": "slower"}, {"metric": "net", "verdict": "equivalent"},
        ], "image": {"digest": "sha256:ab"}});
        let bench = read(&report("bench", rows)).unwrap();
        assert_eq!(bench.against, ["launch is slower inside."]);
        assert_eq!(bench.digests, ["sha256:ab"]);
    }
}
