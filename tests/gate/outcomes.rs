//! Every outcome and every error has its exit status, and every format tells the decision.

use std::fs;

use serde_json::Value;

use super::{Tree, findings, layout, outcome};
use crate::cli::hpcctl;

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
}

#[test]
fn every_error_has_its_status() {
    let good = Tree::new("MIT");
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
    let run = good.gate(&["-o", "json=/proc/x"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(
        run.stderr
            .starts_with("hpcctl: cannot write /proc/x: no file can be made in /proc\n"),
        "{}",
        run.stderr
    );
    assert_eq!(hpcctl(&["gate", "dir:/no/such/tree"]).code, 5);
    assert_eq!(hpcctl(&["gate"]).code, 2);
    assert_eq!(hpcctl(&["gate", "x", "--now", "yesterday"]).code, 2);
}

/// Whoever opens a FIFO waits until somebody writes to it.
#[test]
fn what_is_no_regular_file_is_not_waited_for() {
    let tree = Tree::new("MIT");
    let fifo = tree.path("fifo").display().to_string();
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let root = format!("dir:{}", tree.path("root").display());
    let license = tree.write("LICENSE", "MIT License");
    for (args, code) in [
        (&["gate", &root, "--policy"][..], 4),
        (&["gate", &root, "--result"], 5),
        (&["policy", "check"], 4),
        (&["policy", "check", "--site"], 4),
        (&["license", "identify", &license, "--licenses"], 4),
        (&["license", "diff"], 5),
    ] {
        for file in [&*fifo, "/dev/zero"] {
            let more: &[&str] = match args {
                ["license", "diff"] => &[file, "MIT"],
                _ => &[file],
            };
            let run = hpcctl(&[args, more].concat());
            assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{args:?}");
            assert!(run.stderr.contains(file), "{}", run.stderr);
            assert!(
                run.stderr.contains("it is not a regular file"),
                "{}",
                run.stderr
            );
        }
    }
}

#[test]
fn a_directory_cannot_be_bound_to_a_destination() {
    let run = Tree::new("MIT").gate(&["--to", "docker.io/x/y", "-o", "json"]);
    assert_eq!(run.code, 1);
    assert_eq!(outcome(&run), "deny");
}

#[test]
fn what_publish_cannot_take_is_refused_for_a_destination() {
    let dir = tempfile::tempdir().unwrap();
    let image = layout(dir.path());
    let state = dir.path().join("state").display().to_string();
    let run = hpcctl(&[
        "gate",
        &image,
        "--state",
        &state,
        "--to",
        "docker.io/x/y",
        "-o",
        "json",
    ]);
    let found = findings(&run, "destination.class");
    assert!(
        found.len() == 1 && found[0].1.contains("form docker-archive"),
        "{found:?}"
    );
    assert!(
        run.stdout.contains("skopeo copy docker-archive:"),
        "{}",
        run.stdout
    );
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
fn a_report_for_ci_shows_green_rules() {
    let run = Tree::new("MIT").gate(&["-o", "junit"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let rules = hpcctl(&["gate", "list"]).stdout.lines().count();
    let cases = run.stdout.matches("<testcase ").count();
    assert_eq!(cases, rules, "{}", run.stdout);
    let head = format!("tests=\"{rules}\" failures=\"0\"");
    assert!(run.stdout.contains(&head), "{}", run.stdout);
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
