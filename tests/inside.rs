//! `hpcctl bench --inside`: real runtimes, ranks in containers of their own, another node.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::abi::matrix::tree;
use crate::bench::{bench, comparisons, metrics, report_of};
use crate::cli::{Run, command, hpcctl, script};
use crate::environments::{self, ENVIRONMENTS, has_apptainer};
use crate::operations::DOCKER_DAEMON;
use crate::real::real;
use crate::schema::validate;

/// An image with nothing but the directories and files that runtimes mount on.
fn empty_image() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["dev", "etc", "mnt", "proc", "run", "sys", "tmp"] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("etc/hosts"), "").unwrap();
    dir
}

#[test]
fn charliecloud_is_compared_with_an_image_and_without() {
    if !real("charliecloud_is_compared_with_an_image_and_without") {
        return;
    }
    let dir = empty_image();
    let image = dir.path().to_str().unwrap();
    let report = bench(&[
        "launch",
        "libc",
        "--inside",
        "charliecloud",
        "--image",
        image,
    ]);
    assert!(metrics(&report).contains(&"launch.start"));
    // The image has no C library, which is the one thing that cannot be measured.
    let unknowns = report["unknowns"].as_array().unwrap();
    let names: Vec<&Value> = unknowns.iter().map(|one| &one["what"]).collect();
    assert_eq!(names, ["libc"], "{unknowns:?}");
    let report = bench(&["launch", "libc", "--inside", "charliecloud"]);
    assert!(metrics(&report).contains(&"libc.malloc"));
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    let differences = report["result"]["differences"].to_string();
    assert!(differences.contains("namespace mnt"), "{differences}");
    assert!(!differences.contains("namespace net"), "{differences}");
}

#[test]
fn the_same_program_is_as_fast_and_the_files_of_an_image_are_read_there() {
    if !real("the_same_program_is_as_fast_and_the_files_of_an_image_are_read_there") {
        return;
    }
    // The node may be busy with other things; three times in a row it is not.
    let mut seen = Vec::new();
    for _ in 0..3 {
        let report = bench(&["libc", "--only", "libc.string", "--inside", "charliecloud"]);
        let ratio = comparisons(&report)[0]["ratio"]["estimate"]
            .as_f64()
            .unwrap();
        // Its memory was elsewhere when the loader was told to start it, and that 5 to 8 % faster.
        if (0.98..1.02).contains(&ratio) {
            seen.clear();
            break;
        }
        seen.push(ratio);
    }
    assert!(seen.is_empty(), "{seen:?}");
    let dir = empty_image();
    fs::create_dir(dir.path().join("usr")).unwrap();
    for n in 0..9 {
        fs::write(dir.path().join(format!("usr/{n}")), "text").unwrap();
    }
    let image = dir.path().to_str().unwrap();
    for runtime in ["builtin", "charliecloud"] {
        let report = bench(&[
            "fs", "--only", "fs.image", "--inside", runtime, "--image", image,
        ]);
        assert_eq!(metrics(&report), ["fs.image.stat", "fs.image.read"]);
        assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    }
    // Its files are seen by the runtime alone.
    let packed = [
        "--inside",
        "podman",
        "--image",
        "containers-storage:nonesuch",
    ];
    let run = hpcctl(&[&["bench", "fs", "--only", "fs.image"], &packed[..]].concat());
    assert_eq!(run.code, 5, "{}", run.stderr);
}

#[test]
fn podman_is_compared_with_its_networks_and_leaves_no_container() {
    if !real("podman_is_compared_with_its_networks_and_leaves_no_container") {
        return;
    }
    let dir = empty_image();
    let image = dir.path().to_str().unwrap();
    // Other tests have containers, too: those of this image are asked for.
    let left = || {
        let script = "podman ps -aq | xargs -r podman inspect --format '{{.Rootfs}}'";
        let run = Run::of(std::process::Command::new("sh").args(["-c", script]));
        run.stdout.contains(image)
    };
    for (network, own) in [("host", false), ("none", true)] {
        let report = bench(&[
            "launch",
            "--inside",
            "podman",
            "--network",
            network,
            "--image",
            image,
        ]);
        assert_eq!(metrics(&report), ["launch.start", "launch.cold"]);
        assert_eq!(report["result"]["plan"]["network"], network);
        let differences = report["result"]["differences"].to_string();
        assert!(differences.contains("namespace pid"), "{differences}");
        assert_eq!(differences.contains("namespace net"), own, "{differences}");
        let start = &comparisons(&report)[0]["ratio"]["ci_low"];
        assert!(start.as_f64().unwrap() > 10.0, "{start}");
    }
    // Podman's mount points are in an overlay, not in the image.
    assert!(!dir.path().join("run/.containerenv").exists());
    let until = Instant::now() + Duration::from_secs(30);
    while left() && Instant::now() < until {
        thread::sleep(Duration::from_millis(200));
    }
    assert!(!left());
}

