//! `hpcctl bench fabric`: a library that is none, and two versions of libfabric for real.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::bench::{comparisons, metrics, report_of};
use crate::cli::{Run, command};
use crate::real::real;
use crate::schema::validate;

/// Every figure of a way.
const FIGURES: usize = 6;

/// A short run with the libraries of a directory in front.
fn fabric(libraries: Option<&Path>, args: &[&str]) -> Run {
    let fixed = ["bench", "fabric", "--budget", "1s", "-o", "json"];
    let mut command = command(&[&fixed, args].concat());
    if let Some(dir) = libraries {
        command.env("LD_LIBRARY_PATH", dir);
    }
    Run::of(&mut command)
}

/// All figures of one way are there, and the report is valid.
fn is_whole(run: &Run) -> Value {
    let report = report_of(run);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(metrics(&report).len(), FIGURES, "{}", report["unknowns"]);
    report
}

/// The names of the providers of a side.
fn providers(report: &Value, side: &str) -> Vec<String> {
    let all = report["result"]["fabric"][side]["providers"].as_array();
    let names = all.unwrap().iter().map(|it| it["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

/// Segments of the provider of shared memory: the process, the user and a number.
fn segments() -> Vec<String> {
    let names = fs::read_dir("/dev/shm").unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.contains(':')).collect()
}

#[test]
fn a_library_that_is_none_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("libfabric.so.1"), "no library").unwrap();
    let run = fabric(Some(dir.path()), &["--inside", "host"]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    for words in ["there is no libfabric", "libfabric.so.1", "LD_LIBRARY_PATH"] {
        assert!(run.stderr.contains(words), "{words}: {}", run.stderr);
    }
}

#[test]
fn the_nodes_libfabric_is_compared_inside_and_outside() {
    if !real("the_nodes_libfabric_is_compared_inside_and_outside") {
        return;
    }
    let before = segments();
    for (way, core) in [("shm", "shm"), ("tcp", "tcp")] {
        let report = is_whole(&fabric(None, &["--only", &format!("fabric.{way}.")]));
        for side in ["outside", "inside"] {
            let names = providers(&report, side);
            let is_there = names
                .iter()
                .any(|name| name.split(';').next() == Some(core));
            assert!(is_there, "{side}: {names:?}");
        }
        // One library on both sides, and neither has hardware that the other lacks.
        let differences = report["result"]["differences"].to_string();
        assert!(!differences.contains("libfabric"), "{differences}");
    }
    let mut after = segments();
    after.retain(|name| !before.contains(name));
    assert!(after.is_empty(), "{after:?}");
}

#[test]
fn a_libfabric_of_another_version_is_found_as_the_loader_does() {
    if !real("a_libfabric_of_another_version_is_found_as_the_loader_does") {
        return;
    }
    let suites = PathBuf::from(std::env::var_os("HPCCTL_SUITES").expect("tests/run sets it"));
    let dir = suites.join("wheels/opt/mpich/lib/mpich");
    let report = is_whole(&fabric(Some(&dir), &["--only", "fabric.shm."]));
    let library = &report["result"]["fabric"]["inside"];
    let version = library["version"].as_str().unwrap();
    assert!(version.starts_with("2."), "{version}");
    let file = library["file"].as_str().unwrap();
    assert!(file.contains("mpich/libfabric.so.1"), "{file}");
}

#[test]
fn an_image_without_libfabric_falls_back_to_sockets() {
    if !real("an_image_without_libfabric_falls_back_to_sockets") {
        return;
    }
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    for name in ["dev", "etc", "proc", "run", "sys", "tmp", "var"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    let run = fabric(None, &["--image", dir.path().to_str().unwrap()]);
    let report = is_whole(&run);
    // What always costs does not count; what is not known does.
    assert_eq!(run.code, 3, "{}", run.stderr);
    let why = report["unknowns"].to_string();
    assert!(why.contains("inside: there is no libfabric"), "{why}");
    assert_eq!(report["result"]["fabric"]["inside"], Value::Null);
    let small = &comparisons(&report)[0];
    assert_eq!(small["metric"], "fabric.sockets.latency.8B");
    // Ten times as long or more, but for what others do meanwhile.
    let median = |side: &str| small[side]["median"].as_f64().unwrap();
    assert!(median("inside") > 2.0 * median("outside"), "{small}");
}
