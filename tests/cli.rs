//! The command line as its users meet it: exit statuses, messages, formats.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// What a run of hpcctl gave.
pub struct Run {
    /// The exit status, minus 1 after a signal.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Run {
    /// Runs a command to its end.
    pub fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| {
            panic!(
                "{error}: status {}: {}{}",
                self.code, self.stdout, self.stderr
            )
        })
    }
}

/// Writes a program that is a script.
pub fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    Run::of(Command::new("chmod").arg("0755").arg(path));
}

/// The program that the tests were built with.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hpcctl"));
    command.args(args);
    // What a test keeps is none of the machine's; those that look at it name a place of their own.
    command.env(
        "HPCCTL_STATE",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/state"),
    );
    command
}

/// Runs the program that the tests were built with.
pub fn hpcctl(args: &[&str]) -> Run {
    Run::of(&mut command(args))
}

#[test]
fn a_wrong_command_line_is_usage() {
    for args in [
        &["frobnicate"][..],
        &["scan"],
        &["scan", "image"],
        &["doctor", "--runtime", "nonesuch"],
        &["doctor", "--op", "nonesuch"],
        &["doctor", "--check", "no.such"],
        &["doctor", "-o", "nonesuch"],
        &["doctor", "-o", "json", "-o", "table"],
        &["doctor", "explain", "no.such"],
        &["doctor", "explain"],
        &["scan", "image", "docker-daemon:image"],
        &["license", "identify"],
    ] {
        let run = hpcctl(args);
        assert_eq!(run.code, 2, "{args:?}: {}", run.stderr);
        assert!(run.stdout.is_empty(), "{args:?}");
        assert!(!run.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn an_unknown_format_names_those_there_are() {
    let run = hpcctl(&["doctor", "-o", "nonesuch"]);
    assert!(
        run.stderr.contains("json") && run.stderr.contains("table"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_target_that_cannot_be_read_is_named_with_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("text.tar");
    fs::write(&text, "this is no archive\n").unwrap();
    for (target, cause) in [
        ("/nonexistent/image.tar", "No such file"),
        (text.to_str().unwrap(), "not an image"),
    ] {
        let run = hpcctl(&["scan", "image", target]);
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(
            run.stderr.contains(target) && run.stderr.contains(cause),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn doctor_lists_every_check_and_every_operation() {
    let listed: Vec<String> = hpcctl(&["doctor", "list"])
        .stdout
        .lines()
        .map(|line| line.split_whitespace().next().unwrap().to_owned())
        .collect();
    assert!(listed.len() >= 30, "{} checks", listed.len());
    let manuals = hpcctl(&["doctor", "list", "-o", "json"]).json();
    crate::schema::validate("hpcctl.checks-1.json", &manuals);
    let manuals = manuals["result"].as_array().unwrap().iter();
    let ids: Vec<&str> = manuals.map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(ids, listed);
    let run = hpcctl(&["doctor", "-o", "json"]);
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    let report = run.json();
    let reported: Vec<&str> = report["result"]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["id"].as_str().unwrap())
        .collect();
    assert_eq!(reported, listed);
    for runtime in report["result"]["runtimes"].as_array().unwrap() {
        for operation in runtime["operations"].as_array().unwrap() {
            let because = operation["because"].as_array().unwrap();
            assert_eq!(
                because.is_empty(),
                operation["verdict"] == "yes",
                "{runtime}"
            );
            for id in because {
                assert!(listed.iter().any(|known| id == known), "{id} is no check");
            }
        }
    }
}

#[test]
fn doctor_runs_only_the_checks_asked_for_and_lists_the_others() {
    let report = hpcctl(&["doctor", "--check", "ns.user.limit", "-o", "json"]).json();
    let checks = report["result"]["checks"].as_array().unwrap();
    let run: Vec<&Value> = checks
        .iter()
        .filter(|check| check["summary"] != "not asked for")
        .collect();
    assert_eq!(run.len(), 1);
    assert_eq!(run[0]["id"], "ns.user.limit");
    assert_eq!(report["result"]["runtimes"], Value::Array(Vec::new()));
}

#[test]
fn every_check_explains_itself() {
    let run = hpcctl(&["doctor", "explain", "ns.user", "fuse.open"]);
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("ns.user — ") && run.stdout.contains("fuse.open — "));
}

#[test]
fn identify_prints_a_line_a_file() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".hidden")).unwrap();
    fs::write(
        dir.path().join(".hidden/a.c"),
        "/* SPDX-License-Identifier: MIT */\nint a;\n",
    )
    .unwrap();
    fs::write(dir.path().join("b.txt"), "nothing of the kind\n").unwrap();
    let run = hpcctl(&[
        "license",
        "identify",
        "-o",
        "jsonl",
        dir.path().to_str().unwrap(),
    ]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    let path = |line: &Value| Path::new(line["path"].as_str().unwrap()).to_path_buf();
    assert_eq!(path(&lines[0]), dir.path().join(".hidden/a.c"));
    assert_eq!(lines[0]["expression"], "MIT");
    assert_eq!(lines[0]["matches"][0]["kind"], "tag");
    assert_eq!(lines[0]["matches"][0]["start_line"], 1);
    assert_eq!(lines[1]["expression"], Value::Null);
}

#[test]
fn identify_reports_the_rest_where_one_file_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let there = dir.path().join("there");
    fs::write(&there, "SPDX-License-Identifier: ISC\n").unwrap();
    let run = hpcctl(&[
        "license",
        "identify",
        "-o",
        "jsonl",
        "/nonexistent",
        there.to_str().unwrap(),
    ]);
    assert_eq!(run.code, 5);
    assert!(run.stdout.contains("ISC") && run.stderr.contains("/nonexistent"));
}

/// Runs a command with something on its standard input.
fn with_input(args: &[&str], input: &str) -> (Option<i32>, String) {
    use std::io::Write;
    let mut child = Command::new(env!("CARGO_BIN_EXE_hpcctl"))
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
    )
}

#[test]
fn identify_reads_standard_input_and_archives() {
    let (code, out) = with_input(
        &["license", "identify", "-o", "jsonl", "-"],
        "SPDX-License-Identifier: Zlib\n",
    );
    let line: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &line["path"], &line["expression"]),
        (Some(0), &"-".into(), &"Zlib".into())
    );

    let dir = tempfile::tempdir().unwrap();
    let archive = dir.path().join("a.tar");
    let mut builder = tar::Builder::new(fs::File::create(&archive).unwrap());
    let text = "SPDX-License-Identifier: ISC\n";
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    builder
        .append_data(&mut header, "src/a.c", text.as_bytes())
        .unwrap();
    builder.finish().unwrap();
    let lines = |args: &[&str]| -> Vec<(String, Value)> {
        let run = hpcctl(&[&["license", "identify", "-o", "jsonl"], args].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let lines = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines
            .map(|line| {
                (
                    line["path"].as_str().unwrap().to_owned(),
                    line["expression"].clone(),
                )
            })
            .collect()
    };
    let archive = archive.to_str().unwrap();
    let inner = (format!("{archive}/src/a.c"), Value::from("ISC"));
    let named = lines(&[archive]);
    assert_eq!(
        (named.len(), &named[0].0, &named[1]),
        (2, &archive.to_owned(), &inner)
    );
    assert_eq!(lines(&["--no-archives", archive]).len(), 1);
    assert_eq!(lines(&[dir.path().to_str().unwrap()]).len(), 1);
}

#[test]
fn a_site_adds_licences_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let terms = dir.path().join("licenses.toml");
    fs::write(
        &terms,
        "[[phrase]]\nlicense = \"LicenseRef-Example-Terms\"\nkind = \"notice\"\nwords = [\"under the terms of the example centre\"]\n",
    )
    .unwrap();
    let args = [
        "license",
        "identify",
        "-o",
        "jsonl",
        "--licenses",
        terms.to_str().unwrap(),
        "-",
    ];
    let (code, out) = with_input(
        &args,
        "License: use under the terms of the example centre.\n",
    );
    assert!(
        code == Some(0) && out.contains("\"expression\":\"LicenseRef-Example-Terms\""),
        "{out}"
    );
    fs::write(&terms, "[[phrase]]\nlicence = 1\n").unwrap();
    let (code, _) = with_input(&args, "");
    assert_eq!(code, Some(4));
}

