//! Locks that reach no other node, as Lustre has them with `localflock` and NFS with `nolock`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{counted, path, stage};
use crate::cli::Run;
use crate::handmade::sha256;
use crate::real::real;
use crate::registry::{Registry, images};

/// A lock that every node gets, whoever has it elsewhere.
const LOCAL: &str = "int flock(int fd, int op) { (void)fd; (void)op; return 0; }\n";

/// The program on a node of its own, where locks are local.
fn on_node(node: usize, local: &Path, args: &[&str]) -> Command {
    let script = "hostname \"$1\" || exit 99; shift; exec env LD_PRELOAD=\"$@\"";
    let mut command = Command::new("unshare");
    command.args(["--uts", "sh", "-c", script, "sh"]);
    command.arg(format!("node{node}")).arg(local);
    command.arg(env!("CARGO_BIN_EXE_hpcctl")).args(args);
    command
}

#[test]
fn nodes_whose_locks_are_local_stage_one_image() {
    const NODES: usize = 8;
    if !real("nodes_whose_locks_are_local_stage_one_image") {
        return;
    }
    let (registry, dir) = (Registry::start(""), tempfile::tempdir().unwrap());
    let image = format!("oci:{}/layout:v2", images().display());
    registry.push(&image, "debian:v2", &[]);
    let reference = format!("docker://{}", registry.name("debian:v2"));
    let (source, local) = (dir.path().join("local.c"), dir.path().join("local.so"));
    fs::write(&source, LOCAL).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-o"]).args([&local, &source]);
    let made = Run::of(&mut cc);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let to = dir.path().join("shared");
    let args = [
        "stage",
        &reference,
        "--to",
        to.to_str().unwrap(),
        "-o",
        "json",
    ];
    let before = counted(&registry, "GET");
    let all: Vec<_> = (0..NODES)
        .map(|node| {
            let mut command = on_node(node, &local, &args);
            command.stdin(Stdio::null()).stdout(Stdio::piped());
            command.stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let ended = all.into_iter().map(|child| {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    });
    let reports: Vec<Value> = ended.collect();
    let there = stage(&reference, &to, &[]).json();
    assert_eq!(there["result"]["outcome"], "reused");
    let digest = sha256(&fs::read(path(&there)).unwrap());
    for report in &reports {
        assert_eq!(path(report), path(&there));
        assert_eq!(report["result"]["target"]["sha256"], digest);
    }
    // The claim holds where the lock does not.
    let staged = reports
        .iter()
        .filter(|it| it["result"]["outcome"] == "staged");
    assert_eq!(staged.count(), 1);
    let pulled = counted(&registry, "GET");
    let twice = pulled.iter().find(|(path, count)| {
        path.contains("/blobs/") && **count > before.get(*path).copied().unwrap_or(0) + 1
    });
    assert_eq!(twice, None);
}
