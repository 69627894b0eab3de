//! The driver of a GPU against the toolkit of an image, with libraries made for the test: their names
//! bear the versions of real ones.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::emitted::elsewhere;
use super::{Made, abi, library, program};
use crate::cli::Run;

/// The image with a program that uses CUDA in the place of its own.
pub fn with_toolkit(made: &Made) {
    let runtime = made.image("usr/local/cuda/lib64/libcudart.so.12.2.140");
    library(&runtime, "libcudart.so.12", &[]);
    let link = runtime.with_file_name("libcudart.so.12");
    symlink("libcudart.so.12.2.140", link).unwrap();
    fs::remove_file(made.image("usr/bin/app")).unwrap();
    let path = ["-Wl,-rpath,/usr/local/cuda/lib64"];
    program(&made.image("usr/bin/app"), &runtime, &path);
}

#[test]
fn a_driver_is_as_new_as_the_toolkit_needs() {
    let made = Made::new();
    with_toolkit(&made);
    let judge = |version: &str| {
        let dir = format!("driver-{version}");
        let file = made.host(&format!("{dir}/libcuda.so.{version}"));
        library(&file, "libcuda.so.1", &[]);
        let (code, result) = made.judge(&format!("{dir}/libcuda.so.{version}"));
        (code, result["bindings"][0].clone())
    };
    let (code, binding) = judge("535.104.05");
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"works".into()),
        "{binding}"
    );
    assert_eq!(binding["binds"][0]["image"], "/opt/hpcctl/lib/libcuda.so.1");
    let (code, binding) = judge("470.82.01");
    assert_eq!(
        (code, &binding["verdict"]),
        (1, &"fails".into()),
        "{binding}"
    );
    assert_eq!(binding["because"][0]["rule"], "driver", "{binding}");
    assert!(
        binding["because"][0]["text"].to_string().contains("525"),
        "{binding}"
    );
}

/// An image with this package, and a host with this driver, of which the library is this.
fn made_with_package(driver: &str, package: &str) -> (Made, PathBuf) {
    let made = Made::new();
    with_toolkit(&made);
    let file = made.host(&format!("usr/lib64/libcuda.so.{driver}"));
    library(&file, "libcuda.so.1", &[]);
    let compat = made.image(&format!("usr/local/cuda/compat/libcuda.so.{package}"));
    library(&compat, "libcuda.so.1", &[]);
    (made, file)
}

/// What is told of it, with these words more.
fn told(made: &Made, file: &Path, more: &[&str]) -> (i32, Value) {
    let image = format!("dir:{}", made.image("").display());
    let words = [&*image, "--host-lib", file.to_str().unwrap()];
    abi(&[&words[..], more].concat())
}

/// What is told of a driver and the image with this package, and how podman is told to use it.
fn with_package(driver: &str, package: &str) -> (i32, Value, Run) {
    let (made, file) = made_with_package(driver, package);
    let (code, result) = told(&made, &file, &[]);
    let image = format!("dir:{}", made.image("").display());
    let file = file.to_str().unwrap();
    let emitted = elsewhere(&["abi", &image, "--host-lib", file, "--emit", "podman"]);
    (code, result["bindings"][0].clone(), emitted)
}

#[test]
fn of_a_package_that_takes_the_place_nothing_is_proved() {
    let (made, file) = made_with_package("470.82.01", "550.54.15");
    let compat = made.image("usr/local/cuda/compat");
    symlink("libcuda.so.550.54.15", compat.join("libcuda.so.1")).unwrap();
    let direct = compat.join("libcuda.so.1");
    for more in [&[][..], &["-Wl,--no-as-needed", direct.to_str().unwrap()]] {
        let runtime = made.image("usr/local/cuda/lib64/libcudart.so.12");
        let path = ["-Wl,-rpath,/usr/local/cuda/lib64"];
        let app = made.image("usr/bin/app");
        program(&app, &runtime, &[&path[..], more].concat());
        let (code, result) = told(&made, &file, &["--prove"]);
        let row = &result["bindings"][0];
        assert_eq!(
            (&row["verdict"], &row["binds"]),
            (&json!("degraded"), &json!([])),
            "{row}"
        );
        let proof = &result["proof"];
        assert_eq!(
            (code, &proof["outcome"]),
            (3, &json!("unknown")),
            "{more:?}: {proof}"
        );
        let because = proof["because"].to_string();
        assert!(because.contains("the image's own is used"), "{because}");
    }
}

