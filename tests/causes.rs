//! `hpcctl bench --why`: causes that are planted in real containers, each named in both directions:
//! the figure leaves the margin with the factor, and comes back without it.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::bench::report_of;
use crate::cli::Run;
use crate::mpi::image_of_a_suite;
use crate::real::real;
use crate::schema::validate;

/// Whether a band reaches into the margin of 2 %.
fn is_near(rung: &Value) -> bool {
    let at = |name: &str| rung["ratio"][name].as_f64().unwrap();
    at("ci_low") <= 1.02 && at("ci_high") >= 1.0 / 1.02
}

/// What a reason shows: that the figure left the margin with the factor and is back without it.
pub fn is_shown(why: &Value, cause: &str) -> bool {
    if why["cause"] != cause || why["confirmed"] != true {
        return false;
    }
    let rungs = why["rungs"].as_array().unwrap();
    let place = rungs.iter().position(|rung| rung["factor"] == cause);
    let place = place.unwrap_or_else(|| panic!("{why}"));
    let (with, without) = (&rungs[place], &why["without"]);
    assert_eq!(with["verdict"], why["verdict"], "{why}");
    assert_ne!(without["verdict"], why["verdict"], "{why}");
    assert!(
        place == 0 || rungs[place - 1]["verdict"] != why["verdict"],
        "{why}"
    );
    assert_eq!(without["factor"], cause);
    // What is faster is no fault.
    let is_fixed = why["fix"].as_str().is_some_and(|fix| !fix.is_empty());
    assert_eq!(is_fixed, why["verdict"] == "slower", "{why}");
    is_near(without)
}

/// A run in a network namespace of its own: the rules of a packet filter that the node may have slow its loopback
/// down by a tenth, beside which neither rules nor a pair of veth inside are slower.
pub fn without_rules(args: &[&str]) -> Command {
    let mut command = Command::new("unshare");
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    command.args(["--net", "sh", "-c", script]);
    command.arg(env!("CARGO_BIN_EXE_hpcctl")).args(args);
    command
}

/// The arguments of a run that says why.
pub fn asked_why<'a>(args: &[&'a str]) -> Vec<&'a str> {
    [&["bench", "--budget", "6s", "--why", "-o", "json"], args].concat()
}

/// Plants a cause and looks for it in what is said of the metrics that begin so; the fault is what
/// was said instead.
pub fn is_named(args: &[&str], metric: &str, cause: &str) -> Result<Value, String> {
    is_named_by(|| without_rules(&asked_why(args)), metric, cause)
}

/// Looks for a cause in what is said of the metrics that begin so: the reason.
pub fn is_named_by(
    command: impl Fn() -> Command,
    metric: &str,
    cause: &str,
) -> Result<Value, String> {
    is_told_by(command, metric, |why| is_shown(why, cause))
        .map_err(|seen| format!("{cause} was never named: {seen}"))
}

/// Looks for a reason among those that are told for the metrics that begin so; the fault is what was told.
pub fn is_told_by(
    command: impl Fn() -> Command,
    metric: &str,
    is_it: impl Fn(&Value) -> bool,
) -> Result<Value, String> {
    // The node may be busy with other things; three times in a row it is not.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let report = report_of(&Run::of(&mut command()));
        validate("hpcctl.bench-1.json", &report);
        let whys = report["result"]["why"].as_array().unwrap();
        let mut of_it = whys
            .iter()
            .filter(|why| why["metric"].as_str().unwrap().starts_with(metric));
        if let Some(why) = of_it.find(|why| is_it(why)) {
            return Ok(why.clone());
        }
        seen.push((report["result"]["why"].clone(), report["unknowns"].clone()));
    }
    Err(format!("{seen:#?}"))
}

/// How a cause is planted, the metrics in which it shows, and what it is called.
type Planted = (&'static [&'static str], &'static str, &'static str);

/// What costs so much that few pairs show it.
const BY_DAY: &[Planted] = &[
    (
        &["libc", "--add", "seccomp"],
        "libc.syscall",
        "the filter of system calls",
    ),
    (
        &["cpu", "--add", "cpu.max"],
        "cpu.compute",
        "a limit on processor time (cpu.max)",
    ),
];

