//! `hpcctl scan` on images of a few files that are made here, down to what a hostile one says.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::{Run, command, hpcctl};
use crate::handmade::docker_archive;
use crate::hostile::parts;

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
    let path = docker_archive(dir.path());
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
    let path = docker_archive(dir.path());
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
    let path = docker_archive(dir.path());
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
    let path = docker_archive(dir.path());
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
    let path = docker_archive(dir.path());
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
        docker_archive(dir.path());
    }
}

/// Every format of a scan that a file can be written in, and whether it is read back.
const FORMATS: [(&str, bool); 12] = [
    ("json", false),
    ("jsonl", false),
    ("table", false),
    ("cyclonedx-json", true),
    ("cyclonedx-json@1.6", true),
    ("cyclonedx-json@1.5", true),
    ("cyclonedx-xml@1.6", true),
    ("cyclonedx-xml@1.5", true),
    ("spdx-json", true),
    ("spdx-tag-value", true),
    ("notice", false),
    ("source-index", false),
];

/// Scans an image at a fixed time into a file of each format.
fn write_all(image: &Path, into: &Path) -> Vec<PathBuf> {
    fs::create_dir(into).unwrap();
    let files = (0..FORMATS.len()).map(|place| into.join(place.to_string()));
    let files: Vec<PathBuf> = files.collect();
    let mut args = vec![
        "scan".to_owned(),
        "image".into(),
        image.display().to_string(),
    ];
    for ((format, _), file) in FORMATS.iter().zip(&files) {
        args.extend(["-o".to_owned(), format!("{format}={}", file.display())]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let run = Run::of(command(&args).env("SOURCE_DATE_EPOCH", "1767225600"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    files
}

#[test]
fn every_format_is_the_same_twice_and_bears_the_time_that_was_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let image = docker_archive(dir.path());
    let [one, two] = ["one", "two"].map(|name| write_all(&image, &dir.path().join(name)));
    for (place, (format, is_bill)) in FORMATS.iter().enumerate() {
        let [one, two] = [&one, &two].map(|files| fs::read_to_string(&files[place]).unwrap());
        assert!(one == two, "{format}: two runs differ");
        let dated = one.contains("2026-01-01T00:00:00Z");
        assert!(dated || !is_bill, "{format} bears another time");
    }
    let report: Value = serde_json::from_slice(&fs::read(&one[0]).unwrap()).unwrap();
    for field in ["started_at", "finished_at"] {
        assert_eq!(report[field], "2026-01-01T00:00:00Z");
    }
}

#[test]
fn what_is_written_is_read_back_with_the_same_packages() {
    let dir = tempfile::tempdir().unwrap();
    let image = docker_archive(dir.path());
    let files = write_all(&image, &dir.path().join("bills"));
    let of = |report: &Value| -> Vec<Value> {
        let packages = report["result"]["packages"].as_array().unwrap().iter();
        let fields = [
            "name", "version", "type", "purl", "licenses", "source", "depends",
        ];
        packages
            .map(|package| fields.iter().map(|field| package[field].clone()).collect())
            .collect()
    };
    let first: Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
    for ((format, is_bill), file) in FORMATS.iter().zip(&files) {
        let file = file.to_str().unwrap();
        for way in [["scan", "sbom", file], ["scan", "image", file]] {
            let run = hpcctl(&[way[0], way[1], way[2], "-o", "json"]);
            if !is_bill {
                assert_eq!(run.code, 5, "{format}: {}", run.stderr);
                continue;
            }
            assert_eq!(run.code, 0, "{format}: {}", run.stderr);
            let report = run.json();
            crate::schema::validate("hpcctl.scan-1.json", &report);
            assert_eq!(of(&report), of(&first), "{format}");
            assert_eq!(
                report["result"]["packages"][0]["found_by"],
                concat!("hpcctl ", env!("CARGO_PKG_VERSION"))
            );
            assert_eq!(
                report["result"]["verdict"]["outcome"],
                first["result"]["verdict"]["outcome"]
            );
        }
    }
}

#[test]
fn a_bill_of_a_scan_that_was_not_complete_is_not_complete() {
    let dir = tempfile::tempdir().unwrap();
    let path = docker_archive(dir.path());
    let whole = File::open(&path).unwrap().metadata().unwrap().len();
    let file = File::options().write(true).open(&path).unwrap();
    // The end of the archive is gone, its manifest is not.
    file.set_len(whole - 1024 - 512).unwrap();
    let bill = dir.path().join("bill");
    for format in [
        "cyclonedx-json",
        "cyclonedx-xml",
        "spdx-json",
        "spdx-tag-value",
    ] {
        let output = format!("{format}={}", bill.display());
        let run = hpcctl(&["scan", "image", path.to_str().unwrap(), "-o", &output]);
        if run.code == 5 {
            continue;
        }
        assert_eq!(run.code, 3, "{format}: {}", run.stderr);
        let run = hpcctl(&["scan", "sbom", bill.to_str().unwrap(), "-o", "json"]);
        assert_eq!(run.code, 3, "{format}: {}", run.stdout);
    }
}

#[test]
fn a_bill_that_is_broken_is_an_error_and_a_hostile_one_shows_as_itself() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bill");
    let scan = |text: &[u8], format: &str| {
        fs::write(&path, text).unwrap();
        hpcctl(&["scan", "sbom", path.to_str().unwrap(), "-o", format])
    };
    let deep = [b"{\"bomFormat\":".as_slice(), &[b'['; 100_000]].concat();
    for text in [
        b"".as_slice(),
        b"{",
        b"{}",
        b"<bom/>",
        b"SPDXVersion: SPDX-9.0",
        &deep,
    ] {
        assert_eq!(scan(text, "json").code, 5);
    }
    let hostile = json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [
        {"type": "library", "name": "a\u{1b}[2J", "version": "1\n2", "purl": "pkg:npm/a\nb@1",
         "licenses": [{"license": {"name": "(".repeat(5000)}}]},
        {"type": "library", "name": ["no", "name"]},
        {"type": "library", "name": "c\u{1b}[2J", "version": "1",
         "purl": "pkg:generic/c@1?download_url=https://c.example/%1B%5B2J%09c",
         "licenses": [{"license": {"id": "GPL-2.0-only"}}]},
    ]});
    let hostile = hostile.to_string();
    let run = scan(hostile.as_bytes(), "json");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(packages(&run.json()).len(), 2);
    for format in [
        "table",
        "spdx-tag-value",
        "cyclonedx-xml",
        "notice",
        "source-index",
    ] {
        let run = scan(hostile.as_bytes(), format);
        let raw = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        assert!(!run.stdout.contains(raw), "{format}: {:?}", run.stdout);
    }
    let sources = scan(hostile.as_bytes(), "source-index").stdout;
    let told = "generic\tc\\u{1b}[2J\t1\t\thttps://c.example/\\u{1b}[2J\\tc\t";
    assert!(sources.contains(told), "{sources}");
}

