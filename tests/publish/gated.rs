//! What is published is what was gated, and what was changed anywhere is found.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};

use super::signature::{attached, document};
use super::{LENIENT, Site};
use crate::handmade::{debian, layout, tar};
use crate::push::Place;
use crate::real::real;

#[test]
fn what_is_published_is_what_was_gated() {
    if !real("what_is_published_is_what_was_gated") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let good = format!("{}:good", site.layout);
    let run = site.publish(&good, "lab/image:v1", "lenient.toml");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    let digest = site.digest("good");
    assert_eq!(report["result"]["published"]["digest"], digest);
    assert_eq!(report["result"]["gate"]["subject"]["digest"], digest);
    assert_eq!(
        site.place.copied_back(port, "lab/image:v1"),
        Some(digest.clone())
    );
    let titles: Vec<&str> = report["result"]["published"]["attached"]
        .as_array()
        .unwrap()
        .iter()
        .map(|document| document["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        titles,
        [
            "sbom.cdx.json",
            "NOTICE",
            "sources.tsv",
            "decision.json",
            "statement.sigstore.json"
        ]
    );

    for key in ["site.pub", "site.key"] {
        let verified = site.verify("lab/image:v1", key);
        assert_eq!(verified.code, 0, "{}{}", verified.stdout, verified.stderr);
        assert_eq!(verified.json()["result"]["digest"], digest);
    }
    // Another key, and another image under the tag.
    assert_eq!(site.verify("lab/image:v1", "stranger.pub").code, 1);
    site.put_under(&format!("{}:other", site.layout), "lab/image:v1");
    let moved = site.verify("lab/image:v1", "site.pub");
    assert_eq!(moved.code, 1);
    assert!(
        moved.stdout.contains("No decision about this digest"),
        "{}",
        moved.stdout
    );
    assert!(!moved.stdout.contains("it is not read"));
    a_signature_of_another_form_decides_nothing(&site);
    assert_eq!(
        site.verify(&format!("lab/image@{digest}"), "site.pub").code,
        0
    );
    assert_eq!(site.verify("lab/none:v1", "site.pub").code, 5);

    a_copy_elsewhere_was_not_decided_for(&site);
    what_is_refused_does_not_leave(&site, &good);
    a_changed_log_stops_everything(&site, &good);
    what_is_damaged_there_gets_no_tag(&site, &good);
}

fn a_signature_of_another_form_decides_nothing(site: &Site) {
    let other = format!("{}:other", site.layout);
    let tag = format!("{}.sig", site.digest("other").replace(':', "-"));
    site.put_under(&other, &format!("lab/image:{tag}"));
    let signed = site.verify("lab/image:v1", "site.pub");
    assert_eq!(signed.code, 1);
    let told = format!("There is a signature under the tag {tag}");
    assert!(signed.stdout.contains(&told), "{}", signed.stdout);
}

fn what_is_refused_does_not_leave(site: &Site, good: &str) {
    let port = site.place.registry.port;
    let refused = site.publish(good, "lab/image:v1", "strict.toml");
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(refused.json()["result"]["published"], Value::Null);
    assert_eq!(
        site.place.copied_back(port, "lab/image:v1"),
        Some(site.digest("other"))
    );
    let refused = site.publish(good, "lab/new:v1", "strict.toml");
    assert_eq!(refused.code, 1);
    assert_eq!(site.place.copied_back(port, "lab/new:v1"), None);
}

/// What was let go to one place says nothing of another.
fn a_copy_elsewhere_was_not_decided_for(site: &Site) {
    let repositories = site
        .place
        .registry
        .storage()
        .join("docker/registry/v2/repositories");
    let (from, to) = (repositories.join("lab/image"), repositories.join("copy"));
    let copied = Command::new("cp").arg("-r").args([&from, &to]).status();
    assert!(copied.unwrap().success());
    let port = site.place.registry.port;
    let digest = site.digest("good");
    let name = format!("127.0.0.1:{port}/copy@{digest}");
    let lab = format!("127.0.0.1:{port}/lab/image");
    let key = site.path("site.pub");
    let verify = |more: &[&str]| {
        let args = ["verify", &name, "--key", &key, "-o", "json"];
        site.hpcctl(&[port], &[&args, more].concat())
    };
    let run = verify(&[]);
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(run.stdout.contains("not about 127.0.0.1"), "{}", run.stdout);
    let run = verify(&["--decided-for", &lab]);
    assert_eq!(run.code, 0, "{}", run.stdout);
}

/// Blobs that are there already are read, too: what is damaged gets no tag.
fn what_is_damaged_there_gets_no_tag(site: &Site, good: &str) {
    let blobs = site
        .place
        .registry
        .storage()
        .join("docker/registry/v2/blobs/sha256");
    let layer = site.layer();
    let data = blobs.join(&layer[..2]).join(&layer).join("data");
    let whole = fs::read(&data).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&data, damaged).unwrap();
    let run = site.publish(good, "lab/image:damaged", "lenient.toml");
    assert_eq!(run.code, 5, "{}", run.stdout);
    assert!(run.stderr.contains("read back"), "{}", run.stderr);
    let port = site.place.registry.port;
    assert_eq!(site.place.copied_back(port, "lab/image:damaged"), None);
    fs::write(&data, whole).unwrap();
}