#[test]
fn ranks_lose_memory_and_segments_in_containers_of_their_own() {
    if !real("ranks_lose_memory_and_segments_in_containers_of_their_own") {
        return;
    }
    let sizes = [
        "ranks.8B",
        "ranks.4KiB",
        "ranks.64KiB",
        "ranks.1MiB",
        "ranks.4MiB",
    ];
    let lost = |report: &Value| -> Vec<String> {
        let differences = report["result"]["differences"].as_array().unwrap().iter();
        let of_ranks =
            differences.filter(|one| one["what"].as_str().unwrap().contains("another rank"));
        of_ranks
            .map(|one| format!("{} {}", one["what"], one["inside"]).replace('"', ""))
            .collect()
    };
    let report = bench(&["ranks", "--inside", "host"]);
    assert_eq!(metrics(&report), sizes);
    assert_eq!(lost(&report), [""; 0]);
    // A user namespace each: memory is lost, and /dev/shm is the node's.
    let report = bench(&["ranks", "--inside", "charliecloud"]);
    assert_eq!(metrics(&report), sizes);
    assert_eq!(lost(&report), ["memory of another rank EPERM"]);
    let doubts = report["result"]["doubts"].to_string();
    assert!(
        doubts.contains("aborts with messages of some 64 KiB"),
        "{doubts}"
    );
    // Podman's containers have everything of their own.
    let report = bench(&["ranks", "--inside", "podman", "--network", "host"]);
    assert_eq!(metrics(&report), sizes);
    let lost = lost(&report);
    assert!(lost.iter().any(|one| one.ends_with("ENOENT")), "{lost:?}");
}

#[test]
fn oci_runtimes_are_compared_by_their_bundles() {
    if !real("oci_runtimes_are_compared_by_their_bundles") {
        return;
    }
    let report = bench(&["launch", "libc", "--inside", "runc"]);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    assert!(metrics(&report).contains(&"launch.start"));
    let differences = report["result"]["differences"].to_string();
    assert!(differences.contains("namespace pid"), "{differences}");
    // Debian's crun refuses a node with both versions of control groups.
    let script = "umount -l /sys/fs/cgroup/unified 2>/dev/null; exec \"$0\" \"$@\"";
    let args = [
        "bench", "launch", "--inside", "crun", "--budget", "1s", "-o", "json",
    ];
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-c", script])
        .arg(env!("CARGO_BIN_EXE_hpcctl"))
        .args(args);
    let run = Run::of(&mut command);
    assert_eq!(metrics(&report_of(&run)), ["launch.start", "launch.cold"]);
}

/// What agents have mounted of a directory of the node while a command runs: the name, and `ro` or `rw`.
fn bound(mut command: std::process::Command, of: &Path) -> (Run, BTreeSet<String>) {
    let of = of.file_name().unwrap().to_str().unwrap().to_owned();
    let running = thread::spawn(move || Run::of(&mut command));
    let mut seen = BTreeSet::new();
    while !running.is_finished() {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        for process in processes.map(|entry| entry.path()) {
            let text = |name: &str| fs::read(process.join(name)).unwrap_or_default();
            let text = |name: &str| String::from_utf8_lossy(&text(name)).into_owned();
            // Before it is the agent, its launcher mounts.
            if !text("cmdline").contains("--agent") {
                continue;
            }
            for line in text("mountinfo").lines() {
                let mut fields = line.split(' ').skip(3);
                let (root, options) = (fields.next().unwrap(), fields.nth(1).unwrap());
                if let Some((_, name)) = root
                    .split_once("/hpcctl-bench-")
                    .filter(|it| it.0.ends_with(&of))
                {
                    let name = name.split_once('/').map_or("", |it| it.1);
                    seen.insert(format!("{name} {}", &options[..2]));
                }
            }
        }
        thread::sleep(Duration::from_millis(2));
    }
    (running.join().unwrap(), seen)
}

