//! `hpcctl scan` on images of a few files that are made here, down to what a hostile one says.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::hpcctl;

/// A path with control characters, which must not reach a terminal as they are.
const HOSTILE: &str = "usr/share/evil\u{1b}[2J/notice";

/// A tar of these files.
fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A docker-archive of one layer with two packages of Debian, one under MIT and one without
/// a licence, and a file with a hostile path.
pub fn image(dir: &Path) -> PathBuf {
    let status = "Package: good\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n\
                  Package: silent\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n\n";
    let copyright = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
                     Files: *\nCopyright: 2026 A\nLicense: MIT\n";
    let layer = tar(&[
        ("etc/os-release", b"ID=debian\nVERSION_ID=\"12\"\n"),
        ("var/lib/dpkg/status", status.as_bytes()),
        ("usr/share/doc/good/copyright", copyright.as_bytes()),
        (HOSTILE, b"SPDX-License-Identifier: ISC\n"),
    ]);
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{}", hex(&layer))]},
        "history": [{"created_by": "COPY files /"}],
    });
    let config = config.to_string();
    let config_name = format!("{}.json", hex(config.as_bytes()));
    let manifest = json!([{
        "Config": config_name, "RepoTags": ["test:latest"], "Layers": ["layer/layer.tar"],
    }]);
    let archive = tar(&[
        (config_name.as_str(), config.as_bytes()),
        ("layer/layer.tar", &layer),
        ("manifest.json", manifest.to_string().as_bytes()),
    ]);
    let path = dir.join("image.tar");
    File::create(&path).unwrap().write_all(&archive).unwrap();
    path
}

fn packages(report: &Value) -> Vec<&str> {
    let packages = report["result"]["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| package["name"].as_str().unwrap())
        .collect()
}

#[test]
fn an_archive_is_known_by_its_content_and_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = image(dir.path());
    let run = hpcctl(&["scan", "image", path.to_str().unwrap(), "-o", "json"]);
    let report = run.json();
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(report["result"]["image"]["format"], "docker-archive");
    assert_eq!(packages(&report), ["good", "silent"]);
    let good = &report["result"]["packages"][0];
    assert_eq!(good["licenses"]["concluded"], "MIT");
    assert_eq!(good["locations"][0]["path"], "/var/lib/dpkg/status");
    crate::schema::validate("hpcctl.scan-1.json", &report);
}

#[test]
fn nothing_in_an_image_reaches_the_terminal_raw() {
    let dir = tempfile::tempdir().unwrap();
    let path = image(dir.path());
    let run = hpcctl(&["scan", "image", path.to_str().unwrap(), "-v"]);
    assert!(
        run.stdout.contains("good") && run.stdout.contains("evil"),
        "{}",
        run.stdout
    );
    for text in [&run.stdout, &run.stderr] {
        assert!(
            !text.contains(|c: char| c.is_control() && c != '\n'),
            "{text:?}"
        );
    }
}

#[test]
fn the_verdict_counts_where_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let path = image(dir.path());
    let path = path.to_str().unwrap();
    let report = hpcctl(&["scan", "image", path, "-o", "json"]).json();
    // Nothing is known of the licence of the silent package.
    assert_eq!(report["result"]["verdict"]["outcome"], "undetermined");
    let code = |level| hpcctl(&["scan", "image", path, "--fail-on", level]).code;
    assert_eq!([code("conditional"), code("undetermined")], [1, 1]);
    assert_eq!(code("refused"), 0);
}

#[test]
fn what_is_left_out_is_told_and_keeps_the_verdict_open() {
    let dir = tempfile::tempdir().unwrap();
    let path = image(dir.path());
    let path = path.to_str().unwrap();
    let scan = |more: &[&str]| {
        let run = hpcctl(&[&["scan", "image", path, "-o", "json"], more].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report = run.json();
        crate::schema::validate("hpcctl.scan-1.json", &report);
        report
    };
    let none = json!({"catalogers": [], "paths": []});
    assert_eq!(scan(&[])["result"]["left_out"], none);
    let report = scan(&["--exclude", "dpkg,python", "--exclude", "rpm"]);
    assert!(packages(&report).is_empty());
    let left_out = &report["result"]["left_out"]["catalogers"];
    assert_eq!(*left_out, json!(["dpkg", "python", "rpm"]));
    assert_eq!(report["result"]["complete"], true);
    let report = scan(&["--select", "dpkg", "--exclude-path", "/usr/share/doc"]);
    assert_eq!(packages(&report), ["good", "silent"]);
    // The distribution is known all the same.
    let good = &report["result"]["packages"][0];
    assert_eq!(
        good["purl"],
        "pkg:deb/debian/good@1.0-1?arch=amd64&distro=debian-12"
    );
    assert_eq!(good["licenses"]["concluded"], Value::Null);
    assert_eq!(
        report["result"]["left_out"]["paths"],
        json!(["/usr/share/doc"])
    );
    let report = scan(&["--exclude-path", "var"]);
    assert_eq!(report["result"]["verdict"]["outcome"], "undetermined");
    let table = hpcctl(&["scan", "image", path, "--exclude-path", "var/lib"]).stdout;
    assert!(table.contains("left out the paths var/lib"), "{table}");
}

#[test]
fn a_cataloger_that_there_is_not_is_a_usage_error_that_lists_them() {
    let list = hpcctl(&["scan", "catalogers"]);
    assert_eq!(list.code, 0);
    let ids: Vec<&str> = list
        .stdout
        .lines()
        .filter_map(|line| line.split(' ').next().filter(|id| !id.is_empty()))
        .collect();
    assert!(ids.contains(&"dpkg") && ids.contains(&"rpm"), "{ids:?}");
    assert!(list.stdout.contains("var/lib/dpkg/status"));
    for option in ["--select", "--exclude"] {
        let run = hpcctl(&["scan", "dir", option, "dpkg,debs", "/nonexistent"]);
        assert_eq!(run.code, 2, "{}", run.stderr);
        assert!(run.stderr.contains("'debs'"), "{}", run.stderr);
        assert!(
            ids.iter().all(|id| run.stderr.contains(id)),
            "{}",
            run.stderr
        );
    }
    let run = hpcctl(&["scan", "dir", "--exclude-path", "a[b", "/tmp"]);
    assert_eq!(run.code, 2, "{}", run.stderr);
}

#[test]
fn an_archive_that_ends_early_is_incomplete_or_no_image() {
    let dir = tempfile::tempdir().unwrap();
    let path = image(dir.path());
    let whole = File::open(&path).unwrap().metadata().unwrap().len();
    for kept in [0, 100, 600, whole / 2] {
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(kept)
            .unwrap();
        let run = hpcctl(&["scan", "image", path.to_str().unwrap(), "-o", "json"]);
        assert!(
            [3, 5].contains(&run.code),
            "{kept} bytes: {} {}",
            run.code,
            run.stderr
        );
        image(dir.path());
    }
}
