//! Other results of an image, which a policy may ask for.

use std::path::{Path, PathBuf};

use hpcctl_gate::Evidence;
use serde_json::Value;

use crate::bounded;
use crate::failure::Failure;

/// No result is larger.
const LIMIT: u64 = 256 << 20;

/// Reads the results that were handed in.
pub fn read(files: &[PathBuf]) -> Result<Vec<Evidence>, Failure> {
    files.iter().map(|file| one(file)).collect()
}

fn one(file: &Path) -> Result<Evidence, Failure> {
    let name = file.display().to_string();
    let unreadable = |why: String| Failure::unreachable(format!("cannot read {name}: {why}"));
    let bytes = bounded::bytes(file, LIMIT).map_err(|error| unreadable(error.to_string()))?;
    let report: Value =
        serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
    let text = |pointer: &str| report.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").ok_or_else(|| unreadable("it is no report of hpcctl".into()))?;
    let against = match kind {
        "doctor" => of_doctor(&report),
        "bench" => of_bench(&report),
        other => {
            let why = format!("it is a report of {other}, not of doctor or bench");
            return Err(unreadable(why));
        }
    };
    let made = text("/finished_at").and_then(|made| made.parse().ok());
    Ok(Evidence {
        kind: kind.to_owned(),
        digest: text("/result/image/digest").map(str::to_owned),
        made: made.ok_or_else(|| unreadable("it does not say when it was made".into()))?,
        against,
        file: name,
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