#[test]
fn the_agent_is_bound_read_only() {
    if !real("the_agent_is_bound_read_only") {
        return;
    }
    let image = empty_image();
    let image = ["--image", image.path().to_str().unwrap()];
    for (runtime, image) in [
        ("builtin", &[][..]),
        ("builtin", &image),
        ("podman", &image),
        ("runc", &image),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let args = ["bench", "fs", "--only", "fs.create", "--inside", runtime];
        let more = ["--budget", "1s", "-o", "json"];
        let mut command = command(&[&args[..], &more, image].concat());
        command.env("TMPDIR", dir.path());
        let (run, seen) = bound(command, dir.path());
        assert_eq!(metrics(&report_of(&run)), ["fs.create"]);
        let expected = ["shared ro", "shared/written rw"].map(str::to_owned);
        assert_eq!(seen, BTreeSet::from(expected), "{runtime}");
    }
}

#[test]
fn the_c_library_of_an_image_is_measured_be_it_old_or_musl() {
    if !real("the_c_library_of_an_image_is_measured_be_it_old_or_musl") {
        return;
    }
    let measured = |suite: &str, runtime: &str| {
        let dir = empty_image();
        let image = dir.path().to_str().unwrap();
        let mut copy = std::process::Command::new("cp");
        let copied = Run::of(copy.arg("-a").arg(tree(suite).join(".")).arg(image));
        assert_eq!(copied.code, 0, "{}", copied.stderr);
        let args = ["bench", "libc", "--inside", runtime, "--image", image];
        let run = hpcctl(&[&args[..], &["--budget", "1s", "-o", "json"]].concat());
        // What its loader says of this program is told, not passed on.
        assert!(!run.stderr.contains("GLIBC_"), "{}", run.stderr);
        let report = report_of(&run);
        assert_eq!(report["unknowns"], Value::Array(Vec::new()), "{suite}");
        assert_eq!(report["result"]["plan"]["bare"], true);
        assert_eq!(metrics(&report).len(), 6);
        report
    };
    for runtime in ["builtin", "podman"] {
        let report = measured("musl", runtime);
        let differs = report["result"]["differences"].to_string();
        assert!(differs.contains("\"inside\":\"musl 1."), "{differs}");
        // No copying by wide registers, and one lock for all threads, which has to be fought for.
        let several = thread::available_parallelism().is_ok_and(|many| many.get() >= 4);
        let threads = several.then_some("libc.malloc.threads");
        for metric in threads.into_iter().chain(["libc.string"]) {
            let mut all = comparisons(&report).iter();
            let one = all.find(|one| one["metric"] == metric).unwrap();
            let ratio = one["ratio"]["estimate"].as_f64().unwrap();
            assert!(ratio < 0.6 && one["verdict"] == "slower", "{one}");
        }
    }
    let report = measured("bullseye", "builtin");
    let differs = report["result"]["differences"].to_string();
    assert!(differs.contains("\"inside\":\"glibc 2.31\""), "{differs}");
    // The kernel's part is the same.
    let call = comparisons(&report).last().unwrap();
    let ratio = call["ratio"]["estimate"].as_f64().unwrap();
    assert!((0.8..1.25).contains(&ratio), "{call}");
}

#[test]
fn what_is_packed_is_refused_with_the_command_that_unpacks_it() {
    if !real("what_is_packed_is_refused_with_the_command_that_unpacks_it") {
        return;
    }
    let images = std::env::var("HPCCTL_IMAGES").expect("tests/run sets it");
    for reference in [
        format!("oci:{images}/layout:v1"),
        format!("docker-archive:{images}/debian.tar"),
        format!("{images}/debian.tar"),
        format!("tar:{images}/tree.tar.xz"),
        format!("{images}/tree.zstd.sqfs"),
    ] {
        let run = hpcctl(&["bench", "launch", "--image", &reference]);
        assert_eq!(run.code, 5, "{}", run.stderr);
        let mut lines = run.stderr.lines();
        let said = lines.find_map(|line| line.split_once("for --image image: "));
        let (_, said) = said.unwrap_or_else(|| panic!("{}", run.stderr));
        let dir = tempfile::tempdir().unwrap();
        let own = Path::new(env!("CARGO_BIN_EXE_hpcctl")).parent().unwrap();
        let path = format!("{}:{}", own.display(), std::env::var("PATH").unwrap());
        let mut shell = std::process::Command::new("sh");
        let made = Run::of(shell.args(["-c", said]).current_dir(&dir).env("PATH", path));
        assert_eq!(made.code, 0, "{said}: {}", made.stderr);
        let image = dir.path().join("image");
        assert!(image.join("usr").is_dir(), "{said}");
        let report = bench(&["launch", "--image", image.to_str().unwrap()]);
        assert!(metrics(&report).contains(&"launch.start"), "{said}");
    }
}

