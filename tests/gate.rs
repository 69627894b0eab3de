//! The gate as its users meet it: every exit status, every format, and that no error reads as
//! leave.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{Run, hpcctl};

/// A root file system with one package of this licence, and a directory for results.
struct Tree {
    dir: tempfile::TempDir,
}

impl Tree {
    fn new(license: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tree = Self { dir };
        tree.write(
            "root/usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
            &format!("Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: {license}\n"),
        );
        tree
    }

    fn path(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    fn write(&self, path: &str, text: &str) -> String {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn gate(&self, args: &[&str]) -> Run {
        let root = format!("dir:{}", self.path("root").display());
        let state = self.path("state").display().to_string();
        let first = ["gate", &root, "--state", &state];
        hpcctl(&[&first, args].concat())
    }

    fn policy(&self, text: &str) -> String {
        self.write("policy.toml", &format!("version = 1\n{text}"))
    }
}

fn outcome(run: &Run) -> String {
    run.json()["result"]["decision"]["outcome"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn every_outcome_has_its_status() {
    let good = Tree::new("MIT");
    let run = good.gate(&["-o", "json"]);
    assert_eq!(
        (run.code, outcome(&run).as_str()),
        (0, "allow"),
        "{}",
        run.stderr
    );

    let refused = Tree::new("CC-BY-NC-4.0");
    let run = refused.gate(&["-o", "json"]);
    assert_eq!((run.code, outcome(&run).as_str()), (1, "deny"));

    let policy = good.policy("[licenses]\nreview = [\"MIT\"]\n");
    let run = good.gate(&["--policy", &policy, "-o", "json"]);
    assert_eq!((run.code, outcome(&run).as_str()), (1, "review"));

    let empty = Tree::new("MIT");
    fs::remove_dir_all(empty.path("root/usr")).unwrap();
    let run = empty.gate(&["-o", "json"]);
    assert_eq!((run.code, outcome(&run).as_str()), (3, "incomplete"));

    let broken = Tree::new("MIT");
    broken.write("root/var/lib/dpkg/status", "Package\0: broken");
    let run = broken.gate(&["-o", "json"]);
    assert_eq!(
        (run.code, outcome(&run).as_str()),
        (3, "incomplete"),
        "{}",
        run.stdout
    );

    let policy = good.policy("[rules]\n\"no.rule\" = \"deny\"\n");
    let run = good.gate(&["--policy", &policy]);
    assert_eq!((run.code, run.stdout.as_str()), (4, ""));
    assert!(
        run.stderr
            .contains("policy.toml:3:1: there is no rule no.rule"),
        "{}",
        run.stderr
    );
    assert!(run.stderr.contains("^^^^^^^^^"), "{}", run.stderr);

    for args in [
        ["--policy", "/no/such/policy"],
        ["--result", "/no/such/result"],
    ] {
        let run = good.gate(&args);
        let code = if args[0] == "--policy" { 4 } else { 5 };
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (code, ""),
            "{}",
            run.stderr
        );
    }
    assert_eq!(hpcctl(&["gate", "dir:/no/such/tree"]).code, 5);
    assert_eq!(hpcctl(&["gate"]).code, 2);
    assert_eq!(hpcctl(&["gate", "x", "--now", "yesterday"]).code, 2);
}

#[test]
fn a_directory_cannot_be_bound_to_a_destination() {
    let run = Tree::new("MIT").gate(&["--to", "docker.io/x/y", "-o", "json"]);
    assert_eq!(run.code, 1);
    assert_eq!(outcome(&run), "deny");
}

#[test]
fn each_format_tells_the_decision() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let expected = [
        ("table", "decision     deny: it may not be published there"),
        ("sarif", "\"ruleId\": \"license.terms\""),
        ("junit", "<failure type=\"deny\""),
        ("markdown", "## hpcctl gate: deny"),
    ];
    for (format, text) in expected {
        let run = tree.gate(&["-o", format]);
        assert_eq!(run.code, 1);
        assert!(run.stdout.contains(text), "{format}: {}", run.stdout);
    }
    let sarif: Value = tree.gate(&["-o", "sarif"]).json();
    assert_eq!(sarif["version"], "2.1.0");
}

#[test]
fn a_decision_can_be_made_again() {
    let tree = Tree::new("CC-BY-NC-4.0");
    let decided = || {
        let run = tree.gate(&["--now", "2026-02-01T00:00:00Z", "-o", "json"]);
        run.json()["result"].clone()
    };
    assert_eq!(decided(), decided());
}

#[test]
fn the_policy_that_init_prints_is_valid() {
    let printed = hpcctl(&["policy", "init"]);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("policy.toml");
    fs::write(&path, &printed.stdout).unwrap();
    let check = |path: &Path| hpcctl(&["policy", "check", &path.display().to_string()]);
    assert_eq!(check(&path).code, 0);
    fs::write(&path, printed.stdout.replace("version = 1", "version = 7")).unwrap();
    let run = check(&path);
    assert_eq!(run.code, 4);
    assert!(
        run.stderr.contains("this hpcctl reads version 1"),
        "{}",
        run.stderr
    );
}

#[test]
fn every_rule_has_its_manual() {
    let listed = hpcctl(&["gate", "list"]).stdout;
    assert!(listed.lines().count() >= 16, "{listed}");
    for line in listed.lines() {
        let id = line.split_whitespace().next().unwrap();
        let manual = hpcctl(&["gate", "explain", id]);
        assert!(
            manual.code == 0 && manual.stdout.contains("\nJudged "),
            "{id}"
        );
    }
    assert_eq!(hpcctl(&["gate", "explain", "no.rule"]).code, 2);
}
