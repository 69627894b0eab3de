//! No failure reads as leave: what is damaged, killed, full, or against the clock.

use std::fs;

use serde_json::{Value, json};

use super::log::rewritten;
use super::{Tree, findings, gate_layout, gated, layout, outcome};
use crate::cli::{Run, hpcctl};
use crate::handmade::{debian, tar};

#[test]
fn no_failure_reads_as_leave() {
    let tree = Tree::new("MIT");
    // The state cannot be written.
    let root = format!("dir:{}", tree.path("root").display());
    let run = hpcctl(&["gate", &root, "--state", "/dev/null/state"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
    // The clock went back.
    assert_eq!(tree.gate(&[]).code, 0);
    let head = rewritten(&tree.path("state"), |decisions| {
        let at = decisions[0]["at"].as_str().unwrap();
        decisions[0]["at"] = format!("2999{}", &at[4..]).into();
    });
    fs::write(tree.path("state/decisions.head"), head).unwrap();
    let run = tree.gate(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(run.stderr.contains("by the clock"), "{}", run.stderr);
}

#[test]
fn a_distribution_without_its_packages_is_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let release: (&str, u32, &[u8]) = ("etc/os-release", 0o644, b"ID=debian\n");
    let metadata = b"Metadata-Version: 2.4\nName: a\nVersion: 1\nLicense-Expression: MIT\n";
    let python: (&str, u32, &[u8]) = (
        "usr/lib/python3/dist-packages/a-1.dist-info/METADATA",
        0o644,
        metadata,
    );
    let good = b"Package: a\nVersion: 1\nArchitecture: all\nStatus: install ok installed\n";
    for (status, is_incomplete) in [
        (None, true),
        (Some(&b"garbage\x01\x02\n"[..]), true),
        (
            Some(b"garbage\nPackage: a\nVersion: 1\nStatus: install ok installed\n"),
            true,
        ),
        (Some(good), false),
    ] {
        let status = status.map(|status| ("var/lib/dpkg/status", 0o644, status));
        let files: Vec<(&str, u32, &[u8])> = [release, python].into_iter().chain(status).collect();
        let run = gated(dir.path(), &tar(&files), |_, _| {});
        let found = findings(&run, "scan.complete");
        assert_eq!(found.is_empty(), !is_incomplete, "{status:?}: {found:?}");
        let image = format!("oci:{}", dir.path().join("layout").display());
        assert_eq!(hpcctl(&["scan", "image", &image]).code == 3, is_incomplete);
    }
}

#[test]
fn a_kept_scan_says_nothing_of_a_layout_that_is_damaged_since() {
    let dir = tempfile::tempdir().unwrap();
    let incomplete = |run: &Run| !findings(run, "scan.complete").is_empty();
    assert!(!incomplete(&gated(dir.path(), &debian(), |_, _| {})));
    assert!(!incomplete(&gate_layout(dir.path())));
    let layer = crate::handmade::blob(&dir.path().join("layout"), &debian());
    let mut bytes = fs::read(&layer).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&layer, &bytes).unwrap();
    assert!(incomplete(&gate_layout(dir.path())));
    fs::remove_file(&layer).unwrap();
    assert!(incomplete(&gate_layout(dir.path())));
}

#[test]
fn a_bill_of_materials_stands_for_no_image() {
    let dir = tempfile::tempdir().unwrap();
    let key = b"machine data.example.org login me password Tq7wXz93kLpV\n";
    let layer = tar(&[("root/.netrc", 0o600, key)]);
    let seen = gated(dir.path(), &layer, |_, _| {}).json();
    assert_eq!(seen["result"]["decision"]["outcome"], "deny");
    let digest = seen["result"]["subject"]["digest"].as_str().unwrap();
    let bill = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": {"component": {
            "type": "container", "name": "i", "version": digest,
            "hashes": [{"alg": "SHA-256", "content": digest.trim_start_matches("sha256:")}],
        }},
        "components": [{
            "type": "library", "name": "b", "version": "1", "purl": "pkg:pypi/b@1",
            "licenses": [{"license": {"id": "MIT"}}],
        }],
    });
    let path = dir.path().join("bill.json");
    fs::write(&path, bill.to_string()).unwrap();
    let state = dir.path().join("state").display().to_string();
    let reference = format!("sbom:{}", path.display());
    let judged = hpcctl(&["gate", &reference, "--state", &state, "-o", "json"]).json();
    assert_eq!(judged["result"]["subject"]["digest"], digest);
    // It is known by its content, too.
    let bare = path.display().to_string();
    let bare = hpcctl(&["gate", &bare, "--state", &state, "-o", "json"]).json();
    assert_eq!(bare["result"]["decision"], judged["result"]["decision"]);
    let again = gate_layout(dir.path()).json();
    assert_eq!(again["result"]["decision"], seen["result"]["decision"]);
}

