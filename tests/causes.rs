//! `hpcctl bench --why`: causes that are planted in real containers, each named in both directions:
//! the figure leaves the margin with the factor, and comes back without it.

use serde_json::Value;

use crate::cli::{Run, hpcctl};
use crate::real::real;
use crate::schema::validate;

/// Whether a band reaches into the margin of 2 %.
fn is_near(rung: &Value) -> bool {
    let at = |name: &str| rung["ratio"][name].as_f64().unwrap();
    at("ci_low") <= 1.02 && at("ci_high") >= 1.0 / 1.02
}

/// What a reason shows: that the figure left the margin with the factor and is back without it.
fn is_shown(why: &Value, cause: &str) -> bool {
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
    assert!(
        why["fix"].as_str().is_some_and(|fix| !fix.is_empty()),
        "{why}"
    );
    is_near(without)
}

/// Plants a cause and looks for it in what is said of the metrics that begin so.
fn is_named(args: &[&str], metric: &str, cause: &str) {
    // The node may be busy with other things; three times in a row it is not.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let run = hpcctl(&[&["bench", "--budget", "6s", "--why", "-o", "json"], args].concat());
        assert!(
            [0, 1, 3].contains(&run.code),
            "{}: {}",
            run.code,
            run.stderr
        );
        let report = run.json();
        validate("hpcctl.bench-1.json", &report);
        let whys = report["result"]["why"].as_array().unwrap();
        let mut of_it = whys
            .iter()
            .filter(|why| why["metric"].as_str().unwrap().starts_with(metric));
        if of_it.any(|why| is_shown(why, cause)) {
            return;
        }
        seen.push((report["result"]["why"].clone(), report["unknowns"].clone()));
    }
    panic!("{cause} was never named: {seen:#?}");
}

#[test]
fn a_filter_of_system_calls() {
    if real("causes: a filter of system calls") {
        let args = ["libc", "--add", "seccomp"];
        is_named(&args, "libc.syscall", "the filter of system calls");
    }
}

#[test]
fn a_rule_of_the_packet_filter() {
    if real("causes: a rule of the packet filter") {
        let args = ["net", "--network", "none", "--add", "nft"];
        let cause = "rules of the packet filter in the network namespace";
        is_named(&args, "net.", cause);
    }
}

#[test]
fn a_pair_of_veth() {
    if real("causes: a pair of veth") {
        // It costs little: 2 or 3 % of a round trip.
        let args = [
            "net",
            "--network",
            "none",
            "--add",
            "veth",
            "--margin",
            "1%",
        ];
        is_named(&args, "net.node.", "a pair of veth");
    }
}

#[test]
fn slirp4netns() {
    if real("causes: slirp4netns") {
        let args = ["net", "--network", "none", "--add", "slirp4netns"];
        is_named(&args, "net.node.", "slirp4netns");
    }
}

#[test]
fn a_limit_on_the_rate_of_the_network() {
    if real("causes: a limit on the rate of the network") {
        let args = ["net", "--network", "none", "--add", "tbf"];
        is_named(
            &args,
            "net.tcp.stream",
            "a limit on the rate of the network",
        );
    }
}

#[test]
fn a_file_system_by_fuse() {
    if real("causes: a file system by FUSE") {
        is_named(&["fs", "--add", "fuse"], "fs.", "a file system by FUSE");
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains("hpcctl-bench-"), "{mounts}");
    }
}

#[test]
fn a_limit_on_processor_time() {
    if real("causes: a limit on processor time") {
        let cause = "a limit on processor time (cpu.max)";
        is_named(&["cpu", "--add", "cpu.max"], "cpu.compute", cause);
        let find = ["/sys/fs/cgroup", "-type", "d", "-name", "hpcctl-[0-9]*"];
        let left = Run::of(std::process::Command::new("find").args(find));
        assert_eq!(left.stdout, "");
    }
}

#[test]
fn a_user_namespace_for_each_rank() {
    if real("causes: a user namespace for each rank") {
        // What is read at once outside is copied twice inside, from 64 KiB on.
        is_named(&["ranks"], "ranks.1MiB", "a user namespace for each rank");
    }
}

#[test]
fn a_private_dev_shm() {
    if real("causes: a private /dev/shm") {
        is_named(&["ranks", "--add", "shm"], "ranks.", "a private /dev/shm");
        let left = std::fs::read_dir("/dev/shm").unwrap().flatten();
        let names = left.map(|entry| entry.file_name().into_string().unwrap());
        let ours: Vec<String> = names.filter(|name| name.starts_with("hpcctl-")).collect();
        assert!(ours.is_empty(), "{ours:?}");
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
    std::fs::copy(program, &shared).unwrap();
    for (factor, words) in [("cpu.max", "cannot write"), ("veth", "EPERM")] {
        let mut command = std::process::Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(&shared)
            .args(["bench", "cpu", "--budget", "1s", "--add", factor]);
        let run = Run::of(&mut command);
        assert_eq!(run.code, 5, "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}
