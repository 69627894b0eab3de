//! `hpcctl bench`: its report, its seed, an interrupt, an earlier run, and the builtin launcher for real.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli::{Run, command, hpcctl, script};
use crate::real::real;
use crate::schema::validate;

/// A short run to JSON.
pub fn bench(args: &[&str]) -> Value {
    report_of(&hpcctl(
        &[&["bench", "--budget", "1s", "-o", "json"], args].concat(),
    ))
}

/// The report of a run: whatever the node does meanwhile, it ends with a verdict.
pub fn report_of(run: &Run) -> Value {
    assert!(
        [0, 1, 3].contains(&run.code),
        "{}: {}",
        run.code,
        run.stderr
    );
    run.json()
}

/// The comparisons of a report.
pub fn comparisons(report: &Value) -> &Vec<Value> {
    report["result"]["comparisons"].as_array().unwrap()
}

/// Their metrics.
pub fn metrics(report: &Value) -> Vec<&str> {
    let names = comparisons(report).iter();
    names.map(|one| one["metric"].as_str().unwrap()).collect()
}

#[test]
fn a_report_is_valid_and_holds_every_sample() {
    let report = bench(&["libc", "launch", "--inside", "host", "--seed", "7"]);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["result"]["plan"]["seed"], 7);
    let names = metrics(&report);
    assert!(names.contains(&"libc.math") && names.contains(&"launch.start"));
    for one in comparisons(&report) {
        let samples = one["samples"].as_array().unwrap();
        assert!(samples.len() >= 20, "{one}");
        assert_eq!(one["outside"]["n"], samples.len());
        let first = samples
            .iter()
            .filter(|sample| sample["outside_first"] == true);
        // As often the one first as the other, give or take the odd pair.
        assert!(first.count().abs_diff(samples.len() / 2) <= 1, "{one}");
    }
}

