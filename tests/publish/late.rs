//! What goes wrong at the very moment when the tag moves, and afterwards.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::Site;
use crate::cli::{Run, command};
use crate::handmade::sha256;
use crate::proxy::{Line, Proxy};
use crate::push::Place;
use crate::real::real;

/// What is told where an image is published all the same.
const TOLD: &str = "the tag was moved";

/// A proxy before the registry, where something happens as the tag `v1` is moved.
fn when_it_moves(site: &Site, then: impl Fn() + Send + Sync + 'static) -> Proxy {
    site.place.proxy(move |(method, path): &Line, _| {
        if method == "PUT" && path.ends_with("/manifests/v1") {
            then();
        }
        None
    })
}

/// The command that publishes the image of the tests as `lab/late:v1`.
fn publishing(site: &Site, port: u16) -> Command {
    let image = format!("{}:good", site.layout);
    site.publishing(&[port], &image, "lab/late:v1", "lenient.toml")
}

fn verified(site: &Site, port: u16) -> Run {
    let name = format!("127.0.0.1:{port}/lab/late:v1");
    let key = site.path("site.pub");
    site.hpcctl(&[port], &["verify", &name, "--key", &key])
}

#[test]
fn a_report_that_cannot_be_written_is_told_beside_the_tag_that_was_moved() {
    if !real("a_report_that_cannot_be_written_is_told_beside_the_tag_that_was_moved") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut publish = publishing(&site, port);
    let output = publish.stdout(Stdio::from(full)).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{told}");
    assert!(told.contains("cannot write standard output"), "{told}");
    assert!(told.contains(TOLD), "{told}");
    assert_eq!(verified(&site, port).code, 0);
    let log = fs::read_to_string(site.path("state/decisions.jsonl")).unwrap();
    assert!(log.contains("\"published\""), "{log}");
}

#[test]
fn a_tag_that_moved_is_told_though_the_log_cannot_be_written() {
    if !real("a_tag_that_moved_is_told_though_the_log_cannot_be_written") {
        return;
    }
    let site = Site::new(Place::behind_a_proxy());
    let log = PathBuf::from(site.path("state/decisions.jsonl"));
    let proxy = when_it_moves(&site, move || {
        let mut log = OpenOptions::new().append(true).open(&log).unwrap();
        log.write_all(b"{}\n").unwrap();
    });
    let run = Run::of(&mut publishing(&site, proxy.port));
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{}", run.stderr);
    assert!(run.stderr.contains("cannot use the log"), "{}", run.stderr);
    assert!(run.stderr.contains(TOLD), "{}", run.stderr);
    assert_eq!(verified(&site, proxy.port).code, 0);
}

/// Where there is no room for the record of it, nothing is published.
#[test]
fn a_disk_that_gets_full_leaves_the_tag_untouched() {
    if !real("a_disk_that_gets_full_leaves_the_tag_untouched") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let small = site.path("small");
    fs::create_dir(&small).unwrap();
    let publish = publishing(&site, port);
    // As large as the room that is kept for a record, whatever the size of a page: the log takes some of it.
    let script = "mount -t tmpfs -o size=256k none \"$1\" || exit 99; state=$1; shift; \"$@\" --state \"$state\"; \
         code=$?; wc -l <\"$state/decisions.jsonl\"; exit $code";
    let mut unshare = Command::new("unshare");
    unshare.args(["-m", "sh", "-c", script, "sh", &small]);
    unshare.arg(publish.get_program()).args(publish.get_args());
    for (name, value) in publish.get_envs() {
        unshare.env(name, value.unwrap());
    }
    let run = Run::of(&mut unshare);
    assert_eq!(run.code, 5, "{}", run.stderr);
    assert!(run.stderr.contains("No space left"), "{}", run.stderr);
    assert!(!run.stderr.contains(TOLD), "{}", run.stderr);
    assert_eq!(run.stdout.trim(), "1", "it was decided");
    assert_eq!(site.place.copied_back(port, "lab/late:v1"), None);
}

