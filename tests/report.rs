//! The history, and what changed since last night.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Run, hpcctl};
use crate::fleet::{passing, sealed};
use crate::schema::validate;

/// A line of a node with checks that fail.
pub fn line(node: &str, failed: &[&str], at: &str) -> String {
    let said: serde_json::Map<String, Value> = failed
        .iter()
        .map(|id| ((*id).to_owned(), format!("{id} is broken").into()))
        .collect();
    let body = json!({"k": "doctor", "v": "0.1.0", "h": ["6.1.0", "x86_64"], "f": failed,
        "w": [], "u": [], "b": {}, "r": {"builtin": {"run": "yes"}, "podman": {"run": "yes"}},
        "p": passing(),
        "cut": false, "t": at, "n": node, "x": said});
    sealed(node, &body)
}

pub fn add(state: &Path, name: &str, text: &str) -> Run {
    let file = state.join(name);
    fs::write(&file, text).unwrap();
    report(state, &["add", file.to_str().unwrap()])
}

pub fn report(state: &Path, args: &[&str]) -> Run {
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

/// Has hpcctl killed as a file of it is to become longer than this: so the kernel does with what writes beyond
/// RLIMIT_FSIZE, setrlimit(2).
fn killed(cut: u64, args: &[&str]) {
    let mut command = std::process::Command::new("prlimit");
    command.args(["--core=0", &format!("--fsize={cut}")]);
    command.arg(env!("CARGO_BIN_EXE_hpcctl")).args(args);
    let ended = command.output().unwrap().status;
    let expected = rustix::process::Signal::XFSZ.as_raw();
    assert_eq!(ended.signal(), Some(expected), "cut at {cut}");
}

#[test]
fn an_addition_that_is_killed_at_any_byte_loses_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let at = |n: u32| line("n1", &["ns.user"], &format!("2026-11-{n:02}T02:00:00Z"));
    let log = dir.path().join("history.log");
    assert_eq!(add(dir.path(), "1", &at(1)).code, 0);
    let first = fs::read(&log).unwrap();
    assert_eq!(add(dir.path(), "2", &at(2)).code, 0);
    let whole = fs::metadata(&log).unwrap().len();
    let second = dir.path().join("2").display().to_string();
    let state = dir.path().display().to_string();
    let cuts = (first.len() as u64..whole - 1).step_by(7);
    for cut in cuts.chain([whole - 1]) {
        fs::write(&log, &first).unwrap();
        killed(cut, &["report", "add", "--state", &state, &second]);
        assert_eq!(fs::metadata(&log).unwrap().len(), cut);
        let export = report(dir.path(), &["export"]);
        // What lacks but the end of its line is whole.
        let is_whole = cut == whole - 1;
        let expected = match cut > first.len() as u64 {
            true if is_whole => (0, 2),
            torn => (if torn { 3 } else { 0 }, 1),
        };
        let found = (export.code, export.stdout.lines().count());
        assert_eq!(found, expected, "cut at {cut}");
        let added = add(dir.path(), "2", &at(2)).stdout;
        assert_eq!(added.starts_with("1 added"), !is_whole, "{cut}: {added}");
        let export = report(dir.path(), &["export"]);
        assert_eq!(export.stdout.lines().count(), 2, "cut at {cut}");
    }
}