#[test]
fn what_the_hosts_library_lacks_is_no_matter_where_the_package_takes_its_place() {
    let (made, file) = made_with_package("470.82.01", "550.54.15");
    let gone = made.host("usr/lib64/libgone.so.1");
    library(&gone, "libgone.so.1", &[]);
    let needs = ["-Wl,--no-as-needed", gone.to_str().unwrap()];
    library(&file, "libcuda.so.1", &needs);
    fs::remove_file(gone).unwrap();
    let (code, result) = told(&made, &file, &[]);
    let row = &result["bindings"][0];
    assert_eq!((code, &row["verdict"]), (0, &json!("degraded")), "{row}");
    assert!(!row.to_string().contains("libgone"), "{row}");
    // Without the package it is what is used.
    fs::remove_dir_all(made.image("usr/local/cuda/compat")).unwrap();
    let (code, result) = told(&made, &file, &[]);
    let row = &result["bindings"][0];
    assert_eq!((code, &row["verdict"]), (1, &json!("fails")), "{row}");
    assert!(row["because"].to_string().contains("libgone"), "{row}");
}

#[test]
fn the_package_for_older_drivers_takes_the_place_of_the_hosts_library() {
    let (code, binding, emitted) = with_package("470.82.01", "550.54.15");
    assert_eq!(
        (code, &binding["verdict"]),
        (0, &"degraded".into()),
        "{binding}"
    );
    let because = binding["because"].to_string();
    assert!(
        because.contains("made for drivers 470, 525, 535"),
        "{because}"
    );
    assert_eq!(binding["binds"], json!([]), "{binding}");
    let set = "LD_LIBRARY_PATH=/usr/local/cuda/compat";
    assert_eq!(binding["environment"], json!([set]), "{binding}");
    assert!(binding["fix"].to_string().contains(set), "{binding}");
    assert_eq!(emitted.code, 0, "{}", emitted.stderr);
    let says = emitted.stdout;
    assert!(says.contains(&format!("-e {set}")), "{says}");
    assert!(
        !says.contains("470.82.01") && !says.contains(" -v "),
        "{says}"
    );
    assert!(
        says.contains("# libcuda.so.1: the image's own is used"),
        "{says}"
    );
}

#[test]
fn a_package_that_does_not_help_is_told() {
    for (driver, package, code, verdict, says) in [
        ("390.46", "550.54.15", 1, "fails", "none as old as 390"),
        ("470.82.01", "510.47.03", 1, "fails", "too old itself"),
        (
            "510.47.03",
            "550.54.15",
            3,
            "unknown",
            "whether it works above 510",
        ),
        ("470.82.01", "545.23.08", 3, "unknown", "is not known"),
    ] {
        let (found, binding, emitted) = with_package(driver, package);
        assert_eq!(
            (found, &binding["verdict"]),
            (code, &verdict.into()),
            "{driver} {package}: {binding}"
        );
        let because = binding["because"].to_string();
        assert!(because.contains(says), "{because}");
        // One of the toolkit's own release helps in the place of an older one alone.
        let advice = binding["fix"].to_string().contains("cuda-compat");
        assert_eq!(advice, says == "too old itself", "{driver}: {binding}");
        assert_eq!((emitted.code, &*emitted.stdout), (code, ""), "{driver}");
    }
}
