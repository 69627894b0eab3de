//! What is not published says why by its exit status.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{LENIENT, Site};
use crate::cli::Run;
use crate::handmade::{blob, debian, docker_archive, layout};
use crate::push::Place;
use crate::real::real;

/// A key that signs in tests.
const KEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/checks/gate/tests/keys/ed25519.pem"
);

/// The key as its owner keeps it.
fn kept(dir: &Path) -> String {
    let path = dir.join("kept.key");
    fs::copy(KEY, &path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

/// An image in a layout, and beside it a policy that lets it pass.
fn lenient(dir: &Path) -> String {
    let path = dir.join("layout");
    layout(&path, "amd64", &json!({}), Some(&debian()));
    fs::write(dir.join("lenient.toml"), LENIENT).unwrap();
    format!("oci:{}", path.display())
}

/// Where nothing is pushed no registry is needed: the port is closed.
#[test]
fn what_is_not_published_says_why_by_its_status() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let archive = docker_archive(dir.path());
    let archive = format!("docker-archive:{}", archive.display());
    let image = lenient(dir.path());
    fs::write(path("review.toml"), LENIENT.replace("warn", "review")).unwrap();
    fs::write(path("bad.toml"), "version = 1\nlicences = 1\n").unwrap();
    let (damaged, layer) = (dir.path().join("damaged"), debian());
    layout(&damaged, "amd64", &json!({}), Some(&layer));
    fs::write(blob(&damaged, &layer), &layer[..layer.len() / 2]).unwrap();
    let damaged = format!("oci:{}", damaged.display());
    let key = kept(dir.path());
    let closed = "127.0.0.1:1/lab/image:v1";
    let by_digest = format!("127.0.0.1:1/lab/image@sha256:{}", "ab".repeat(32));
    for (image, to, policy, key, code, says) in [
        (&*image, closed, "review.toml", &*key, 1, "\"review\""),
        (&image, closed, "", &*key, 1, "\"deny\""),
        (&image, "UPPER/x", "lenient.toml", &*key, 2, "UPPER"),
        (&image, "image:v1", "lenient.toml", &*key, 2, "no registry"),
        (
            &image,
            &by_digest,
            "lenient.toml",
            &*key,
            2,
            "a tag is moved",
        ),
        (&damaged, closed, "lenient.toml", &*key, 3, "\"incomplete\""),
        (&image, closed, "bad.toml", &*key, 4, "licences"),
        (&image, closed, "lenient.toml", "/dev/null", 4, "/dev/null"),
        (&image, closed, "lenient.toml", "/no/key", 4, "/no/key"),
        ("oci:/no/such", closed, "lenient.toml", &*key, 5, "/no/such"),
        (&image, closed, "lenient.toml", &*key, 5, "127.0.0.1:1"),
        (
            &archive,
            closed,
            "lenient.toml",
            &*key,
            1,
            "form docker-archive",
        ),
    ] {
        // Of an image that was scanned before, the report of that scan would be taken.
        let state = tempfile::tempdir().unwrap();
        let (state, policy) = (state.path().display().to_string(), path(policy));
        let mut args = vec!["publish", image, to, "--key", key, "--state", &state];
        args.extend(["-o", "json"]);
        if !policy.ends_with('/') {
            args.extend(["--policy", &policy]);
        }
        let run = crate::cli::hpcctl(&args);
        assert_eq!(run.code, code, "{args:?}: {}{}", run.stdout, run.stderr);
        // A decision is a report; what comes before or after one is an error.
        let (of, other) = match code {
            1 | 3 => (&run.stdout, &run.stderr),
            _ => (&run.stderr, &run.stdout),
        };
        assert!(of.contains(says), "{args:?}: {of}");
        assert_eq!(other, "", "{args:?}");
    }
}

#[test]
fn a_key_that_others_may_read_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let (image, to) = (format!("oci:{}", path("none")), "127.0.0.1:1/a:v1");
    let state = path("state");
    for (key, is_told) in [(KEY.to_owned(), true), (kept(dir.path()), false)] {
        let args = ["publish", &image, to, "--key", &key, "--state", &state];
        let run = crate::cli::hpcctl(&args);
        assert_eq!(run.code, 5, "{}", run.stderr);
        let told = run.stderr.contains("others may read the key");
        assert_eq!(told, is_told, "{}", run.stderr);
    }
}