fn a_changed_log_stops_everything(site: &Site, good: &str) {
    let port = site.place.registry.port;
    let log = |what| site.hpcctl(&[port], &["gate", "log", what]);
    // What is signed names the record, and the log has it.
    let verified = site.verify(&format!("lab/image@{}", site.digest("good")), "site.pub");
    let record = verified.json()["result"]["decisions"][0]["record"].clone();
    let record = record.as_str().unwrap();
    let holds = |record: &str| {
        let args = ["gate", "log", "verify", "--record", record];
        site.hpcctl(&[port], &args).code
    };
    assert_eq!(
        (holds(record), holds(&record.replacen("1:", "2:", 1))),
        (0, 1)
    );
    assert_eq!(log("verify").code, 0);
    assert_eq!(
        log("show").stdout.lines().count(),
        4,
        "two events of the first, one of each refusal"
    );
    let path = PathBuf::from(site.path("state/decisions.jsonl"));
    let whole = fs::read_to_string(&path).unwrap();
    let changes = [
        whole.replacen("\"deny\"", "\"allow\"", 1),
        whole
            .lines()
            .skip(1)
            .map(|line| format!("{line}\n"))
            .collect(),
        whole
            .lines()
            .take(3)
            .map(|line| format!("{line}\n"))
            .collect(),
        String::new(),
    ];
    for changed in changes {
        assert_ne!(changed, whole);
        fs::write(&path, &changed).unwrap();
        let verified = log("verify");
        assert_eq!(verified.code, 1, "{}", verified.stdout);
        let run = site.publish(good, "lab/late:v1", "lenient.toml");
        assert_eq!(run.code, 5, "{}", run.stdout);
        assert_eq!(site.place.copied_back(port, "lab/late:v1"), None);
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(log("verify").code, 0);
}

#[test]
fn of_an_index_the_platform_that_was_gated_is_published() {
    if !real("of_an_index_the_platform_that_was_gated_is_published") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let home = site.place.home.path().join("platforms");
    let platforms = ["riscv64", "amd64", "s390x"];
    let digests = crate::gate::platforms::index(&home, &platforms);
    let image = format!("oci:{}", home.join("layout").display());
    let publish = |platform: &str, to: &str| {
        let to = format!("127.0.0.1:{port}/{to}");
        let (key, policy) = (site.path("site.key"), site.path("lenient.toml"));
        let mut args = vec!["publish", &image, &to, "--key", &key, "--policy", &policy];
        args.extend(["--platform", platform, "-o", "json"]);
        site.hpcctl(&[port], &args)
    };
    let run = publish("linux/amd64", "several:v1");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let report = run.json();
    assert_eq!(report["result"]["published"]["digest"], digests[1]);
    let others = &report["result"]["gate"]["subject"]["other_platforms"];
    assert_eq!(*others, json!(["linux/riscv64", "linux/s390x"]));
    let back = site.place.copied_back(port, "several:v1");
    assert_eq!(back.as_ref(), Some(&digests[1]));
    assert_eq!(site.verify("several:v1", "site.pub").code, 0);
    // What may not be published of it is not.
    assert_eq!(publish("linux/s390x", "several:other").code, 1);
    assert_eq!(site.place.copied_back(port, "several:other"), None);
}

/// A policy that refuses one branch of a choice passes the image on under the other, whose source is
/// owed.
#[test]
fn the_source_of_the_branch_that_was_chosen_is_listed() {
    if !real("the_source_of_the_branch_that_was_chosen_is_listed") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let metadata = "Metadata-Version: 2.4\nName: either\nVersion: 1\n\
                    License-Expression: BSL-1.0 OR GPL-1.0-or-later\n";
    let path = "usr/lib/python3/dist-packages/either-1.dist-info/METADATA";
    // Blocks of zeros end the first tar.
    let mut layer = debian();
    layer.truncate(layer.len() - 1024);
    layer.extend(tar(&[(path, 0o644, metadata.as_bytes())]));
    let home = site.place.home.path().join("either");
    layout(&home, "amd64", &json!({}), Some(&layer));
    let image = format!("oci:{}", home.display());
    let denies = format!("{LENIENT}deny = [\"BSL-1.0\"]\n");
    site.place.home.put("denies.toml", denies);
    for (policy, is_listed) in [("lenient.toml", false), ("denies.toml", true)] {
        let name = format!("either/{}", policy.trim_end_matches(".toml"));
        let run = site.publish(&image, &format!("{name}:v1"), policy);
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        let report = run.json();
        let manifest = attached(&report, "sources.tsv")["manifest"]
            .as_str()
            .unwrap();
        let sources = String::from_utf8(document(&site, &name, manifest)).unwrap();
        let is_there = sources.contains("pkg:pypi/either@1");
        assert_eq!(is_there, is_listed, "{policy}: {sources}");
    }
}
