//! An image that is there for several platforms: one of them is judged, and the others are named.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Run, hpcctl};
use crate::handmade::{debian, layout, tar};

/// What every image of these tests is judged by: a package of Debian has no licence.
const LENIENT: &str = "version = 1\n[licenses]\nunknown = \"warn\"\n";

/// A layout of one index for several platforms, of which the last may not be published; returns the
/// digests.
pub fn index(dir: &Path, platforms: &[&str]) -> Vec<String> {
    let terms = "Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: CC-BY-NC-4.0\n";
    let path = "usr/lib/python3/dist-packages/a-1.dist-info/METADATA";
    let bad = tar(&[(path, 0o644, terms.as_bytes())]);
    let (last, _) = platforms.split_last().unwrap();
    let top = dir.join("layout/index.json");
    let mut all: Vec<Value> = Vec::new();
    let mut digests = Vec::new();
    for platform in platforms {
        let layer = if platform == last {
            bad.clone()
        } else {
            debian()
        };
        digests.push(layout(
            &dir.join("layout"),
            platform,
            &json!({}),
            Some(&layer),
        ));
        let index: Value = serde_json::from_slice(&fs::read(&top).unwrap()).unwrap();
        all.extend(index["manifests"].as_array().unwrap().iter().cloned());
    }
    fs::write(
        &top,
        json!({"schemaVersion": 2, "manifests": all}).to_string(),
    )
    .unwrap();
    digests
}

fn gate(dir: &Path, args: &[&str]) -> Run {
    let path = |name: &str| dir.join(name).display().to_string();
    fs::write(path("policy.toml"), LENIENT).unwrap();
    let image = format!("oci:{}", path("layout"));
    let (policy, state) = (path("policy.toml"), path("state"));
    let first = ["gate", &image, "--policy", &policy, "--state", &state];
    hpcctl(&[&first, args].concat())
}

#[test]
fn one_platform_is_judged_and_the_others_are_named() {
    let dir = tempfile::tempdir().unwrap();
    index(dir.path(), &["riscv64", "amd64", "s390x"]);
    // The second time the report of the scan is there.
    for _ in 0..2 {
        for (platform, outcome, others) in [
            ("linux/amd64", "allow", ["linux/riscv64", "linux/s390x"]),
            ("linux/s390x", "deny", ["linux/riscv64", "linux/amd64"]),
        ] {
            let report = gate(dir.path(), &["--platform", platform, "-o", "json"]).json();
            let subject = &report["result"]["subject"];
            assert_eq!(subject["platform"], platform);
            assert_eq!(subject["other_platforms"], json!(others));
            assert_eq!(
                report["result"]["decision"]["outcome"], outcome,
                "{platform}"
            );
        }
    }
    let told = "linux/amd64; not looked at: linux/riscv64, linux/s390x";
    for format in ["table", "markdown"] {
        let run = gate(dir.path(), &["--platform", "linux/amd64", "-o", format]);
        assert!(run.stdout.contains(told), "{}", run.stdout);
    }
    let none = gate(dir.path(), &["--platform", "linux/ppc64le"]);
    assert_eq!(
        (none.code, none.stdout.as_str()),
        (5, ""),
        "{}",
        none.stderr
    );
    assert_eq!(gate(dir.path(), &["--platform", "linux"]).code, 2);
}

#[test]
fn an_image_for_one_platform_names_no_other() {
    let dir = tempfile::tempdir().unwrap();
    index(dir.path(), &["riscv64"]);
    let subject = gate(dir.path(), &["-o", "json"]).json()["result"]["subject"].clone();
    assert_eq!(subject["platform"], "linux/riscv64");
    assert_eq!(subject["other_platforms"], Value::Null);
    // What is for another platform than the one that is asked for is not judged.
    assert_eq!(gate(dir.path(), &["--platform", "linux/amd64"]).code, 5);
}
