//! Other results of the image, which a policy may ask for.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::findings;
use crate::cli::{Run, hpcctl};
use crate::handmade::{debian, layout};
use crate::real::real;

/// An image of a store, which is taken out of it at the end.
struct Stored(String);

impl Stored {
    fn of(layout: &str, name: &str) -> Self {
        let stored = format!("containers-storage:{name}");
        let mut skopeo = Command::new("skopeo");
        skopeo.args(["--insecure-policy", "copy", "--quiet", layout, &stored]);
        let run = Run::of(&mut skopeo);
        assert_eq!(run.code, 0, "{}", run.stderr);
        Self(stored)
    }
}

impl Drop for Stored {
    fn drop(&mut self) {
        let _ = Command::new("skopeo").args(["delete", &self.0]).status();
    }
}

#[test]
fn bench_says_which_image_it_was_about() {
    if !real("bench_says_which_image_it_was_about") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    for name in ["one", "other"] {
        let settings = json!({"Labels": {"name": name, "of": path("")}});
        layout(&dir.path().join(name), "amd64", &settings, Some(&debian()));
    }
    let image = |name: &str| format!("oci:{}", path(name));
    let stored = Stored::of(&image("one"), "localhost/hpcctl-gate-bench:v1");
    let result = path("bench.json");
    let output = format!("json={result}");
    let measured = hpcctl(&[
        "bench", "cpu", "--inside", "podman", "--image", &stored.0, "--budget", "1s", "-o", &output,
    ]);
    assert!([0, 1, 3].contains(&measured.code), "{}", measured.stderr);
    let text = fs::read_to_string(&result).unwrap();
    let mut report: Value = serde_json::from_str(&text).unwrap();
    // What the machine was like meanwhile is not what is tried here.
    report["unknowns"] = json!([]);
    for comparison in report["result"]["comparisons"].as_array_mut().unwrap() {
        comparison["verdict"] = json!("equivalent");
    }
    fs::write(&result, report.to_string()).unwrap();
    let (policy, state) = (path("policy.toml"), path("state"));
    fs::write(&policy, "version = 1\n[results]\nrequired = [\"bench\"]\n").unwrap();
    let found = |name: &str| {
        let (image, output) = (image(name), ["-o", "json"]);
        let args = [
            "gate", &image, "--state", &state, "--policy", &policy, "--result", &result,
        ];
        findings(&hpcctl(&[&args[..], &output].concat()), "evidence.results")
    };
    assert_eq!(found("one"), []);
    let other = found("other");
    assert!(
        other.len() == 1 && other[0].1.contains("not about this image"),
        "{other:?}"
    );
    report["result"]["comparisons"][0]["verdict"] = json!("slower");
    fs::write(&result, report.to_string()).unwrap();
    let slower = found("one");
    assert!(
        slower.len() == 1 && slower[0].1.contains("is slower inside"),
        "{slower:?}"
    );
}

#[test]
fn what_a_scanner_of_vulnerabilities_found_is_judged() {
    let dir = tempfile::tempdir().unwrap();
    let image = super::layout(dir.path());
    let state = dir.path().join("state").display().to_string();
    let gate = |args: &[&str]| {
        let first = ["gate", &image, "--state", &state, "-o", "json"];
        hpcctl(&[&first, args].concat()).json()
    };
    let digest = gate(&[])["result"]["subject"]["digest"].clone();
    let found = |digest: &str| {
        let sarif = serde_json::json!({"version": "2.1.0", "runs": [{
            "properties": {"imageID": digest},
            "tool": {"driver": {"name": "scanner", "rules": [
                {"id": "CVE-2026-1", "properties": {"security-severity": "9.8"}}]}},
            "results": [{"ruleId": "CVE-2026-1"}],
        }]});
        let file = dir.path().join("found.sarif");
        fs::write(&file, sarif.to_string()).unwrap();
        let report = gate(&["--result", file.to_str().unwrap()]);
        let rules = report["result"]["decision"]["rules"].as_array().unwrap();
        let of = |rule: &&Value| rule["id"] == "evidence.vulnerabilities";
        let rule = rules.iter().find(of).unwrap();
        assert_eq!(rule["outcome"], "review", "{rule}");
        rule["findings"][0]["text"].as_str().unwrap().to_owned()
    };
    assert!(found(digest.as_str().unwrap()).starts_with("CVE-2026-1 is critical"));
    assert!(found("sha256:0").contains("does not say that it is about this image"));
}

#[test]
fn doctor_says_which_image_it_was_about() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state").display().to_string();
    let (digest, other) = ("one", "other");
    for name in [digest, other] {
        let settings = json!({"Labels": {"name": name}});
        layout(&dir.path().join(name), "amd64", &settings, Some(&debian()));
    }
    let image = |name: &str| format!("oci:{}", dir.path().join(name).display());
    let result = dir.path().join("doctor.json").display().to_string();
    let output = format!("json={result}");
    hpcctl(&[
        "doctor",
        "--image",
        &image(digest),
        "--check",
        "ns.user",
        "-o",
        &output,
    ]);
    let policy = dir.path().join("policy.toml").display().to_string();
    fs::write(&policy, "version = 1\n[results]\nrequired = [\"doctor\"]\n").unwrap();
    for (name, text) in [
        (digest, "No runtime there can run it."),
        (other, "not about this image"),
    ] {
        let image = image(name);
        let args = [
            "gate", &image, "--state", &state, "--policy", &policy, "--result", &result, "-o",
            "json",
        ];
        let found = findings(&hpcctl(&args), "evidence.results");
        assert!(found.len() == 1 && found[0].1.contains(text), "{found:?}");
    }
}