#[test]
fn what_a_prune_that_is_killed_leaves_goes_with_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let at = |n: u32| line("n1", &[], &format!("2026-11-{n:02}T02:00:00Z"));
    for n in 1..=3 {
        assert_eq!(add(dir.path(), &n.to_string(), &at(n)).code, 0);
    }
    let files = || -> Vec<String> {
        let names = fs::read_dir(dir.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    let (before, log) = (files(), fs::read(dir.path().join("history.log")).unwrap());
    let state = dir.path().display().to_string();
    let prune = ["report", "prune", "--keep", "36500d", "--state", &state];
    for cut in [1, 100, log.len() as u64 - 1] {
        killed(cut, &prune);
        assert_eq!(fs::read(dir.path().join("history.log")).unwrap(), log);
        assert_eq!(files().len(), before.len() + 1, "{:?}", files());
    }
    let pruned = hpcctl(&prune);
    assert_eq!(pruned.stdout, "0 taken out, 3 kept\n", "{}", pruned.stderr);
    assert_eq!(files(), before);
    assert_eq!(fs::read(dir.path().join("history.log")).unwrap(), log);
}

/// Lines of a night of so many nodes, of which some fail.
pub fn night(day: u32, nodes: usize, failing: &[usize], id: &str) -> String {
    let of = |n| {
        let failed: &[&str] = if failing.contains(&n) { &[id] } else { &[] };
        line(
            &format!("n{n:02}"),
            failed,
            &format!("2026-11-{day:02}T02:00:00Z"),
        )
    };
    (1..=nodes).map(of).collect()
}

/// SARIF of a night in which a check broke on three nodes and came back on another.
pub fn log() -> Value {
    let dir = tempfile::tempdir().unwrap();
    for (day, failing) in [(23, &[3][..]), (24, &[4, 5, 6])] {
        let text = night(day, 10, failing, "ns.user");
        assert_eq!(add(dir.path(), &day.to_string(), &text).code, 0);
    }
    let at = ["nightly", "--at", "2026-11-24T06:00:00Z", "-o", "sarif"];
    report(dir.path(), &at).json()
}

#[test]
fn the_morning_tells_what_changed() {
    let dir = tempfile::tempdir().unwrap();
    let morning = |day: u32, more: &[&str]| {
        let at = format!("2026-11-{day:02}T06:00:00Z");
        report(dir.path(), &[&["nightly", "--at", &at], more].concat())
    };
    let none = morning(22, &[]);
    assert_eq!(none.code, 3);
    assert!(none.stderr.contains("history.log yet"), "{}", none.stderr);
    for (day, failing) in [(22, &[3][..]), (23, &[3]), (24, &[4, 5, 6])] {
        let text = night(day, 10, failing, "ns.user");
        assert_eq!(add(dir.path(), &day.to_string(), &text).code, 0);
    }
    let first = morning(22, &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    let head = "first night: containers run on all; 1 fail; 10 nodes examined, with none before\n";
    assert!(first.stdout.starts_with(head), "{}", first.stdout);
    let quiet = morning(23, &[]);
    assert_eq!(quiet.code, 0, "{}", quiet.stderr);
    assert_eq!(
        quiet.stdout,
        "no change on 10 nodes, since 2026-11-22T02:00:00Z\n\
         still: 1 fail (ns.user on n03), the oldest since 2026-11-22T02:00:00Z or before\n\
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
}

#[test]
fn the_morning_is_told_in_every_format() {
    let dir = tempfile::tempdir().unwrap();
    for (day, failing) in [(23, &[3][..]), (24, &[4, 5, 6])] {
        let text = night(day, 10, failing, "ns.user");
        assert_eq!(add(dir.path(), &day.to_string(), &text).code, 0);
    }
    let morning = |output: &str| {
        let at = ["nightly", "--at", "2026-11-24T06:00:00Z", "-o", output];
        report(dir.path(), &at)
    };
    for format in [
        "table",
        "markdown",
        "mail",
        "html",
        "openmetrics",
        "junit",
        "sarif",
    ] {
        let run = morning(format);
        assert!(run.stdout.contains("ns.user"), "{format}: {}", run.stdout);
    }
    let page = report(dir.path(), &["html", "--at", "2026-11-24T06:00:00Z"]);
    let body = |run: Run| run.stdout.split("<footer>").next().unwrap().to_owned();
    assert_eq!(body(page), body(morning("html")));
    let prom = dir.path().join("hpcctl.prom");
    let output = format!("openmetrics={}", prom.display());
    assert_eq!(morning(&output).stdout, "");
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
    let before = file("a", &night(24, 10, &[1, 2], "ns.user"));
    let after = file("b", &night(24, 10, &[2, 3], "ns.user"));
    let doctor = file("c", &hpcctl(&["doctor", "--fast", "-o", "json"]).stdout);
    let run = hpcctl(&["report", "diff", &before, &after]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stdout
            .starts_with("worse: 1 new, 1 fixed; 10 nodes examined"),
        "{}",
        run.stdout
    );
    assert_eq!(hpcctl(&["report", "diff", &before, &before]).code, 0);
    assert_eq!(hpcctl(&["report", "diff", &doctor, &doctor]).code, 0);
    // One node is a fleet, too; a gate is none.
    let line = file("d", &hpcctl(&["doctor", "--fast", "-o", "line"]).stdout);
    assert_eq!(hpcctl(&["report", "diff", &doctor, &line]).code, 0);
    // This machine is none of those ten.
    let disjoint = hpcctl(&["report", "diff", &doctor, &before]);
    assert_eq!(disjoint.code, 2, "{}", disjoint.stdout);
    let told = "cannot compare: nothing is in both, one is of ";
    assert!(disjoint.stderr.contains(told), "{}", disjoint.stderr);
    let gate = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/gate-1.json");
    let gate = gate.to_str().unwrap();
    assert_eq!(hpcctl(&["report", "diff", gate, &doctor]).code, 2);
    assert_eq!(hpcctl(&["report", "diff", &before, "/nonexistent"]).code, 5);
}

/// A report, or the log, as the first version wrote it.
pub fn sample(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report");
    folder.join(name)
}

/// The kinds of report of which something is kept.
const KINDS: [&str; 5] = ["doctor", "fleet", "scan", "gate", "bench"];

#[test]
fn what_the_first_version_wrote_is_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(sample("history-1.log"), dir.path().join("history.log")).unwrap();
    let export = report(dir.path(), &["export"]);
    assert_eq!(export.code, 0, "{}", export.stderr);
    let kinds = export.stdout.lines().map(|line| {
        let record: Value = serde_json::from_str(line).unwrap();
        record["kind"].as_str().unwrap().to_owned()
    });
    assert_eq!(kinds.collect::<Vec<_>>(), KINDS);
    // The reports themselves are read as they were then: nothing of them is new.
    for kind in KINDS {
        let file = sample(&format!("{kind}-1.json"));
        let run = report(dir.path(), &["add", file.to_str().unwrap()]);
        assert_eq!(run.stdout, "0 added, 1 known already\n", "{}", run.stderr);
        let fresh = tempfile::tempdir().unwrap();
        report(fresh.path(), &["add", file.to_str().unwrap()]);
        // What later versions keep of them has more fields, and says the same.
        let again: Value = report(fresh.path(), &["export"]).json();
        let mut then = export
            .stdout
            .lines()
            .map(|line| line.parse::<Value>().unwrap());
        let then = then.find(|record| record["kind"] == kind).unwrap();
        for field in ["at", "source", "waivers", "figures"] {
            assert_eq!(again[field], then[field], "{kind}: {again}");
        }
        let found = |record: &Value| -> Vec<Vec<Value>> {
            let said = record["said"].as_array().unwrap().iter();
            let found = said.map(|said| said["found"].as_array().unwrap().iter());
            found
                .map(|found| found.map(|one| one["id"].clone()).collect())
                .collect()
        };
        assert_eq!(found(&again), found(&then), "{kind}");
    }
}

#[test]
fn what_is_no_history_and_no_report_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let mistyped = dir.path().join("mistyped");
    for args in [&["nightly"][..], &["prune", "--keep", "30d"], &["export"]] {
        let run = report(&mistyped, args);
        assert_eq!(run.code, 5, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains("mistyped"), "{args:?}: {}", run.stderr);
        assert!(!mistyped.exists(), "{args:?}");
    }
    assert_eq!(
        report(dir.path(), &["export", "--since", "yesterday"]).code,
        2
    );
    let rubbish = add(dir.path(), "rubbish", "one\ntwo\n");
    assert_eq!(rubbish.code, 5);
    let said = "no line of doctor -o line (HPCCTL1 …) is among its 2 lines";
    assert!(rubbish.stderr.contains(said), "{}", rubbish.stderr);
    let cut = add(dir.path(), "cut", "{\"schema\": \"hpcctl.doctor/1\", ");
    assert!(
        cut.stderr.contains("ends at byte 30, cut short"),
        "{}",
        cut.stderr
    );
    assert_eq!(hpcctl(&["fleet", "merge", "--expected", "", "-"]).code, 2);
}

#[test]
fn a_fast_look_repairs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, report: &Value| {
        let file = dir.path().join(name);
        fs::write(&file, report.to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let mut full = hpcctl(&["doctor", "-o", "json"]).json();
    let fast = hpcctl(&["doctor", "--fast", "--runtime", "builtin", "-o", "json"]);
    // One that --fast leaves out fails.
    let checks = full["result"]["checks"].as_array_mut().unwrap();
    let slow = checks.iter_mut().find(|check| check["id"] == "net.pasta");
    slow.unwrap()["status"] = "fail".into();
    let (full, fast) = (file("full", &full), file("fast", &fast.json()));
    let run = hpcctl(&["report", "diff", &full, &fast, "-o", "json"]);
    let found = &run.json()["result"];
    assert_eq!(found["fixed"], json!([]), "{found}");
    let unseen = found["not_checked"].as_array().unwrap();
    let is_told = |one: &Value| one["what"].as_str().unwrap().contains("net.pasta");
    assert!(unseen.iter().any(is_told), "{found}");
    // Back again, it is as it was.
    let back = hpcctl(&["report", "diff", &fast, &full, "-o", "json"]).json();
    let new = back["result"]["new"].as_array().unwrap();
    assert!(new.iter().all(|item| item["was"] != "pass"), "{back}");
}

#[test]
fn two_reports_of_bench_are_judged_by_their_bands() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).display().to_string();
    for (name, plant) in [("usual", "0"), ("slow", "30%")] {
        let output = format!("json={}", file(name));
        let run = hpcctl(&[
            "bench", "libc", "--inside", "host", "--budget", "4s", "--plant", plant, "-o", &output,
        ]);
        assert!([0, 1, 3].contains(&run.code), "{name}: {}", run.stderr);
    }
    let run = hpcctl(&["report", "diff", &file("usual"), &file("slow")]);
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("\nSlower\n"), "{}", run.stdout);
    assert!(run.stdout.starts_with("worse: "), "{}", run.stdout);
    let host = run.stdout.lines().next().unwrap();
    assert!(!host.contains("0 nodes"), "{host}");
}