#[test]
fn licences_are_shown_listed_and_compared() {
    let run = hpcctl(&["license", "show", "mit"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in [
        "MIT\n",
        "permissive",
        "approved",
        "Permission is hereby granted",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    let run = hpcctl(&["license", "show", "Apache-3"]);
    assert!(
        run.code == 2 && run.stderr.contains("Apache-2.0"),
        "{}",
        run.stderr
    );

    let run = hpcctl(&["license", "list", "-o", "json", "--class", "vendor-terms"]);
    let report = run.json();
    crate::schema::validate("hpcctl.licenses-1.json", &report);
    let ids: Vec<&str> = report["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|l| l["id"].as_str().unwrap())
        .collect();
    assert!(
        ids.contains(&"LicenseRef-Intel-EULA-2024-08") && !ids.contains(&"MIT"),
        "{ids:?}"
    );
    assert_eq!(hpcctl(&["license", "list", "--class", "none"]).code, 2);

    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/LICENSE-MIT");
    let run = hpcctl(&["license", "diff", own, "MIT"]);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let run = hpcctl(&["license", "diff", "-o", "json", own, "ISC"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    crate::schema::validate("hpcctl.license-diff-1.json", &run.json());
    assert_eq!(hpcctl(&["license", "diff", "/nonexistent", "MIT"]).code, 5);
}

#[test]
fn an_output_file_is_written_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("doctor.json");
    let run = hpcctl(&[
        "doctor",
        "--check",
        "ns.user.limit",
        "-o",
        &format!("json={}", file.display()),
    ]);
    assert!(run.stdout.is_empty());
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(report["schema"], "hpcctl.doctor/1");
    assert_eq!(
        fs::read_dir(dir.path()).unwrap().count(),
        1,
        "a temporary file was left"
    );
}

/// The exit status of hpcctl with these arguments when nobody reads what it prints.
fn code_without_a_reader(args: &[&str]) -> i32 {
    let output = Command::new("bash")
        .args(["-c", "\"$0\" \"$@\" | true; exit ${PIPESTATUS[0]}"])
        .arg(env!("CARGO_BIN_EXE_hpcctl"))
        .args(args)
        .output()
        .unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
    output.status.code().unwrap()
}

#[test]
fn a_closed_pipe_changes_no_exit_status() {
    assert_eq!(code_without_a_reader(&["doctor", "list"]), 0);
    let refused = ["doctor", "--runtime", "apptainer", "-o", "json"];
    assert_eq!(code_without_a_reader(&refused), hpcctl(&refused).code);
    let dir = tempfile::tempdir().unwrap();
    let verdict = ["scan", "dir", dir.path().to_str().unwrap()];
    assert_eq!(code_without_a_reader(&verdict), hpcctl(&verdict).code);
}

#[test]
fn a_fifo_is_written_to_and_stays_one() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("fifo");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    let output = format!("json={}", fifo.display());
    hpcctl(&["doctor", "--check", "ns.user.limit", "-o", &output]);
    assert!(reader.join().unwrap().contains("hpcctl.doctor/1"));
    assert!(!fs::metadata(&fifo).unwrap().is_file());
}

#[test]
fn an_interrupt_has_its_own_exit_status() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hpcctl"))
        .args(["license", "identify", "/"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

#[test]
fn completions_and_version_are_there() {
    assert!(hpcctl(&["completions", "bash"]).stdout.contains("hpcctl"));
    assert!(hpcctl(&["--version"]).stdout.starts_with("hpcctl "));
}