#[test]
fn only_what_is_asked_for_is_measured() {
    let report = bench(&["libc", "cpu", "--only", "libc.m", "--inside", "host"]);
    let names = metrics(&report);
    assert_eq!(names, ["libc.malloc", "libc.malloc.threads", "libc.math"]);
    let run = hpcctl(&["bench", "libc", "--only", "net.", "--inside", "host"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(
        run.stderr.contains("there are libc.malloc, "),
        "{}",
        run.stderr
    );
}

#[test]
fn what_a_run_is_to_find_is_said_before_it() {
    let args = ["bench", "cpu", "--inside", "host", "--budget", "1s"];
    let run = hpcctl(&args);
    let words = "pairs are to find a slow-down of ";
    assert!(run.stderr.contains(words), "{}", run.stderr);
    let run = hpcctl(&[&args[..], &["--quiet"]].concat());
    assert_eq!(run.stderr, "");
}

#[test]
fn a_seed_decides_the_order() {
    let order = |seed: &str| -> Vec<bool> {
        let report = bench(&["libc", "--inside", "host", "--seed", seed]);
        // How many pairs fit is not the seed's to say; the fewest there are always are.
        let samples = comparisons(&report)[0]["samples"].as_array().unwrap();
        let first = samples.iter().map(|sample| sample["outside_first"] == true);
        if samples.len() == 20 {
            first.collect()
        } else {
            Vec::new()
        }
    };
    let (one, same, other) = (order("1"), order("1"), order("2"));
    if !one.is_empty() && !same.is_empty() {
        assert_eq!(one, same);
    }
    if !one.is_empty() && !other.is_empty() {
        assert_ne!(one, other);
    }
}

#[test]
fn a_delay_that_is_planted_is_found() {
    // The node may be busy with other things; three times in a row it is not.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let report = bench(&["libc", "--inside", "host", "--plant", "100%"]);
        let math = comparisons(&report)
            .iter()
            .find(|one| one["metric"] == "libc.math");
        let math = math.unwrap().clone();
        if math["verdict"] == "slower" {
            let ratio = math["ratio"]["estimate"].as_f64().unwrap();
            assert!((0.3..0.8).contains(&ratio), "{math}");
            return;
        }
        seen.push(math["ratio"].clone());
    }
    panic!("half the rate was never found: {seen:?}");
}

#[test]
fn what_cannot_be_compared_is_refused_with_its_reason() {
    for (args, code, words) in [
        (&["bench"][..], 2, "SUBJECT"),
        (&["bench", "nonesuch"], 2, "possible values"),
        (&["bench", "libc", "--margin", "0%"], 2, "margin"),
        (&["bench", "libc", "--margin", "-3%"], 2, "from 0 to 100"),
        (
            &["bench", "libc", "--mpi", "host-library"],
            2,
            "mpi is not asked for",
        ),
        (
            &["bench", "libc", "--image", "docker-archive:/x.tar"],
            5,
            "nothing is unpacked here",
        ),
        (
            &["bench", "libc", "--inside", "crun", "--image", "docker:x"],
            2,
            "--inside docker-rootless",
        ),
        (&["bench", "libc", "--budget", "soon"], 2, "such as 60s"),
        (&["bench", "libc", "--network", "nonesuch"], 2, "no network"),
        (
            &["bench", "libc", "--inside", "host", "--add", "net"],
            2,
            "only the builtin launcher",
        ),
        (&["bench", "libc", "--add", "nonesuch"], 2, "no such factor"),
        (
            &["bench", "libc", "--image", "/nonexistent"],
            5,
            "/nonexistent",
        ),
        (
            &["bench", "libc", "--image", "/etc/passwd"],
            5,
            "no directory",
        ),
    ] {
        let run = hpcctl(args);
        assert_eq!(run.code, code, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
}

#[test]
fn an_interrupt_ends_a_run_and_leaves_nothing() {
    // timeout(1) signals the process, and then its group.
    for kill in ["kill -INT $0", "kill -TERM $0; sleep 0.05; kill -TERM $0"] {
        let dir = tempfile::tempdir().unwrap();
        let mut child = command(&["bench", "libc", "--inside", "host", "--budget", "600s"])
            .env("TMPDIR", dir.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let is_empty = || fs::read_dir(dir.path()).unwrap().next().is_none();
        let until = Instant::now() + Duration::from_secs(60);
        while is_empty() && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
        assert!(!is_empty(), "the run never began");
        // It was not waited for, so that its number is its own.
        let process = child.id().to_string();
        let kill = Run::of(std::process::Command::new("sh").args(["-c", kill, &process]));
        assert_eq!(kill.code, 0, "{}", kill.stderr);
        let mut ended = None;
        while ended.is_none() && Instant::now() < until {
            ended = child.try_wait().unwrap();
            thread::sleep(Duration::from_millis(20));
        }
        // One that did not end in time is ended, and its status is not that of an interrupt.
        let _ = child.kill();
        child.wait().unwrap();
        assert_eq!(ended.and_then(|status| status.code()), Some(130));
        assert!(is_empty(), "files were left");
    }
}

#[test]
fn a_run_that_has_the_fewest_pairs_keeps_to_its_budget() {
    let of = |args: &[&str]| {
        let run = hpcctl(&[&["bench", "-o", "json", "--inside", "host"], args].concat());
        (report_of(&run), run.stderr)
    };
    let (report, _) = of(&["cpu", "libc", "--budget", "8s"]);
    let samples = comparisons(&report)[0]["samples"].as_array().unwrap();
    // The last round may begin just before the time is over.
    let before_last = samples[samples.len() - 2]["at_s"].as_f64().unwrap();
    assert!(
        before_last < 8.0 || samples.len() <= 20,
        "{before_last} {}",
        samples.len()
    );
    // Where the fewest do not fit, that is said before.
    let (_, said) = of(&["libc", "--budget", "0.1s"]);
    assert!(said.contains("longer than --budget says"), "{said}");
}

#[test]
fn what_fails_slowly_leaves_others_their_time() {
    let dir = tempfile::tempdir().unwrap();
    let launcher =
        "#!/bin/sh\ncase \"$1\" in --version) echo HYDRA ;; *) sleep 4; exit 1 ;; esac\n";
    script(&dir.path().join("mpiexec"), launcher);
    let path = format!(
        "{}:{}",
        dir.path().display(),
        std::env::var("PATH").unwrap()
    );
    let args = ["libc", "mpi", "--inside", "host", "--budget", "10s"];
    let args = [&["bench", "-o", "json"], &args[..]].concat();
    let run = Run::of(command(&args).env("PATH", path));
    let report = report_of(&run);
    let unknowns = report["unknowns"].to_string();
    assert!(unknowns.contains("mpi.latency.8B"), "{unknowns}");
    // A pair of libc takes less than a second, and one with the failure would leave time for half of them.
    assert_eq!(metrics(&report).len(), 6);
    let samples = comparisons(&report)[0]["samples"].as_array().unwrap();
    assert!(samples.len() >= 20, "{} {}", samples.len(), run.stderr);
}

#[test]
fn the_builtin_launcher_is_compared_on_the_hosts_own_tree() {
    if !real("the_builtin_launcher_is_compared_on_the_hosts_own_tree") {
        return;
    }
    let report = bench(&["all", "--network", "none"]);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(
        report["unknowns"],
        Value::Array(Vec::new()),
        "{}",
        report["unknowns"]
    );
    let names = metrics(&report);
    for name in ["net.tcp.stream", "fs.import", "launch.start", "libc.thread"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let differences = report["result"]["differences"].as_array().unwrap();
    for name in ["mnt", "pid", "user", "net"] {
        let name = format!("namespace {name}");
        let differs = differences.iter().any(|one| one["what"] == *name);
        assert!(differs, "{name}: {differences:?}");
    }
}

#[test]
fn an_image_without_a_c_library_is_compared_all_the_same() {
    if !real("an_image_without_a_c_library_is_compared_all_the_same") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["mnt", "dev", "proc"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    let report = bench(&[
        "fs",
        "launch",
        "libc",
        "--image",
        dir.path().to_str().unwrap(),
    ]);
    let names = metrics(&report);
    assert!(
        names.contains(&"fs.read") && names.contains(&"launch.start"),
        "{names:?}"
    );
    // Its own C library is not there to be measured, and that is said.
    let unknowns = report["unknowns"].as_array().unwrap();
    assert_eq!(unknowns.len(), 1, "{unknowns:?}");
    assert_eq!(unknowns[0]["what"], "libc");
}

#[test]
fn an_image_cannot_lead_out_of_itself() {
    if !real("an_image_cannot_lead_out_of_itself") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for name in ["mnt", "media", "srv", "opt", "tmp"] {
        std::os::unix::fs::symlink("/", dir.path().join(name)).unwrap();
    }
    let image = dir.path().to_str().unwrap();
    let run = hpcctl(&["bench", "fs", "--image", image]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(
        run.stderr.contains("no directory to mount ours on"),
        "{}",
        run.stderr
    );
    assert!(!Path::new("/kit").exists());
}

#[test]
fn what_an_earlier_run_found_is_compared() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("old.json");
    let file = file.to_str().unwrap();
    let old = bench(&["libc", "--inside", "host"]);
    fs::write(file, old.to_string()).unwrap();
    // The node may be busy with other things; three times in a row it is not.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let args = [
            "libc",
            "--inside",
            "host",
            "--plant",
            "100%",
            "--compare",
            file,
        ];
        let report = bench(&args);
        validate("hpcctl.bench-1.json", &report);
        let compared = &report["result"]["compared"];
        assert_eq!(compared["file"], file);
        assert_eq!(compared["started_at"], old["started_at"]);
        let changes = compared["changes"].as_array().unwrap();
        assert_eq!(changes.len(), comparisons(&report).len());
        let math = changes.iter().find(|one| one["metric"] == "libc.math");
        if math.unwrap()["verdict"] == "slower" {
            let doubts = report["result"]["doubts"].to_string();
            assert!(
                doubts.contains("what was planted changed: 0 % then, 100 % now"),
                "{doubts}"
            );
            let table = hpcctl(&["bench", "cpu", "--budget", "1s", "--compare", file]);
            let said = table.stdout.split_whitespace().collect::<Vec<_>>();
            let said = said.join(" ");
            for words in [
                "since",
                "no figure that this one has",
                "runtime changed: host then, builtin now",
            ] {
                assert!(said.contains(words), "{words}: {said}");
            }
            return;
        }
        seen.push(math.unwrap().clone());
    }
    panic!("half the rate was never found: {seen:?}");
}

#[test]
fn what_is_no_earlier_run_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("old.json");
    let path = file.to_str().unwrap();
    for text in ["", "{}", "[1, 2]", "{\"kind\":\"scan\"}"] {
        fs::write(&file, text).unwrap();
        let run = hpcctl(&["bench", "libc", "--compare", path]);
        assert_eq!(run.code, 5, "{text}: {}", run.stderr);
        assert!(run.stderr.contains("-o json=FILE"), "{}", run.stderr);
    }
    let run = hpcctl(&["bench", "libc", "--compare", "/nonexistent"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
}

#[test]
fn another_node_that_cannot_be_used_is_told() {
    for (args, code, words) in [
        (&["--peer=-oProxyCommand=x"][..], 2, "no name of a node"),
        (&["--peer", "nonesuch.invalid"], 5, "nonesuch.invalid"),
        (
            &["--peer", "127.0.0.1", "--peer-by", "false"],
            5,
            "127.0.0.1",
        ),
        (&["--peer-by", "false"], 2, "--peer"),
    ] {
        let all = [
            &["bench", "net", "--inside", "host", "--budget", "1s"],
            args,
        ]
        .concat();
        let run = hpcctl(&all);
        assert_eq!(run.code, code, "{args:?}: {}", run.stderr);
        assert!(run.stderr.contains(words), "{args:?}: {}", run.stderr);
    }
}
