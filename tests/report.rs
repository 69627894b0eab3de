//! The history, and what changed since last night.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::cli::{Run, hpcctl};
use crate::fleet::sealed;
use crate::schema::validate;

/// A line of a node with checks that fail.
fn line(node: &str, failed: &[&str], at: &str) -> String {
    let said: serde_json::Map<String, Value> = failed
        .iter()
        .map(|id| ((*id).to_owned(), format!("{id} is broken").into()))
        .collect();
    let body = json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", "x86_64"], "f": failed,
        "w": [], "u": [], "b": {}, "r": {"builtin": {"run": "yes"}}, "cut": false,
        "t": at, "x": said});
    sealed(node, &body)
}

fn add(state: &Path, name: &str, text: &str) -> Run {
    let file = state.join(name);
    fs::write(&file, text).unwrap();
    report(state, &["add", file.to_str().unwrap()])
}

fn report(state: &Path, args: &[&str]) -> Run {
    let (command, rest) = args.split_first().unwrap();
    let state = ["--state", state.to_str().unwrap()];
    hpcctl(&[&["report", *command], &state[..], rest].concat())
}

#[test]
fn the_history_keeps_exports_and_forgets() {
    let dir = tempfile::tempdir().unwrap();
    let old = line("n1", &["ns.user"], "2020-01-01T02:00:00Z");
    let new = line("n1", &[], "2026-11-25T02:00:00Z");
    assert_eq!(add(dir.path(), "old", &old).stdout, "1 added\n");
    assert_eq!(
        add(dir.path(), "old", &old).stdout,
        "0 added, 1 known already\n"
    );
    let doctor = hpcctl(&["doctor", "--fast", "-o", "json"]).stdout;
    assert_eq!(add(dir.path(), "doctor.json", &doctor).code, 0);
    assert_eq!(add(dir.path(), "new", &new).code, 0);
    let refused = add(dir.path(), "other", "nothing");
    assert_eq!(refused.code, 5);
    assert!(refused.stderr.contains("HPCCTL1"), "{}", refused.stderr);

    let export = report(dir.path(), &["export"]);
    let records: Vec<Value> = export
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let kinds: Vec<&str> = records
        .iter()
        .map(|r| r["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["fleet", "doctor", "fleet"]);
    assert_eq!(records[0]["said"][0]["found"][0]["id"], "ns.user");
    let since = report(dir.path(), &["export", "--since", "2026-01-01"]);
    assert_eq!(since.stdout.lines().count(), 2);

    let pruned = report(dir.path(), &["prune", "--keep", "1000d"]);
    assert_eq!(pruned.stdout, "1 taken out, 2 kept\n", "{}", pruned.stderr);
    assert_eq!(report(dir.path(), &["export"]).stdout, since.stdout);
    assert_eq!(report(dir.path(), &["prune", "--keep", "x"]).code, 2);
}

#[test]
fn a_history_that_was_cut_short_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("history.log");
    let at = |n: u32| line("n1", &["ns.user"], &format!("2026-11-{n:02}T02:00:00Z"));
    assert_eq!(add(dir.path(), "1", &at(1)).code, 0);
    let one = fs::metadata(&log).unwrap().len();
    assert_eq!(add(dir.path(), "2", &at(2)).code, 0);
    let whole = fs::read(&log).unwrap();
    for cut in [one, one + 1, one + 30, whole.len() as u64 - 2] {
        let mut file = File::create(&log).unwrap();
        file.write_all(&whole[..usize::try_from(cut).unwrap()])
            .unwrap();
        drop(file);
        assert_eq!(add(dir.path(), "3", &at(3)).code, 0);
        let export = report(dir.path(), &["export"]);
        assert_eq!(export.stdout.lines().count(), 2, "cut at {cut}");
        let torn = cut > one;
        assert_eq!(export.code, if torn { 3 } else { 0 }, "cut at {cut}");
        // What was lost is added again.
        assert_eq!(add(dir.path(), "2", &at(2)).stdout, "1 added\n");
        report(dir.path(), &["prune", "--keep", "36500d"]);
        let export = report(dir.path(), &["export"]);
        assert_eq!((export.code, export.stdout.lines().count()), (0, 3));
    }
}

/// Lines of a night of ten nodes, of which some fail.
fn night(day: u32, failing: &[usize], id: &str) -> String {
    let of = |n| {
        let failed: &[&str] = if failing.contains(&n) { &[id] } else { &[] };
        line(
            &format!("n{n:02}"),
            failed,
            &format!("2026-11-{day:02}T02:00:00Z"),
        )
    };
    (1..=10).map(of).collect()
}

#[test]
fn the_morning_tells_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    let morning = |day: u32, more: &[&str]| {
        let at = format!("2026-11-{day:02}T06:00:00Z");
        report(dir.path(), &[&["nightly", "--at", &at], more].concat())
    };
    assert_eq!(morning(22, &[]).code, 3);
    for (day, failing) in [(22, &[3][..]), (23, &[3]), (24, &[4, 5, 6])] {
        let text = night(day, failing, "ns.user");
        assert_eq!(add(dir.path(), &day.to_string(), &text).code, 0);
    }
    let quiet = morning(23, &[]);
    assert_eq!(quiet.code, 0, "{}", quiet.stderr);
    assert_eq!(
        quiet.stdout,
        "no change on 10 nodes, since 2026-11-22T02:00:00Z\n\
         still: 1 finding, the oldest since 2026-11-22T02:00:00Z\n\
         not checked: nothing that was checked before\n"
    );
    let changed = morning(24, &["-o", "json"]);
    assert_eq!(changed.code, 1, "{}", changed.stderr);
    let json = changed.json();
    validate("hpcctl.nightly-1.json", &json);
    let found = &json["result"];
    assert_eq!(found["new"][0]["id"], "ns.user");
    assert_eq!(found["new"][0]["on"]["set"], "n[04-06]");
    let fix = found["new"][0]["fix"].as_str().unwrap();
    assert!(fix.contains("user namespaces"), "{fix}");
    assert_eq!(found["fixed"][0]["on"]["set"], "n03");
    assert_eq!(found["fixed"][0]["since"], "2026-11-22T02:00:00Z");
    assert_eq!(found["new"].as_array().unwrap().len(), 1, "{found}");
    let nothing = morning(26, &[]);
    assert_eq!(nothing.code, 3);
    assert!(
        nothing.stdout.starts_with("no results"),
        "{}",
        nothing.stdout
    );
    for format in ["table", "markdown", "mail", "html", "openmetrics"] {
        let run = morning(24, &["-o", format]);
        assert!(run.stdout.contains("ns.user"), "{format}: {}", run.stdout);
    }
    let prom = dir.path().join("hpcctl.prom");
    let output = format!("openmetrics={}", prom.display());
    assert_eq!(morning(24, &["-o", &output]).stdout, "");
    let text = fs::read_to_string(prom).unwrap();
    assert!(
        text.contains("hpcctl_report_nodes{state=\"reported\"} 10\n"),
        "{text}"
    );
}

