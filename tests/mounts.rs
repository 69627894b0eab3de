//! `hpcctl bench mounts`: a squashfs by squashfuse and by the kernel, an overlay by fuse-overlayfs and by the kernel, for real.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{comparisons, metrics, report_of};
use crate::cli::{Run, command};
use crate::real::real;
use crate::schema::validate;

/// How long something may take to be there, or to be gone.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run that has its files in a directory.
fn mounts(dir: &Path, budget: &str, more: &[&str]) -> Command {
    let fixed = ["bench", "mounts", "--budget", budget, "-o", "json"];
    let mut command = command(&[&fixed, more].concat());
    command.env("TMPDIR", dir);
    command
}

/// What of a run is there that has its files in a directory: programs, devices, mounts.
fn traces(dir: &Path) -> Vec<String> {
    let dir = dir.to_str().unwrap();
    let entries = |path: &str| fs::read_dir(path).unwrap().flatten().map(|it| it.path());
    let programs = entries("/proc").filter_map(|process| fs::read(process.join("cmdline")).ok());
    let programs = programs.map(|words| String::from_utf8_lossy(&words).replace('\0', " "));
    let devices = entries("/sys/block")
        .filter_map(|device| fs::read_to_string(device.join("loop/backing_file")).ok());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let mounts: Vec<String> = mounts.lines().map(str::to_owned).collect();
    let all = programs.chain(devices).chain(mounts);
    all.filter(|text| text.contains(dir)).collect()
}