#[test]
fn results_of_scan_gate_and_bench_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let archive = crate::handmade::docker_archive(dir.path());
    let image = format!("docker-archive:{}", archive.display());
    let state = dir.path().join("state");
    let kept = state.to_str().unwrap();
    let mut files = Vec::new();
    for (name, args) in [
        ("scan", &["scan", "image", &image][..]),
        ("gate", &["gate", &image, "--state", kept]),
        (
            "bench",
            &["bench", "libc", "--inside", "host", "--budget", "1s"],
        ),
    ] {
        let file = dir.path().join(format!("{name}.json"));
        let output = format!("json={}", file.display());
        let run = hpcctl(&[args, &["-o", &output]].concat());
        assert!([0, 1, 3].contains(&run.code), "{name}: {}", run.stderr);
        files.push(file.display().to_string());
    }
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let added = report(&state, &[&["add"], &files[..]].concat());
    assert_eq!(added.stdout, "3 added\n", "{}", added.stderr);
    let export = report(&state, &["export"]).stdout;
    let records: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let scan = &records[0]["said"][0];
    assert_eq!((&scan["on"], &scan["image"]), (&json!(image), &json!(true)));
    assert_eq!(scan["found"][0]["id"], "scan.verdict", "{scan}");
    let gate = &records[1]["said"][0]["found"];
    let rules: Vec<&str> = gate
        .as_array()
        .unwrap()
        .iter()
        .map(|found| found["id"].as_str().unwrap())
        .collect();
    assert!(rules.contains(&"license.terms"), "{gate}");
    let figures = records[2]["figures"].as_array().unwrap();
    let series = figures[0]["series"].as_str().unwrap();
    assert!(series.contains("libc."), "{series}");
    assert!(figures[0]["median"].as_f64().unwrap() > 0.0, "{figures:?}");
    let night = report(&state, &["nightly", "-o", "json"]).json();
    assert_eq!(night["result"]["verdict"], "first", "{night}");
    let found = night["result"]["still"].as_array().unwrap();
    let on = found.iter().find(|item| item["id"] == "license.terms");
    assert_eq!(on.unwrap_or_else(|| panic!("{night}"))["on"]["set"], image);
}

