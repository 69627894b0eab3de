//! `hpcctl bench --why`: causes that nobody planted by an option, in the containers that real runtimes make.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::causes::{asked_why, is_named_by, is_shown, is_told_by, without_rules};
use crate::cli::{Run, command, script};
use crate::real::real;
use crate::registry::images;

/// A directory on which something is mounted; unmounted with this.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        Run::of(Command::new("umount").arg("-l").arg(&self.0));
    }
}

#[test]
fn an_image_by_fuse_is_named_and_its_fix_is_another() {
    if !real("an_image_by_fuse_is_named_and_its_fix_is_another") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let file = images().join("tree.zstd.sqfs");
    let run = Run::of(Command::new("squashfuse_ll").arg(file).arg(dir.path()));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let mounted = Mounted(dir.path().into());
    let image = mounted.0.to_str().unwrap();
    for runtime in ["builtin", "charliecloud"] {
        let args = [
            "fs", "--only", "fs.image", "--inside", runtime, "--image", image,
        ];
        let run = || without_rules(&asked_why(&args));
        // What is faster has no fix.
        let is_it =
            |why: &Value| is_shown(why, "a file system by FUSE") && why["verdict"] == "slower";
        let why = is_told_by(run, "fs.image.read", is_it).unwrap();
        let fix = why["fix"].as_str().unwrap();
        assert!(fix.contains("unsquashfs"), "{fix}");
    }
}

/// What a node with containers has, as a site might write it.
const RULES: &str = "table inet site {
    chain in { type filter hook input priority 0; ct state established,related accept; }
    chain out { type filter hook output priority 0; ct state established,related accept; }
    chain before { type nat hook prerouting priority -100; tcp dport 1 dnat ip to 127.0.0.1; }
    chain after { type nat hook postrouting priority 100; ip saddr 10.250.0.0/16 masquerade; }
}";

/// Runs a command where the path leads to a ch-run in a network namespace of its own, which has rules.
const IN_A_NETWORK: &str = r#"
    ip link set lo up
    unshare --net sleep 600 & network=$!
    trap "kill $network" EXIT
    until [ "$(readlink /proc/$network/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
    enter="nsenter --net=/proc/$network/ns/net"
    $enter ip link set lo up && $enter nft "$RULES" || exit 9
    printf '#!/bin/sh\nexec %s %s "$@"\n' "$enter" "$(command -v ch-run)" >$DIR/ch-run
    chmod 0755 $DIR/ch-run
    PATH=$DIR:$PATH "$@""#;

#[test]
fn rules_in_the_network_of_a_runtime_are_named() {
    if !real("rules_in_the_network_of_a_runtime_are_named") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let args = [
        "net",
        "--only",
        "net.tcp.latency",
        "--inside",
        "charliecloud",
    ];
    let run = || {
        let mut command = Command::new("unshare");
        command.args(["--net", "bash", "-c", IN_A_NETWORK, "bash"]);
        command
            .arg(env!("CARGO_BIN_EXE_hpcctl"))
            .args(asked_why(&args));
        command.env("RULES", RULES).env("DIR", dir.path());
        command
    };
    let cause = "rules of the packet filter in the network namespace";
    is_named_by(run, "net.tcp.latency", cause).unwrap();
}

#[test]
fn the_bridge_of_podman_is_named() {
    if !real("the_bridge_of_podman_is_named") {
        return;
    }
    let args = [
        "net",
        "--only",
        "net.node.latency",
        "--inside",
        "podman",
        "--network",
        "bridge",
    ];
    let run = || command(&asked_why(&args));
    // Which of both leaves the margin depends on the rules of the node, which cost more on top of them.
    let causes = ["the bridge on the node", "a pair of veth"];
    let is_it = |why: &Value| causes.iter().any(|cause| is_shown(why, cause));
    is_told_by(run, "net.node.latency", is_it).unwrap();
}

/// Without a cache of its own for each thread malloc takes twice as long.
const SLOW: &str = "glibc.malloc.tcache_count=0";

#[test]
fn a_variable_that_the_runtime_sets_is_named() {
    if !real("a_variable_that_the_runtime_sets_is_named") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // A ch-run that sets one, as a site's wrapper does.
    let path = with_wrapper(dir.path(), &format!("export GLIBC_TUNABLES={SLOW}"));
    let args = ["libc", "--only", "libc.malloc", "--inside", "charliecloud"];
    let run = || {
        let mut command = command(&asked_why(&args));
        command.env("PATH", &path);
        command
    };
    let why = is_named_by(run, "libc.malloc", "variables of the environment").unwrap();
    assert_eq!(why["verdict"], "slower");
}

#[test]
fn a_variable_that_only_the_node_has_is_named() {
    if !real("a_variable_that_only_the_node_has_is_named") {
        return;
    }
    let args = ["libc", "--only", "libc.malloc", "--inside", "runc"];
    let run = || {
        let mut command = command(&asked_why(&args));
        command.env("GLIBC_TUNABLES", SLOW);
        command
    };
    let why = is_named_by(run, "libc.malloc", "variables of the environment").unwrap();
    assert_eq!(why["verdict"], "faster");
}

/// A path with a ch-run that does something first.
fn with_wrapper(dir: &Path, first: &str) -> String {
    let path = std::env::var("PATH").unwrap();
    let found = Run::of(Command::new("sh").args(["-c", "command -v ch-run"]));
    let text = format!("#!/bin/sh\n{first}\nexec {} \"$@\"\n", found.stdout.trim());
    script(&dir.join("ch-run"), &text);
    format!("{}:{path}", dir.display())
}