/// Waits until something is so.
fn wait_until(is_so: impl Fn() -> bool, what: &str) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_tree_is_read_by_every_kind_of_mount() {
    if !real("a_tree_is_read_by_every_kind_of_mount") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let run = Run::of(&mut mounts(dir.path(), "1s", &[]));
    // Whatever it costs is what was asked for.
    assert!([0, 3].contains(&run.code), "{}: {}", run.code, run.stderr);
    let report = report_of(&run);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    let mut expected = Vec::new();
    for kind in ["squashfs", "overlay"] {
        for by in ["fuse", "kernel"] {
            for figure in ["stat", "read", "import"] {
                expected.push(format!("mounts.{kind}.{by}.{figure}"));
            }
        }
    }
    assert_eq!(metrics(&report), expected);
    // Each file that a program serves is opened by a message to it: a fifth of the rate; half of it would be seen, too.
    for one in comparisons(&report) {
        let metric = one["metric"].as_str().unwrap();
        if metric.ends_with(".fuse.read") {
            let ratio = one["ratio"]["estimate"].as_f64().unwrap();
            assert!(ratio < 0.7, "{metric}: {ratio}");
        }
    }
    assert_eq!(traces(dir.path()), [""; 0]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn what_ends_a_run_leaves_no_mount() {
    if !real("what_ends_a_run_leaves_no_mount") {
        return;
    }
    for (only, signal, trace) in [
        ("mounts.squashfs.fuse", "INT", "squashfuse"),
        ("mounts.squashfs.fuse", "KILL", "squashfuse"),
        ("mounts.squashfs.kernel", "INT", "tree.squashfs"),
        ("mounts.squashfs.kernel", "KILL", "tree.squashfs"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut command = mounts(dir.path(), "60s", &["--only", only]);
        let mut run: Child = command.stdout(Stdio::null()).spawn().unwrap();
        let is_there = || {
            let mut traces = traces(dir.path()).into_iter();
            // mksquashfs names the file, too.
            traces.any(|text| text.contains(trace) && !text.contains("mksquashfs"))
        };
        wait_until(is_there, only);
        let pid = run.id().to_string();
        let sent = Run::of(Command::new("kill").args(["-s", signal, &pid]));
        assert_eq!(sent.code, 0, "{}", sent.stderr);
        let status = run.wait().unwrap();
        wait_until(|| traces(dir.path()).is_empty(), "it is still there");
        if signal == "INT" {
            assert_eq!(status.code(), Some(130));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }
}

/// What is said to be unknown, and why.
fn unknowns(run: &Run) -> Vec<String> {
    let report = report_of(run);
    let unknowns = report["unknowns"].as_array().unwrap().iter();
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    unknowns
        .map(|one| format!("{}: {}", text(one, "what"), text(one, "why")))
        .collect()
}

#[test]
fn what_is_missing_is_told() {
    if !real("what_is_missing_is_told") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let bin = dir.path().join("bin");
    fs::create_dir(&bin).unwrap();
    let run = Run::of(mounts(dir.path(), "1s", &[]).env("PATH", &bin));
    let expected = [
        "mounts.squashfs: mksquashfs is not installed, so there is no squashfs to mount",
        "mounts.overlay.fuse.stat: inside: fuse-overlayfs is not installed",
    ];
    assert_eq!(unknowns(&run), expected, "{}", run.stderr);
    assert_eq!(metrics(&report_of(&run)).len(), 3);

    symlink("/usr/bin/mksquashfs", bin.join("mksquashfs")).unwrap();
    let only = ["--only", "mounts.squashfs"];
    let mut command = mounts(dir.path(), "1s", &only);
    let run = Run::of(command.env("PATH", &bin));
    assert_eq!(run.code, 5, "{}", run.stderr);
    let words = "squashfuse_ll or squashfuse is not installed";
    assert!(run.stderr.contains(words), "{}", run.stderr);
}

/// A run of a user, for whom the device of FUSE has this mode: most distributions let everybody open it, some nodes nobody.
fn as_a_user(dir: &Path, mode: &str) -> Run {
    let script = format!(
        r#"mount -t tmpfs none /dev/shm && mknod -m {mode} /dev/shm/fuse c 10 229 &&
        mount --bind /dev/shm/fuse /dev/fuse && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@""#
    );
    let mut command = Command::new("unshare");
    command
        .args([
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            &script,
            "sh",
        ])
        .arg(dir.join("hpcctl"))
        .args(["bench", "mounts", "--budget", "1s", "-o", "json"])
        .env("TMPDIR", dir)
        .env("HPCCTL_STATE", dir)
        .env("PATH", dir.join("bin"));
    Run::of(&mut command)
}

#[test]
fn a_user_has_the_mounts_that_need_no_root() {
    if !real("a_user_has_the_mounts_that_need_no_root") {
        return;
    }
    // Where a user may go, with the one program that serves a squashfs one request after the other.
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let (program, bin) = (dir.path().join("hpcctl"), dir.path().join("bin"));
    fs::copy(env!("CARGO_BIN_EXE_hpcctl"), &program).unwrap();
    fs::create_dir(&bin).unwrap();
    for name in [
        "sh",
        "unshare",
        "mount",
        "mknod",
        "setpriv",
        "mksquashfs",
        "squashfuse",
        "fuse-overlayfs",
    ] {
        symlink(format!("/usr/bin/{name}"), bin.join(name)).unwrap();
    }
    let open = as_a_user(dir.path(), "666");
    let root = "mounts.squashfs.kernel.stat: inside: the kernel mounts a squashfs for root alone";
    assert_eq!(unknowns(&open), [root], "{}", open.stderr);
    let report = report_of(&open);
    assert_eq!(metrics(&report).len(), 9);
    let doubts = report["result"]["doubts"].to_string();
    assert!(
        doubts.contains("mounts.squashfs.fuse is by squashfuse, since"),
        "{doubts}"
    );
    let closed = unknowns(&as_a_user(dir.path(), "600"));
    let of_fuse = |start: &str| {
        let mut all = closed.iter();
        all.any(|one| one.starts_with(start) && one.contains("Permission denied"))
    };
    assert!(closed.contains(&root.to_owned()), "{closed:?}");
    assert!(of_fuse("mounts.squashfs.fuse.stat: "), "{closed:?}");
    assert!(of_fuse("mounts.overlay.fuse.stat: "), "{closed:?}");
}