#[test]
fn two_reports_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let file = dir.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let before = file("a", &night(24, &[1, 2], "ns.user"));
    let after = file("b", &night(24, &[2, 3], "ns.user"));
    let doctor = file("c", &hpcctl(&["doctor", "--fast", "-o", "json"]).stdout);
    let run = hpcctl(&["report", "diff", &before, &after]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stdout.starts_with("worse: 1 new, 1 fixed on 10 nodes"),
        "{}",
        run.stdout
    );
    assert_eq!(hpcctl(&["report", "diff", &before, &before]).code, 0);
    assert_eq!(hpcctl(&["report", "diff", &doctor, &doctor]).code, 0);
    assert_eq!(hpcctl(&["report", "diff", &before, &doctor]).code, 2);
    assert_eq!(hpcctl(&["report", "diff", &before, "/nonexistent"]).code, 5);
}

/// A file for sites.
fn site(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/site");
    folder.join(name)
}

#[test]
fn the_night_of_a_site_runs() {
    let dir = tempfile::tempdir().unwrap();
    let metrics = dir.path().join("hpcctl.prom");
    for time in ["first", "second"] {
        let output = Command::new(site("nightly"))
            .env("HPCCTL", env!("CARGO_BIN_EXE_hpcctl"))
            .env("HPCCTL_STATE", dir.path().join("state"))
            .env("TEXTFILE", &metrics)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{output:?}");
        assert!(text.contains("1 added\n"), "{text}");
        assert!(text.contains("\nSubject: hpcctl: "), "{time}: {text}");
        assert!(text.contains(" on 1 node\n"), "{text}");
    }
    let metrics = fs::read_to_string(metrics).unwrap();
    assert!(metrics.contains("hpcctl_report_nodes{state=\"reported\"} 1\n"));
}

#[test]
fn the_timer_and_the_cron_line_call_it() {
    let call = "/usr/libexec/hpcctl/nightly";
    let cron = fs::read_to_string(site("hpcctl-nightly.cron")).unwrap();
    let line = cron.lines().find(|line| !line.starts_with('#')).unwrap();
    let fields: Vec<&str> = line.split(' ').collect();
    assert_eq!(fields, ["0", "2", "*", "*", "*", "root", call]);
    let service = fs::read_to_string(site("hpcctl-nightly.service")).unwrap();
    assert!(service.contains(&format!("ExecStart={call}\n")));
    let dir = tempfile::tempdir().unwrap();
    let here = service.replace(call, site("nightly").to_str().unwrap());
    let here = here.replace("man:hpcctl-report-nightly(1)", "https://example.org");
    let unit = dir.path().join("hpcctl-nightly.service");
    fs::write(&unit, here).unwrap();
    let timer = dir.path().join("hpcctl-nightly.timer");
    let text = fs::read_to_string(site("hpcctl-nightly.timer")).unwrap();
    let text = text.replace("man:hpcctl-report-nightly(1)", "https://example.org");
    fs::write(&timer, text).unwrap();
    let verify = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .args([&unit, &timer])
        .output();
    match verify {
        Err(error) => eprintln!("skipped: systemd-analyze: {error}"),
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}");
            assert!(!said.contains("hpcctl-nightly"), "{said}");
        }
    }
}
