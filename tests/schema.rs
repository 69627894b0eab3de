//! What the program prints is valid by the schemas that are published.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::hpcctl;
use crate::real::real;

/// Validates a document by a schema under reports/schemas/.
pub fn validate(name: &str, document: &Value) {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/schemas");
    let text = fs::read_to_string(schemas.join(name)).unwrap();
    assert_valid(&serde_json::from_str(&text).unwrap(), document);
}

fn assert_valid(schema: &Value, document: &Value) {
    let options = jsonschema::options().should_validate_formats(true);
    let validator = options.build(schema).unwrap();
    let errors: Vec<String> = validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// By the schema of OASIS.
#[test]
fn sarif_is_valid() {
    if !real("sarif_is_valid") {
        return;
    }
    let text = fs::read_to_string(std::env::var("HPCCTL_SARIF").unwrap()).unwrap();
    // The schema's own pattern for languages, with a bracket too many, is no regular expression.
    let text = text.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}$");
    let schema: Value = serde_json::from_str(&text).unwrap();
    let [refused, waived, incomplete] = crate::gate::logs();
    let dir = tempfile::tempdir().unwrap();
    let job = dir.path().join("job.sh");
    fs::write(&job, "#!/bin/bash\n#SBATCH --container=x\npodman run x\n").unwrap();
    let job = job.to_str().unwrap();
    let answers = |args: &[&str]| hpcctl(&[args, &["-o", "sarif"]].concat()).json();
    let node = answers(&["doctor", "--fast"]);
    let linted = answers(&["doctor", "lint", job]);
    let place = &linted["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert!(place["region"]["startLine"].is_u64(), "{linted}");
    let night = crate::report::log();
    for log in [&refused, &waived, &incomplete, &night, &node, &linted] {
        assert_valid(&schema, log);
    }
    let of = |log: &Value, key: &str| log["runs"][0]["results"][0][key].clone();
    assert_eq!(of(&refused, "level"), "error");
    assert_eq!(of(&waived, "suppressions")[0]["kind"], "external");
    let told = &incomplete["runs"][0]["invocations"][0]["toolExecutionNotifications"];
    assert_eq!(told[0]["level"], "error");
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