/// Another that publishes the same image has read the list of what is attached before it held ours,
/// and writes it as late as this.
#[test]
fn what_is_lost_from_the_list_as_the_tag_moves_is_listed_again() {
    if !real("what_is_lost_from_the_list_as_the_tag_moves_is_listed_again") {
        return;
    }
    let site = Site::new(Place::behind_a_proxy());
    let tags = "docker/registry/v2/repositories/lab/late/_manifests/tags";
    let list = site.digest("good").replace(':', "-");
    let list = site.place.registry.storage().join(tags).join(list);
    let proxy = when_it_moves(&site, move || fs::remove_dir_all(&list).unwrap());
    let run = Run::of(&mut publishing(&site, proxy.port));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let verified = verified(&site, proxy.port);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

/// What a statement names is read by its digest; that nobody else finds it is told.
#[test]
fn a_document_that_is_no_longer_listed_is_told() {
    if !real("a_document_that_is_no_longer_listed_is_told") {
        return;
    }
    let site = Site::new(Place::behind_a_proxy());
    let proxy = when_it_moves(&site, || {});
    let port = proxy.port;
    assert_eq!(Run::of(&mut publishing(&site, port)).code, 0);
    assert!(!verified(&site, port).stdout.contains("not listed"));
    // A list as one would write it who had read it before the bill of materials was in it.
    let root = site.place.registry.storage().join("docker/registry/v2");
    let of_late = root.join("repositories/lab/late/_manifests");
    let list = site.digest("good").replace(':', "-");
    let current = of_late.join("tags").join(list).join("current/link");
    let data = |hex: &str| {
        root.join("blobs/sha256")
            .join(&hex[..2])
            .join(hex)
            .join("data")
    };
    let link = fs::read_to_string(&current).unwrap();
    let index = fs::read(data(link.strip_prefix("sha256:").unwrap())).unwrap();
    let mut index: Value = serde_json::from_slice(&index).unwrap();
    let all = index["manifests"].as_array_mut().unwrap();
    all.retain(|one| one["artifactType"] != "application/vnd.cyclonedx+json");
    assert_eq!(all.len(), 4);
    let index = index.to_string();
    let hex = sha256(index.as_bytes());
    let link = format!("sha256:{hex}");
    let revision = of_late.join("revisions/sha256").join(&hex).join("link");
    for (path, text) in [(data(&hex), &index), (revision, &link), (current, &link)] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let told = verified(&site, port);
    assert_eq!(told.code, 0, "{}", told.stdout);
    let says = "sbom.cdx.json is there, but not listed";
    assert!(told.stdout.contains(says), "{}", told.stdout);
}

/// Debian's registry has no API for what is attached: all write the same list, on no condition. Whoever loses
/// says so.
#[test]
fn of_four_that_publish_at_once_each_is_verified_or_says_that_it_lost() {
    const AT_ONCE: usize = 4;
    if !real("of_four_that_publish_at_once_each_is_verified_or_says_that_it_lost") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let image = format!("{}:good", site.layout);
    let policy = site.path("lenient.toml");
    let keys: Vec<String> = (0..AT_ONCE)
        .map(|n| site.path(&format!("{n}.key")))
        .collect();
    for key in &keys {
        super::openssl(&["genpkey", "-out", key, "-algorithm", "ed25519"]);
    }
    // It writes the login, which all of them read.
    let env = site.place.env(&[port]);
    for round in 0..2 {
        let name = |n: usize| format!("127.0.0.1:{port}/at{round}/once:t{n}");
        let begun = keys.iter().enumerate().map(|(n, key)| {
            let (to, state) = (name(n), site.path(&format!("state{n}")));
            let args = ["publish", &image, &to, "--key", key, "--policy", &policy];
            let mut publish = command(&[&args[..], &["--state", &state]].concat());
            let publish = publish.envs(env.clone());
            let pipes = publish.stdout(Stdio::null()).stderr(Stdio::piped());
            pipes.spawn().unwrap()
        });
        let all: Vec<_> = begun.collect();
        let ends = all.into_iter().enumerate().map(|(n, publish)| {
            let output = publish.wait_with_output().unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            let is_done = output.status.code() == Some(0);
            let is_lost = output.status.code() == Some(5)
                && told.contains("the registry does not list what was attached");
            assert!(is_done || is_lost, "{n} of {round}: {told}");
            is_done
        });
        let done: Vec<bool> = ends.collect();
        assert!(done.contains(&true), "all of round {round} lost");
        for (n, key) in keys.iter().enumerate().filter(|(n, _)| done[*n]) {
            let verified = site.hpcctl(&[port], &["verify", &name(n), "--key", key]);
            assert_eq!(verified.code, 0, "{n} of {round}: {}", verified.stdout);
        }
    }
}
