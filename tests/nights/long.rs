//! Histories of months: figures that stay slower and are accepted, decisions of gate that are old.

use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::gate::log::logged;
use crate::report::{report, sample};

/// The time of a night, from the first of August on.
fn time(night: i64) -> String {
    let first: Timestamp = "2026-08-01T02:00:00Z".parse().unwrap();
    let time = first + SignedDuration::from_hours(24 * night);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The report of bench of a night, in which there is so many times less of everything.
fn bench(dir: &Path, night: i64, times: f64) -> String {
    let text = fs::read_to_string(sample("bench-1.json")).unwrap();
    let mut report: Value = text.parse().unwrap();
    report["finished_at"] = time(night).into();
    for one in report["result"]["comparisons"].as_array_mut().unwrap() {
        for side in ["inside", "outside"] {
            let usual = one[side]["median"].as_f64().unwrap();
            let noise = 1.0 + 0.001 * (night * 7 % 5) as f64;
            one[side]["median"] = (usual * noise / times).into();
        }
    }
    let file = dir.join(format!("{night}.json"));
    fs::write(&file, report.to_string()).unwrap();
    file.display().to_string()
}

/// What is told in the morning of a night.
fn morning(dir: &Path, night: i64, more: &[&str]) -> (i32, Value) {
    let at = format!("{}T06:00:00Z", &time(night)[..10]);
    let run = report(
        dir,
        &[&["nightly", "--at", &at, "-o", "json"], more].concat(),
    );
    assert_eq!(run.stderr, "");
    (run.code, run.json()["result"].clone())
}

fn count(found: &Value, list: &str) -> usize {
    found[list].as_array().unwrap().len()
}

/// The night from which on the figures are worse.
const SLOW: i64 = 20;

/// A history of eighty nights in which figures become slower and stay so; answers how many those are.
fn slowed(dir: &Path) -> usize {
    let times = |night| if night < SLOW { 1.0 } else { 1.2 };
    let nights = (0..80).map(|night| bench(dir, night, times(night)));
    let nights: Vec<String> = nights.collect();
    // Added in any order, they are kept by their time.
    let mut files: Vec<&str> = nights.iter().map(String::as_str).collect();
    files.reverse();
    let added = report(dir, &[&["add"], &files[..]].concat());
    assert_eq!(added.stdout, "80 added\n", "{}", added.stderr);
    let (code, told) = morning(dir, SLOW + 1, &[]);
    let all = count(&told, "regressions");
    assert_eq!((code, all > 0), (1, true), "{told}");
    all
}

#[test]
fn a_slow_down_is_told_for_months() {
    let dir = tempfile::tempdir().unwrap();
    let all = slowed(dir.path());
    for night in [SLOW + 2, 60, 79] {
        let (code, told) = morning(dir.path(), night, &[]);
        assert_eq!((code, count(&told, "slow")), (0, all), "{night}: {told}");
        assert_eq!(told["slow"][0]["since"], time(SLOW), "{night}: {told}");
    }
}

#[test]
fn a_slow_down_is_accepted_by_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let all = slowed(dir.path());
    let file = dir.path().join("accepted.toml");
    let accepted = |more: &str| {
        let text = format!(
            "version = 1\n[[accepted]]\nid = \"OPS-1\"\nmetric = \"*\"\nfrom = \"{}\"\n\
             owner = \"ops\"\nreason = \"another kernel\"\n{more}",
            &time(SLOW)[..10]
        );
        fs::write(&file, text).unwrap();
        ["--accepted", file.to_str().unwrap()]
    };
    let (code, told) = morning(dir.path(), SLOW + 2, &accepted(""));
    assert_eq!((code, count(&told, "slow")), (0, 0), "{told}");
    let why = told["not_checked"][0]["why"].as_str().unwrap();
    let expected = "3 of 8 since 2026-08-21T00:00:00Z, by OPS-1: another kernel";
    assert!(why.contains(expected), "{why}");
    // Later it is what is usual.
    let (code, told) = morning(dir.path(), 79, &accepted(""));
    assert_eq!((code, &told["verdict"]), (0, &json!("unchanged")), "{told}");
    let lists = ["slow", "not_checked", "waivers"].map(|list| count(&told, list));
    assert_eq!(lists, [0, 0, 0], "{told}");
    // For a time only: that it lapses is told, and once it has, what was usual before counts again.
    let expires = format!("expires = \"{}\"\n", &time(70)[..10]);
    let (_, told) = morning(dir.path(), 69, &accepted(&expires));
    assert_eq!(told["waivers"][0]["id"], "OPS-1", "{told}");
    let (_, told) = morning(dir.path(), 71, &accepted(&expires));
    assert_eq!(count(&told, "slow"), all, "{told}");
    assert_eq!(told["waivers"][0]["lapsed"], true, "{told}");
    // Of other nodes it accepts nothing, and that is told.
    let (_, told) = morning(dir.path(), 79, &accepted("nodes = \"x[1-4]\"\n"));
    assert_eq!(count(&told, "slow"), all, "{told}");
    assert_eq!(told["not_checked"][0]["what"], "OPS-1", "{told}");
}

#[test]
fn a_file_of_what_is_accepted_that_is_not_valid_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("accepted.toml");
    fs::write(&file, "version = 1\n[[accepted]]\n").unwrap();
    let file = file.to_str().unwrap();
    for (file, told) in [(file, "missing field"), ("/nonexistent", "cannot read")] {
        let refused = report(dir.path(), &["nightly", "--accepted", file]);
        assert_eq!(refused.code, 4, "{}", refused.stderr);
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
}

#[test]
fn since_when_an_image_is_refused_is_told_by_the_log_and_the_history() {
    let dir = tempfile::tempdir().unwrap();
    let image = "registry.example/app:1";
    // A report of gate that was added forty nights ago, and decisions before and after it.
    let text = fs::read_to_string(sample("gate-1.json")).unwrap();
    let mut gate: Value = text.parse().unwrap();
    let id = "license.terms";
    let mut rules = gate["result"]["decision"]["rules"]
        .as_array_mut()
        .unwrap()
        .iter_mut();
    rules.find(|rule| rule["id"] == id).unwrap()["outcome"] = "deny".into();
    gate["result"]["subject"]["reference"] = image.into();
    gate["finished_at"] = time(40).into();
    let file = dir.path().join("gate.json");
    fs::write(&file, gate.to_string()).unwrap();
    assert_eq!(report(dir.path(), &["add", file.to_str().unwrap()]).code, 0);
    let nights = [(10, "allow"), (20, "deny"), (39, "deny"), (80, "deny")];
    let decisions = nights.map(|(night, outcome)| {
        json!({
            "at": time(night),
            "subject": {"reference": image},
            "rules": [{"id": id, "outcome": outcome, "findings": 1}],
        })
    });
    let head = logged(dir.path(), decisions);
    fs::write(dir.path().join("decisions.head"), head).unwrap();
    let (code, told) = morning(dir.path(), 80, &[]);
    let all = ["new", "still"].map(|list| told[list].as_array().unwrap().clone());
    let found = all.iter().flatten().find(|item| item["id"] == id);
    let found = found.unwrap_or_else(|| panic!("{told}"));
    assert_eq!((code, &found["since"]), (0, &json!(time(20))), "{told}");
}