/// What is kept of a scan counts as the log of decisions has it, and no otherwise.
#[test]
fn a_kept_scan_that_was_changed_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let key = b"machine data.example.org login me password Tq7wXz93kLpV\n";
    let layer = tar(&[("root/.netrc", 0o600, key)]);
    let seen = gated(dir.path(), &layer, |_, _| {}).json();
    let scans = fs::read_dir(dir.path().join("state/scans")).unwrap();
    let kept: Vec<_> = scans.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let mut report: Value = serde_json::from_slice(&fs::read(&kept[0]).unwrap()).unwrap();
    assert_eq!(report["result"]["sensitive"].as_array().unwrap().len(), 1);
    report["result"]["sensitive"] = json!([]);
    fs::write(&kept[0], report.to_string()).unwrap();
    let again = gate_layout(dir.path()).json();
    assert_eq!(again["result"]["decision"], seen["result"]["decision"]);
    // What is as it was logged is not made anew.
    fs::write(&kept[0], fs::read(&kept[0]).unwrap()).unwrap();
    let made = || fs::metadata(&kept[0]).unwrap().modified().unwrap();
    let before = made();
    assert_eq!(gate_layout(dir.path()).code, 1);
    assert_eq!(made(), before);
}

/// A copyright file of more than a MiB, such as boost's, is looked at to its end.
#[test]
fn what_stands_at_the_end_of_a_long_licence_file_counts() {
    let dir = tempfile::tempdir().unwrap();
    let status = b"Package: a\nVersion: 1\nArchitecture: all\nStatus: install ok installed\n";
    let head = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n";
    let paragraph = |files: &str, license: &str| {
        format!("Files: {files}\nCopyright: 2026 A\nLicense: {license}\n\n")
    };
    let found = |end: &str, more: usize| {
        let body = paragraph("src/*", "MIT").repeat(1 + (1 << 20) / 40);
        let copyright = format!("{head}{body}{}{}", paragraph("x", end), "\n".repeat(more));
        let run = gated(
            dir.path(),
            &tar(&[
                ("etc/os-release", 0o644, b"ID=debian\n"),
                ("var/lib/dpkg/status", 0o644, status),
                ("usr/share/doc/a/copyright", 0o644, copyright.as_bytes()),
            ]),
            |_, _| {},
        );
        (findings(&run, "license.terms").len(), run.code)
    };
    assert_eq!(found("ISC", 0), (0, 0));
    assert_eq!(found("CC-BY-NC-4.0", 0), (1, 1));
    // What is longer than anything that is known is not looked at whole, and that is told.
    assert_eq!(found("ISC", 16 << 20).1, 3);
}