#[test]
fn the_index_of_sources_names_what_each_package_was_built_from() {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| parts::put(dir.path(), path, text.as_bytes());
    put("etc/os-release", "ID=debian\nVERSION_ID=12\n");
    let stanza = |name: &str, source: &str| {
        format!(
            "Package: {name}\nStatus: install ok installed\nVersion: 1:2-3\nArchitecture: all\n{source}\n"
        )
    };
    let status = stanza("a-bin", "Source: a (1:2-1)\n") + &stanza("b", "");
    put("var/lib/dpkg/status", &status);
    for name in ["a-bin", "b"] {
        let copyright = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
                         Files: *\nCopyright: 2026 A\nLicense: GPL-2+\n";
        put(&format!("usr/share/doc/{name}/copyright"), copyright);
    }
    let installed = "P:ssl_client\nV:1.36-r5\nA:x86_64\nL:GPL-2.0-only\no:busybox\n\n\
                     P:musl\nV:1.2\nA:x86_64\nL:MIT\no:musl\n\n";
    put("lib/apk/db/installed", installed);
    let metadata = "Name: p\nVersion: 4\nLicense-Expression: GPL-3.0-only\n";
    put(
        "usr/lib/python3/site-packages/p-4.dist-info/METADATA",
        metadata,
    );
    let dir = dir.path().to_str().unwrap();
    let run = hpcctl(&["scan", "dir", dir, "-o", "source-index"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let rows = run.stdout.lines().filter(|line| !line.starts_with('#'));
    let rows: Vec<Vec<&str>> = rows
        .map(|line| line.split('\t').take(5).collect())
        .collect();
    let snapshot = |source| format!("https://snapshot.debian.org/package/{source}/");
    assert_eq!(
        rows,
        [
            ["apk", "busybox", "1.36-r5", "debian", "not known"],
            ["deb", "a", "1:2-1", "debian", &snapshot("a/1:2-1")],
            ["deb", "b", "1:2-3", "debian", &snapshot("b/1:2-3")],
            ["pypi", "p", "4", "", "https://pypi.org/project/p/4/#files"],
        ]
    );
}

#[test]
fn metadata_and_texts_that_disagree_are_told_and_the_stricter_counts() {
    let dir = tempfile::tempdir().unwrap();
    let packages = dir.path().join("usr/lib/python3/site-packages");
    let gpl = "This program is free software: you can redistribute it and/or modify it under the terms of version 3 of the \
               GNU General Public License as published by the Free Software Foundation.\n";
    for (name, text) in [("odd", gpl), ("even", "Licensed under the MIT License.\n")] {
        let info = packages.join(format!("{name}-1.dist-info"));
        fs::create_dir_all(info.join("licenses")).unwrap();
        let metadata = format!("Name: {name}\nVersion: 1\nLicense-Expression: MIT\n");
        fs::write(info.join("METADATA"), metadata).unwrap();
        fs::write(info.join("licenses/LICENSE"), text).unwrap();
    }
    let scan = |format: &str| hpcctl(&["scan", "dir", dir.path().to_str().unwrap(), "-o", format]);
    let run = scan("json");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let conflicts = report["result"]["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 1, "{conflicts:?}");
    assert_eq!(conflicts[0]["package"], "pkg:pypi/odd@1");
    assert_eq!(conflicts[0]["declared"], "MIT");
    assert_eq!(conflicts[0]["detected"], "GPL-3.0-only");
    let reasons = report["result"]["verdict"]["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert_eq!(reasons[0]["license"], "GPL-3.0-only");
    assert_eq!(report["result"]["verdict"]["outcome"], "conditional");
    let table = scan("table").stdout;
    assert!(
        table.contains("1 conflict of metadata and texts"),
        "{table}"
    );
}

#[test]
fn a_name_without_a_transport_is_answered_with_what_it_may_mean() {
    let dir = tempfile::tempdir().unwrap();
    let run = Run::of(command(&["scan", "image", "debian:12"]).current_dir(dir.path()));
    assert_eq!(run.code, 5);
    assert!(run.stderr.contains("docker://debian:12"), "{}", run.stderr);
    for (name, text) in [("oci-layout", "{}"), ("index.json", "{}")] {
        fs::write(dir.path().join(name), text).unwrap();
    }
    let path = dir.path().display();
    let run = hpcctl(&["scan", "image", &format!("{path}:v1")]);
    assert!(
        run.stderr.contains(&format!("oci:{path}:v1")),
        "{}",
        run.stderr
    );
    let run = hpcctl(&["scan", "image", &format!("dir:{path}"), "-o", "json"]);
    assert_eq!(run.code, 0);
    assert!(
        run.stderr.contains(&format!("oci:{path}")),
        "{}",
        run.stderr
    );
}

#[test]
fn what_leaves_nothing_out_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let image = format!("docker-archive:{}", docker_archive(dir.path()).display());
    let args = ["scan", "image", &image, "-o", "json"];
    let excluding = |globs: &[&str]| {
        let globs = globs.iter().flat_map(|glob| ["--exclude-path", *glob]);
        hpcctl(&args.iter().copied().chain(globs).collect::<Vec<_>>())
    };
    let run = excluding(&["usr/share/doc", "/usr/shear"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        run.stderr,
        "hpcctl: warning: --exclude-path /usr/shear leaves nothing out: no path matches it\n"
    );
    assert_eq!(excluding(&["usr/share/doc"]).stderr, "");
}

#[test]
fn a_cache_that_cannot_be_written_costs_only_time() {
    let dir = tempfile::tempdir().unwrap();
    let image = format!("docker-archive:{}", docker_archive(dir.path()).display());
    let plain = hpcctl(&["scan", "image", &image, "-o", "json"]).json();
    for directory in ["/dev/null/cache", "/proc/cache"] {
        let cache = format!("--cache={directory}");
        let run = hpcctl(&["scan", "image", &image, "-o", "json", &cache]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(
            run.json()["result"]["packages"],
            plain["result"]["packages"]
        );
        let told = format!("hpcctl: warning: goes on without the cache: {directory}: ");
        assert!(run.stderr.starts_with(&told), "{}", run.stderr);
        assert_eq!(run.stderr.matches("os error").count(), 1, "{}", run.stderr);
    }
}

/// As a user whose processes are as many as may be.
#[test]
fn without_another_thread_an_image_is_read_all_the_same() {
    if !crate::real::real("without_another_thread_an_image_is_read_all_the_same") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let image = docker_archive(dir.path());
    let program = dir.path().join("hpcctl");
    fs::copy(env!("CARGO_BIN_EXE_hpcctl"), &program).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--reuid=65534", "--clear-groups", "prlimit", "--nproc=1:1"]);
    command.arg(program).args(["scan", "image", "-o", "json"]);
    let run = Run::of(command.arg(image).env("HOME", dir.path()));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(packages(&run.json()), ["good", "silent"]);
}

#[test]
fn the_files_of_packages_are_listed_where_they_are_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let put = |path: &str, text: &str| parts::put(dir.path(), path, text.as_bytes());
    put("etc/os-release", "ID=debian\nVERSION_ID=12\n");
    let status = "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n";
    put("var/lib/dpkg/status", status);
    put(
        "var/lib/dpkg/info/a.list",
        "/.\n/usr\n/usr/bin\n/usr/bin/b\n/usr/bin/a\n/gone\n",
    );
    put("usr/bin/a", "a");
    put("usr/bin/b", "b");
    let root = dir.path().to_str().unwrap();
    let listed = |args: &[&str]| {
        let run = hpcctl(&[&["scan", "dir", root], args].concat());
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    };
    let report = listed(&["--files", "-o", "json"]).json();
    crate::schema::validate("hpcctl.scan-1.json", &report);
    let package = &report["result"]["packages"][0];
    assert_eq!(package["files"], 2);
    assert_eq!(package["owned_files"], json!(["/usr/bin/a", "/usr/bin/b"]));
    let report = listed(&["-o", "json"]).json();
    assert_eq!(report["result"]["packages"][0].get("owned_files"), None);
    let run = listed(&["--files"]);
    assert!(run.stderr.contains("only json and jsonl"), "{}", run.stderr);
    let run = listed(&["--files", "-o", "jsonl"]);
    assert!(run.stdout.contains("/usr/bin/b") && run.stderr.is_empty());
}