#[test]
fn apptainer_is_compared_in_the_newer_distribution() {
    // Only one suite of Debian has it, and now and then it cannot be unpacked.
    if !real("apptainer_is_compared_in_the_newer_distribution") || !has_apptainer() {
        return;
    }
    let healthy = ENVIRONMENTS[0].newer();
    let args = ["launch", "libc", "ranks", "--inside", "apptainer"];
    let all = [&["bench", "--budget", "1s", "-o", "json"], &args[..]].concat();
    let run = healthy.hpcctl("", &all);
    let report = report_of(&run);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    let names = metrics(&report);
    assert!(names.contains(&"launch.start") && names.contains(&"ranks.4MiB"));
    // A user namespace each.
    let doubts = report["result"]["doubts"].to_string();
    assert!(doubts.contains("process_vm_readv"), "{doubts}");
}

#[test]
fn rootless_docker_is_compared_in_the_newer_distribution() {
    if !real("rootless_docker_is_compared_in_the_newer_distribution") {
        return;
    }
    let healthy = ENVIRONMENTS[0].newer();
    // Its socket is found without being told of it; with an image of its own, and with one that has an entry point.
    let script = format!(
        r#"{DOCKER_DAEMON}
        tar -cC $1 . | docker import --change 'ENTRYPOINT ["/nonexistent"]' - entered >/dev/null
        unset DOCKER_HOST
        $0 --quiet bench launch net libc --inside docker-rootless --budget 1s -o json
        $0 --quiet bench launch --inside docker-rootless --image docker:entered --network none --budget 1s -o json
        DOCKER_HOST=unix://$XDG_RUNTIME_DIR/docker.sock docker images --format '{{{{.Repository}}}}' >&2"#
    );
    let program = environments::program().to_str().unwrap();
    let image = empty_image();
    let shared = environments::shared().join("entered");
    let copied = Run::of(
        std::process::Command::new("cp")
            .arg("-a")
            .arg(image.path())
            .arg(&shared),
    );
    assert_eq!(copied.code, 0, "{}", copied.stderr);
    let argv = ["sh", "-c", &script, program, shared.to_str().unwrap()];
    let run = healthy.run("", &argv);
    let reports: Vec<Value> = serde_json::Deserializer::from_str(&run.stdout)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(reports.len(), 2, "{}", run.stderr);
    // What was imported for the run is gone.
    assert_eq!(run.stderr.trim(), "entered");
    let report = &reports[0];
    validate("hpcctl.bench-1.json", report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    let names = metrics(report);
    assert!(names.contains(&"launch.start") && names.contains(&"libc.malloc"));
    // Its host is behind a program that carries packets, which costs far more than this.
    let node = comparisons(report)
        .iter()
        .find(|one| one["metric"] == "net.node.latency");
    let ratio = node.unwrap()["ratio"]["estimate"].as_f64().unwrap();
    assert!(ratio > 1.5, "{ratio}");
    let doubts = report["result"]["doubts"].to_string();
    assert!(
        doubts.contains("the runtime's daemon") && !doubts.contains("no test of ours"),
        "{doubts}"
    );
    assert_eq!(metrics(&reports[1]), ["launch.start", "launch.cold"]);
}

#[test]
fn sarus_is_told_what_its_manual_says() {
    if !real("sarus_is_told_what_its_manual_says") {
        return;
    }
    // No distribution has it. What stands for it here takes the words of its user guide and no others, and has
    // a mount namespace of its own, as it does.
    let dir = tempfile::tempdir().unwrap();
    let sarus = dir.path().join("sarus");
    let text = r#"#!/bin/sh
        [ "$1 $2 $3 $5" = "run --entrypoint  library/app:1" ] || { echo "$@" >&2; exit 9; }
        source=${4#--mount=type=bind,source=}
        [ "$4" = "--mount=type=bind,source=${source%,destination=/mnt},destination=/mnt" ] || { echo "$4" >&2; exit 9; }
        shift 5
        exec unshare --mount sh -c 'mount --bind "$0" /mnt && exec "$@"' "${source%,destination=/mnt}" "$@""#;
    script(&sarus, text);
    let path = format!(
        "{}:{}",
        dir.path().display(),
        std::env::var("PATH").unwrap()
    );
    let args = [
        "bench", "launch", "ranks", "--inside", "sarus", "--budget", "1s", "-o", "json",
    ];
    let run = Run::of(
        command(&[&args[..], &["--image", "sarus:library/app:1"]].concat()).env("PATH", &path),
    );
    let report = report_of(&run);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    assert!(metrics(&report).contains(&"launch.start"));
    let differences = report["result"]["differences"].to_string();
    assert!(
        differences.contains("namespace mnt") && !differences.contains("namespace user"),
        "{differences}"
    );
    let doubts = report["result"]["doubts"].to_string();
    assert!(doubts.contains("no test of ours has run sarus"), "{doubts}");
    let run = Run::of(command(&args).env("PATH", &path));
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("--image sarus:NAME"), "{}", run.stderr);
}

#[test]
fn another_node_is_measured_to() {
    if !real("another_node_is_measured_to") {
        return;
    }
    // Two network namespaces with a link between them; what stands for ssh enters the other.
    let script = r#"
        ip link set lo up
        unshare --net sleep 600 & far=$!
        trap "kill $far" EXIT
        until [ "$(readlink /proc/$far/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
        ip link add near0 type veth peer name far0 netns $far
        ip address add 10.213.8.1/24 dev near0 && ip link set near0 up
        nsenter --net=/proc/$far/ns/net ip address add 10.213.8.2/24 dev far0
        nsenter --net=/proc/$far/ns/net ip link set far0 up
        "$@" --peer 10.213.8.2 --peer-by "nsenter --net=/proc/$far/ns/net env PEER={}""#;
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--net", "bash", "-c", script, "bash"])
        .arg(env!("CARGO_BIN_EXE_hpcctl"))
        .args(["bench", "net", "--budget", "1s", "-o", "json"]);
    let run = Run::of(&mut command);
    let report = report_of(&run);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    assert_eq!(report["result"]["plan"]["peer"], "10.213.8.2");
    let names = metrics(&report);
    assert!(names.contains(&"net.peer.latency") && names.contains(&"net.peer.stream"));
}

#[test]
fn the_ways_into_the_network_are_compared_with_loopback() {
    if !real("the_ways_into_the_network_are_compared_with_loopback") {
        return;
    }
    let report = bench(&["overlay"]);
    validate("hpcctl.bench-1.json", &report);
    assert_eq!(report["unknowns"], Value::Array(Vec::new()));
    for way in ["veth", "bridge", "nft", "slirp4netns", "pasta"] {
        for figure in ["latency", "stream"] {
            let name = format!("overlay.{way}.{figure}");
            assert!(metrics(&report).contains(&name.as_str()), "{name}");
        }
    }
    // What passes through a program is a fifth of the rate; half of it would be seen, too.
    let slirp = comparisons(&report)
        .iter()
        .find(|one| one["metric"] == "overlay.slirp4netns.stream");
    let ratio = slirp.unwrap()["ratio"]["estimate"].as_f64().unwrap();
    assert!(ratio < 0.7, "{ratio}");
}

#[test]
fn what_a_runtime_says_against_it_is_told() {
    if !real("what_a_runtime_says_against_it_is_told") {
        return;
    }
    let image = "containers-storage:localhost/nonesuch";
    let run = hpcctl(&["bench", "launch", "--inside", "podman", "--image", image]);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("nonesuch"), "{}", run.stderr);
    let run = hpcctl(&["bench", "launch", "--image", image]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert!(run.stderr.contains("--inside podman"), "{}", run.stderr);
    let args = [
        "bench",
        "net",
        "--inside",
        "charliecloud",
        "--network",
        "bridge",
    ];
    let run = hpcctl(&args);
    assert_eq!(run.code, 2, "{}", run.stderr);
}
