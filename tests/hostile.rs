//! Inputs made to do harm, given to the real program: each ends soon, in little memory, with the
//! exit status that says how much of it was read.
//!
//! With `HPCCTL_BOUNDS=strict` the inputs have their full size and the bounds are those of a
//! release build, which `HPCCTL_PROGRAM` names; `tests/run --peers` sets both and shows the table.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

mod archives;
mod bills;
mod databases;
mod documents;
mod file_systems;
pub mod parts;
#[expect(
    dead_code,
    reason = "the tests of the crate write more kinds of images"
)]
#[path = "../checks/image/tests/image/squash.rs"]
mod squash;

/// Seconds that each may take, and MiB that it may hold.
const SECONDS: f64 = 5.0;
const MEBIBYTES: u64 = 200;

/// How much slower an unoptimised program may be, in seconds of the processor since the machine may
/// be busy, and how much smaller the inputs are that it gets.
const SLOWER: f64 = 5.0;
const SMALLER: usize = 5;

/// Seconds after which a program counts as hanging.
const HANGS: f64 = 150.0;

/// Ticks of a second in /proc (proc_pid_stat(5)).
const TICKS: f64 = 100.0;

/// How often the memory of a child is looked at.
const LOOK: Duration = Duration::from_millis(3);

/// An input.
struct Case {
    name: &'static str,
    /// Writes it into a directory and returns what to scan.
    make: fn(&Path) -> String,
    /// The exit status.
    code: i32,
    /// What the report or the error must say.
    says: &'static str,
}

/// What a run took.
struct Figures {
    code: i32,
    seconds: f64,
    /// Those of the processor.
    cpu: f64,
    mebibytes: u64,
    said: String,
}

/// Whether the bounds are those of a release build.
fn is_strict() -> bool {
    std::env::var_os("HPCCTL_BOUNDS").is_some_and(|bounds| bounds == "strict")
}

/// How many there are of what there are `count` of in an input of full size.
fn scaled(count: usize) -> usize {
    if is_strict() { count } else { count / SMALLER }
}

/// The inputs of a kind; each kind is a test.
#[expect(
    clippy::print_stdout,
    reason = "the rows are the table of `tests/run --peers`"
)]
fn all_end(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let place = tempfile::tempdir().unwrap();
        let target = (case.make)(place.path());
        let ran = run(&target, place.path());
        println!(
            "hostile: {:44} status {:3}  {:5.2} s  CPU {:5.2} s  {:4} MiB  {}",
            case.name,
            ran.code,
            ran.seconds,
            ran.cpu,
            ran.mebibytes,
            ran.said.lines().next().unwrap_or_default()
        );
        if ran.code != case.code {
            wrong.push(format!("{}: status {}: {}", case.name, ran.code, ran.said));
        }
        if !ran.said.contains(case.says) {
            wrong.push(format!("{}: no {:?} in {}", case.name, case.says, ran.said));
        }
        let (took, most) = match is_strict() {
            true => (ran.seconds, SECONDS),
            false => (ran.cpu, SECONDS * SLOWER),
        };
        if took > most {
            wrong.push(format!("{}: {took:.1} s", case.name));
        }
        if ran.mebibytes > MEBIBYTES {
            wrong.push(format!("{}: {} MiB", case.name, ran.mebibytes));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Scans an input; what takes too long is ended.
fn run(target: &str, place: &Path) -> Figures {
    let program = std::env::var_os("HPCCTL_PROGRAM");
    let program = program.unwrap_or_else(|| OsString::from(env!("CARGO_BIN_EXE_hpcctl")));
    let [report, errors] = ["report", "errors"].map(|name| place.join(name));
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(["scan", "image", target, "-o"])
        .arg(format!("json={}", report.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(&errors).unwrap())
        .spawn()
        .unwrap();
    let (mut mebibytes, mut cpu) = (0, 0.0_f64);
    let status = loop {
        mebibytes = mebibytes.max(memory(&child).unwrap_or(0));
        cpu = cpu.max(processor(&child).unwrap_or(0.0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed().as_secs_f64() > HANGS {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        std::thread::sleep(LOOK);
    };
    Figures {
        code: status.code().unwrap_or(-1),
        seconds: begun.elapsed().as_secs_f64(),
        cpu,
        mebibytes,
        said: said(&report, &errors),
    }
}

/// The most memory that a process held so far, in MiB: `VmHWM` of proc_pid_status(5), which
/// grows only, so that nothing but the last moment is missed.
fn memory(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes / 1024)
}

/// The seconds of the processor that a process took so far, in user and in kernel mode.
fn processor(child: &Child) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS)
}

/// The unknowns of a report, a line each, or the error where there is none.
fn said(report: &PathBuf, errors: &PathBuf) -> String {
    let errors = fs::read_to_string(errors).unwrap();
    let Ok(report) = fs::read_to_string(report) else {
        return errors;
    };
    let report: Value = serde_json::from_str(&report).unwrap();
    let unknowns = report["unknowns"].as_array().unwrap().iter();
    let lines = unknowns.map(|one| format!("{}: {}\n", one["what"], one["why"]));
    lines.collect::<String>() + &errors
}

#[test]
fn archives_that_are_hostile_end() {
    all_end(archives::CASES);
}

#[test]
fn file_systems_that_are_hostile_end() {
    all_end(file_systems::CASES);
}

#[test]
fn databases_that_are_hostile_end() {
    all_end(databases::CASES);
}

#[test]
fn bills_that_are_hostile_end() {
    all_end(bills::CASES);
}

#[test]
fn documents_that_are_hostile_end() {
    all_end(documents::CASES);
}