#[test]
fn decisions_are_logged_to_a_file() {
    let tree = Tree::new("MIT");
    fs::create_dir_all(tree.path("state")).unwrap();
    std::os::unix::fs::symlink("/dev/null", tree.path("state/decisions.jsonl")).unwrap();
    let run = tree.gate(&[]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""));
    assert!(
        run.stderr.contains("it is not a regular file"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_layer_that_cannot_be_read_is_incomplete() {
    let dir = tempfile::tempdir().unwrap();
    let reference = layout(dir.path());
    let path = reference.trim_start_matches("docker-archive:");
    let lenient = dir.path().join("policy.toml");
    fs::write(&lenient, "version = 1\n[licenses]\nunknown = \"warn\"\n").unwrap();
    let state = dir.path().join("state");
    let gate = || {
        let (policy, state) = (lenient.display().to_string(), state.display().to_string());
        hpcctl(&[
            "gate", &reference, "--policy", &policy, "--state", &state, "-o", "json",
        ])
    };
    let whole = gate();
    assert_eq!(
        (whole.code, outcome(&whole).as_str()),
        (0, "allow"),
        "{}",
        whole.stdout
    );
    // A byte of the layer is another: the digest of the image is the same, and its report is kept.
    let mut bytes = fs::read(path).unwrap();
    let place = bytes
        .windows(7)
        .position(|window| window == b"Package")
        .unwrap();
    bytes[place] = b'Q';
    fs::write(path, &bytes).unwrap();
    fs::remove_dir_all(&state).unwrap();
    let changed = gate();
    assert_eq!(
        (changed.code, outcome(&changed).as_str()),
        (3, "incomplete"),
        "{}",
        changed.stdout
    );
    bytes.truncate(place);
    fs::write(path, &bytes).unwrap();
    let cut = gate();
    assert!(cut.code == 3 || cut.code == 5, "{}", cut.stdout);
}

#[test]
fn a_scan_that_is_killed_leaves_no_decision() {
    let tree = Tree::new("MIT");
    for n in 0..3000 {
        tree.write(
            &format!("root/opt/{n}/LICENSE"),
            "MIT License. Permission is hereby granted, free of charge",
        );
    }
    let root = format!("dir:{}", tree.path("root").display());
    let state = tree.path("state").display().to_string();
    // After the time in milliseconds, unless it was done before.
    let ended_by = |signal: &str, after| {
        let _ = fs::remove_dir_all(&state);
        let child = crate::cli::command(&["gate", &root, "--state", &state, "-o", "json"])
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(after));
        let id = child.id().to_string();
        let kill = std::process::Command::new("kill")
            .args(["-s", signal, &id])
            .status();
        let output = child.wait_with_output().unwrap();
        (kill.unwrap().success() && !output.status.success()).then_some(output)
    };
    for (signal, code) in [("KILL", None), ("INT", Some(130))] {
        let mut ended = [100, 50, 25, 12].into_iter();
        let ended = ended.find_map(|after| ended_by(signal, after));
        let output = ended.expect("it was always done before");
        assert_eq!((output.status.code(), output.stdout), (code, Vec::new()));
        let log = fs::read_to_string(tree.path("state/decisions.jsonl")).unwrap_or_default();
        assert!(!log.contains("allow"), "{log}");
    }
}

/// A release does not know the variable, and decides.
#[test]
fn a_fault_of_our_own_decides_nothing() {
    let tree = Tree::new("MIT");
    let root = format!("dir:{}", tree.path("root").display());
    let state = tree.path("state").display().to_string();
    for place in ["scanned", "decided"] {
        let mut gate = crate::cli::command(&["gate", &root, "--state", &state, "-o", "json"]);
        let run = Run::of(gate.env("HPCCTL_TEST_FAULT", place));
        if cfg!(debug_assertions) {
            assert_eq!((run.code, run.stdout.as_str()), (70, ""), "{}", run.stderr);
            assert!(run.stderr.contains("internal fault"), "{}", run.stderr);
            assert!(!tree.path("state/decisions.jsonl").exists(), "{place}");
        } else {
            assert_eq!((run.code, outcome(&run).as_str()), (0, "allow"));
        }
    }
    assert_eq!(tree.gate(&[]).code, 0);
}

#[test]
fn a_full_disk_is_told() {
    if !crate::real::real("a_full_disk_is_told") {
        return;
    }
    let tree = Tree::new("MIT");
    let root = format!("dir:{}", tree.path("root").display());
    let full = tree.path("full").display().to_string();
    fs::create_dir(&full).unwrap();
    let script = "mount -t tmpfs -o size=16k none \"$1\" || exit 99; \
        cat /dev/zero >\"$1/ballast\" 2>/dev/null; \"$2\" gate \"$3\" --state \"$1\"";
    let run = Run::of(std::process::Command::new("unshare").args([
        "-m",
        "sh",
        "-c",
        script,
        "sh",
        &full,
        env!("CARGO_BIN_EXE_hpcctl"),
        &root,
    ]));
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
    assert!(run.stderr.contains("No space left"), "{}", run.stderr);
}