/// What is attached to other images is kept under such tags, and what goes elsewhere is decided of
/// there.
#[test]
fn a_decision_is_about_the_place_where_the_bytes_go() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let image = lenient(dir.path());
    let moved = "[[registry]]\nprefix = \"127.0.0.1:1/lab\"\nlocation = \"127.0.0.1:1/pub\"\n";
    fs::write(path("moved.conf"), moved).unwrap();
    fs::write(path("plain.conf"), "").unwrap();
    let tag = format!("127.0.0.1:1/lab/a:sha256-{}", "ab".repeat(32));
    let (policy, state) = (path("lenient.toml"), path("state"));
    let run = |args: &[&str], registries: &str| {
        let common = ["--policy", &policy, "--state", &state];
        let mut command = crate::cli::command(&[args, &common].concat());
        Run::of(command.env("CONTAINERS_REGISTRIES_CONF", path(registries)))
    };
    let publish = |to: &str, registries| run(&["publish", &image, to, "--key", KEY], registries);
    let gate = |to: &str, registries| run(&["gate", &image, "--to", to], registries);
    let (lab, elsewhere) = (
        "127.0.0.1:1/lab/a",
        "registries.conf sends it to 127.0.0.1:1/pub/a",
    );
    for (run, code, says) in [
        (
            publish(&tag, "plain.conf"),
            2,
            "cannot publish to the tag sha256-",
        ),
        (publish(&format!("{lab}:v1"), "moved.conf"), 4, elsewhere),
        (gate(lab, "moved.conf"), 4, elsewhere),
    ] {
        assert_eq!(
            (run.code, run.stdout.as_str()),
            (code, ""),
            "{}",
            run.stderr
        );
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
    assert_eq!(gate(lab, "plain.conf").code, 0);
    assert_eq!(gate("127.0.0.1:1/other/a", "moved.conf").code, 0);
}

/// What was pushed until a fault came has no tag, and is not told as published. A release knows no
/// such faults, and publishes.
#[test]
fn a_fault_of_our_own_publishes_nothing() {
    if !real("a_fault_of_our_own_publishes_nothing") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let image = format!("{}:good", site.layout);
    let to = format!("127.0.0.1:{port}/lab/fault:v1");
    let (key, policy) = (site.path("site.key"), site.path("lenient.toml"));
    let args = ["publish", &image, &to, "--key", &key, "--policy", &policy];
    let log = || fs::read_to_string(site.path("state/decisions.jsonl")).unwrap_or_default();
    let places: &[(&str, usize)] = match cfg!(debug_assertions) {
        true => &[("scanned", 0), ("decided", 0), ("attached", 1)],
        false => &[],
    };
    for (place, events) in places {
        let mut publish = site.command(&[port], &args);
        let run = Run::of(publish.env("HPCCTL_TEST_FAULT", place));
        assert_eq!((run.code, run.stdout.as_str()), (70, ""), "{}", run.stderr);
        assert_eq!(site.place.copied_back(port, "lab/fault:v1"), None);
        assert_eq!(log().lines().count(), *events, "{place}: {}", log());
        assert!(!log().contains("\"published\""), "{}", log());
    }
    let run = site.publish(&image, "lab/fault:v1", "lenient.toml");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(log().contains("\"published\""), "{}", log());
}

/// The registry takes the connection and never answers.
#[test]
fn an_interrupted_publish_ends_with_its_status() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    let image = lenient(dir.path());
    let registry = TcpListener::bind("127.0.0.1:0").unwrap();
    registry.set_nonblocking(true).unwrap();
    let to = format!("{}/lab/image:v1", registry.local_addr().unwrap());
    let (policy, state) = (path("lenient.toml"), path("state"));
    let args = ["publish", &image, &to, "--key", KEY];
    let mut publish = Command::new(env!("CARGO_BIN_EXE_hpcctl"))
        .args([&args[..], &["--policy", &policy, "--state", &state]].concat())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = rustix::process::Pid::from_child(&publish);
    let mut held = None;
    let mut ended = None;
    let until = Instant::now() + Duration::from_secs(60);
    while ended.is_none() && Instant::now() < until {
        if held.is_none() {
            held = registry.accept().ok();
        } else {
            rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        }
        thread::sleep(Duration::from_millis(20));
        ended = publish.try_wait().unwrap();
    }
    publish.kill().unwrap();
    publish.wait().unwrap();
    assert!(held.is_some(), "{ended:?}");
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
}