/// A log of five nights of a node, and its index.
fn five_nights(dir: &Path, node: &str) -> Vec<u8> {
    for day in 1..=5 {
        let text = line(node, &["ns.user"], &format!("2026-11-{day:02}T02:00:00Z"));
        assert_eq!(add(dir, &day.to_string(), &text).stdout, "1 added\n");
    }
    fs::read(dir.join("history.log")).unwrap()
}

#[test]
fn another_log_in_the_place_of_one_is_no_longer_that_of_the_index() {
    let [dir, others] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let ours = five_nights(dir.path(), "n1");
    let theirs = five_nights(others.path(), "n2");
    assert_eq!(theirs.len(), ours.len());
    let log = dir.path().join("history.log");
    for (written, node) in [(theirs, "n2"), (ours, "n1")] {
        // The same file, and a line ends where the index says.
        fs::write(&log, written).unwrap();
        let again = line(node, &["ns.user"], "2026-11-03T02:00:00Z");
        let told = add(dir.path(), "again", &again).stdout;
        assert_eq!(told, "0 added, 1 known already\n");
    }
}

#[test]
fn the_index_is_never_the_truth() {
    let dir = tempfile::tempdir().unwrap();
    let (log, index) = (
        dir.path().join("history.log"),
        dir.path().join("history.index"),
    );
    let at = |n: u32| line("n1", &["ns.user"], &format!("2026-11-{n:02}T02:00:00Z"));
    let night = |day: u32| {
        let at = format!("2026-11-{day:02}T06:00:00Z");
        report(dir.path(), &["nightly", "--at", &at]).stdout
    };
    five_nights(dir.path(), "n1");
    let told = night(5);
    assert!(
        told.starts_with("no change on 1 node, since 2026-11-04"),
        "{told}"
    );
    let good = fs::read(&index).unwrap();
    assert!(good.starts_with(b"SQLite format 3"));
    let known = || add(dir.path(), "3", &at(3)).stdout;
    let places = "UPDATE record SET start = start + 1";
    let beyond = "UPDATE log SET covered = covered * 2";
    let layout = "PRAGMA user_version = 9";
    let other = "DROP TABLE record";
    let fewer = "DELETE FROM record WHERE start = 0";
    for spoilt in [places, beyond, layout, other, fewer] {
        fs::write(&index, &good).unwrap();
        let connection = rusqlite::Connection::open(&index).unwrap();
        connection.execute_batch(spoilt).unwrap();
        drop(connection);
        assert_eq!(night(5), told, "{spoilt}");
        assert_eq!(known(), "0 added, 1 known already\n", "{spoilt}");
    }
    for bytes in [
        &b"no database"[..],
        b"",
        &good[..good.len() / 2],
        &[0; 8192],
    ] {
        fs::write(&index, bytes).unwrap();
        assert_eq!(night(5), told);
        assert_eq!(known(), "0 added, 1 known already\n");
    }
    fs::remove_file(&index).unwrap();
    assert_eq!(night(5), told);
    // It is made anew by the next that is added, and follows what is taken out.
    assert_eq!(add(dir.path(), "6", &at(6)).stdout, "1 added\n");
    assert!(index.exists());
    assert_eq!(report(dir.path(), &["export"]).stdout.lines().count(), 6);
    report(dir.path(), &["prune", "--keep", "36500d"]);
    assert!(night(6).starts_with("no change on 1 node, since 2026-11-05"));
    // A log that lost its end, or was changed, is read itself.
    let whole = fs::read(&log).unwrap();
    fs::write(&log, &whole[..whole.len() - 9]).unwrap();
    let run = report(dir.path(), &["nightly", "--at", "2026-11-06T06:00:00Z"]);
    assert!(run.stderr.contains("damaged"), "{}", run.stderr);
    assert_eq!(add(dir.path(), "6", &at(6)).stdout, "1 added\n");
}
