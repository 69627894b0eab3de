//! Reports of `hpcctl bench` that the user names.

use std::path::Path;

use hpcctl_model::Envelope;
use hpcctl_model::bench::Bench;
use serde_json::Value;

use crate::bounded;
use crate::failure::Failure;

/// No report is larger: it holds every sample.
const LIMIT: u64 = 256 << 20;

/// Reads the report of an earlier run.
pub fn read(file: &Path) -> Result<Envelope<Bench>, Failure> {
    let failed = |why: String| {
        Failure::unreachable(format!("cannot read {}: {why}", file.display()))
            .hint("hpcctl bench writes one with -o json=FILE")
    };
    let bytes = bounded::bytes(file, LIMIT).map_err(|error| failed(error.to_string()))?;
    let report: Value =
        serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))?;
    match report["kind"].as_str() {
        Some("bench") => serde_json::from_value(report).map_err(|error| failed(error.to_string())),
        Some(other) => Err(failed(format!("it is a report of {other}, not of bench"))),
        None => Err(failed("it is no report of hpcctl".to_owned())),
    }
}
