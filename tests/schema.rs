//! What the program prints is valid by the schemas that are published.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::hpcctl;

/// Validates a document by a schema under reports/schemas/.
pub fn validate(name: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reports/schemas")
        .join(name);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

#[test]
fn a_doctor_report_is_valid() {
    validate(
        "hpcctl.doctor-1.json",
        &hpcctl(&["doctor", "-o", "json"]).json(),
    );
}

#[test]
fn a_scan_report_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    let license = dir.path().join("usr/share/doc/x");
    fs::create_dir_all(&license).unwrap();
    fs::write(license.join("copyright"), "SPDX-License-Identifier: MIT\n").unwrap();
    let run = hpcctl(&["scan", "dir", dir.path().to_str().unwrap(), "-o", "json"]);
    validate("hpcctl.scan-1.json", &run.json());
}

#[test]
fn a_line_of_identify_is_valid() {
    let run = hpcctl(&[
        "license",
        "identify",
        "-o",
        "jsonl",
        env!("CARGO_MANIFEST_DIR"),
    ]);
    let line = run.stdout.lines().next().unwrap();
    validate(
        "hpcctl.license-1.json",
        &serde_json::from_str(line).unwrap(),
    );
}
