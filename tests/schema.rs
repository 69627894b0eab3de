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
fn a_report_of_a_command_that_failed_is_valid() {
    let run = hpcctl(&[
        "doctor",
        "why",
        "-o",
        "json",
        "--",
        "cat",
        "/nonexistent/file",
    ]);
    assert!([1, 3].contains(&run.code), "{}", run.stderr);
    validate("hpcctl.why-1.json", &run.json());
    assert!(run.stdout.contains("/nonexistent/file"), "{}", run.stdout);
    let fine = hpcctl(&["doctor", "why", "-o", "json", "--", "true"]);
    assert_eq!(fine.code, 0, "{}", fine.stderr);
    let absent = hpcctl(&["doctor", "why", "--", "/nonexistent/program"]);
    assert_eq!(absent.code, 5, "{}", absent.stderr);
}

#[test]
fn a_lint_report_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("Containerfile");
    fs::write(&file, "FROM debian\nRUN mknod /dev/x c 1 3\n").unwrap();
    let run = hpcctl(&["doctor", "lint", "-o", "json", file.to_str().unwrap()]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    validate("hpcctl.lint-1.json", &run.json());
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
fn a_license_report_and_its_lines_are_valid() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE-MIT");
    let report = hpcctl(&["license", "identify", "-o", "json", file]).json();
    validate("hpcctl.license-1.json", &report);
    // A line of jsonl is one element of the report's result.
    let run = hpcctl(&["license", "identify", "-o", "jsonl", file]);
    let line: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["result"][0], line);
    assert_eq!(line["expression"], "MIT");
}