/// What takes more time, or a quiet node.
const BY_NIGHT: &[Planted] = &[
    (&["fs", "--add", "fuse"], "fs.", "a file system by FUSE"),
    (&["fs", "--add", "overlay"], "fs.", "an overlay"),
    (
        &["net", "--network", "none", "--add", "tbf"],
        "net.tcp.stream",
        "a limit on the rate of the network",
    ),
    (
        &["net", "--network", "none", "--add", "nft"],
        "net.",
        "rules of the packet filter in the network namespace",
    ),
    (
        &["net", "--network", "none", "--add", "slirp4netns"],
        "net.node.",
        "slirp4netns",
    ),
    // It costs little: 2 or 3 % of a round trip.
    (
        &[
            "net",
            "--network",
            "none",
            "--add",
            "veth",
            "--only",
            "net.node",
            "--margin",
            "1%",
        ],
        "net.node.",
        "a pair of veth",
    ),
    (&["ranks", "--add", "shm"], "ranks.", "a private /dev/shm"),
    // What is read at once outside is copied twice inside, from 64 KiB on.
    (&["ranks"], "ranks.4MiB", "a user namespace for each rank"),
];

/// Names of ours in a directory.
fn left_in(dir: &str) -> Vec<String> {
    let find = [dir, "-xdev", "-name", "hpcctl-[0-9b]*"];
    let left = Run::of(Command::new("find").args(find));
    left.stdout.lines().map(str::to_owned).collect()
}

fn are_named(causes: &[Planted]) {
    let left = || [left_in("/dev/shm"), left_in("/sys/fs/cgroup")].concat();
    let before = left();
    let unnamed: Vec<String> = causes
        .iter()
        .filter_map(|(args, metric, cause)| is_named(args, metric, cause).err())
        .collect();
    assert_eq!(left(), before);
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains("hpcctl-bench-"), "{mounts}");
    assert!(unnamed.is_empty(), "{}", unnamed.join("\n"));
}

#[test]
fn planted_causes_are_named() {
    if real("causes that are planted") {
        are_named(BY_DAY);
    }
}

/// A malloc that takes its time, for every program of an image.
const SLOW: &str = "#define _GNU_SOURCE
    #include <dlfcn.h>
    #include <stddef.h>
    void *malloc(size_t n) {
        static void *(*next)(size_t);
        if (!next) next = dlsym(RTLD_NEXT, \"malloc\");
        for (volatile int i = 0; i < 60; i++);
        return next(n);
    }";

#[test]
fn an_image_that_is_slower_is_named() {
    if !real("causes: an image that is slower") {
        return;
    }
    let (dir, image) = image_of_a_suite();
    let source = dir.path().join("slow.c");
    fs::write(&source, SLOW).unwrap();
    fs::create_dir_all(image.join("etc")).unwrap();
    fs::write(image.join("etc/ld.so.preload"), "/tmp/slow.so\n").unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(image.join("tmp/slow.so"))
        .arg(&source);
    let built = Run::of(&mut cc);
    assert_eq!(built.code, 0, "{}", built.stderr);
    let args = [
        "libc",
        "--only",
        "libc.malloc",
        "--image",
        image.to_str().unwrap(),
    ];
    let cause = "the image, its C library and its /etc/ld.so.preload among it";
    is_named(&args, "libc.malloc", cause).unwrap();
}

#[test]
#[ignore = "of the night: tests/run --nightly"]
fn planted_causes_that_take_longer_are_named() {
    if real("causes that are planted and take longer") {
        are_named(BY_NIGHT);
    }
}

#[test]
fn what_cannot_be_planted_here_is_unknown() {
    if !real("causes: what cannot be planted") {
        return;
    }
    // Nobody who is not root may put a process into a group, or link two network namespaces.
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_hpcctl"));
    let shared = crate::environments::shared().join("hpcctl-causes");
    fs::copy(program, &shared).unwrap();
    for (factor, words) in [("cpu.max", "cannot write"), ("veth", "EPERM")] {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&shared)
            .args(["bench", "cpu", "--budget", "1s", "--add", factor]);
        let run = Run::of(&mut command);
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}
