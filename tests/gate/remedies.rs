//! What a refusal says to do mends it: the remedy of each finding is followed to the letter.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::rules::{Held, METADATA, python, with};
use super::{gated, layout};
use crate::cli::{Run, hpcctl};
use crate::handmade::{debian, tar};
use crate::real::real;

/// What the findings of a rule say to do, but for those of the package that every image here has.
fn remedies(run: &Run, rule: &str) -> Vec<String> {
    let report = run.json();
    let rules = report["result"]["decision"]["rules"].as_array().unwrap();
    let of = rules.iter().find(|it| it["id"] == rule).unwrap();
    let found = of["findings"].as_array().unwrap().iter();
    let is_common = |it: &&Value| {
        let package = it["package"].as_str();
        package.is_some_and(|purl| purl.starts_with("pkg:deb/debian/good@"))
    };
    let others = found.filter(|it| !is_common(it));
    let remedies = others.map(|it| it["remedy"].as_str().unwrap().to_owned());
    remedies.collect()
}

/// What the only one of them says to do.
fn remedy(run: &Run, rule: &str) -> String {
    let [remedy] = &remedies(run, rule)[..] else {
        panic!("{rule}: {:?}", remedies(run, rule));
    };
    remedy.clone()
}

/// The lines of a remedy that go into a policy, with what a person has to say put in.
fn stanza(remedy: &str, said: &[&str]) -> String {
    let (_, stanza) = remedy.split_once(":\n").expect(remedy);
    let filled = said.iter().fold(stanza.to_owned(), |stanza, said| {
        stanza.replacen('…', &format!("{said:?}"), 1)
    });
    assert!(!filled.contains('…'), "{filled}");
    filled + "\n"
}

/// The path in a remedy that ends with it.
fn place(remedy: &str) -> String {
    let (_, path) = remedy.rsplit_once(" into /").expect(remedy);
    path.trim_end_matches('.').to_owned()
}

const MIT: &[u8] = include_bytes!("../../LICENSE-MIT");

/// A rule, what it refuses, and what a person fills in.
type Row<'a> = (&'a str, &'a [Held<'a>], &'a [&'a str]);

#[test]
fn what_is_pasted_into_the_policy_mends_it() {
    let (silent, odd) = (python("NONE"), python("LicenseRef-Odd-Terms"));
    let silent: Held<'_> = (METADATA, 0o644, silent.as_bytes());
    let odd: Held<'_> = (METADATA, 0o644, odd.as_bytes());
    let setuid: Held<'_> = ("usr/bin/[", 0o4755, b"#!/bin/sh\n");
    let blas: Held<'_> = ("opt/app/lib/libcublasmp.so.0", 0o644, b"a library");
    let term = ["allow", "legal", "agreement 7", "2026-01-01", "2999-01-01"];
    let rows: [Row<'_>; 4] = [
        ("license.terms", &[silent], &["MIT", "read"]),
        ("license.terms", &[odd], &["MIT", "read"]),
        ("file.privileged", &[setuid], &[]),
        ("content.vendor", &[blas], &term),
    ];
    for (rule, files, said) in rows {
        let dir = tempfile::tempdir().unwrap();
        let refused = with(dir.path(), rule, files, "", &[]);
        let stanza = stanza(&remedy(&refused, rule), said);
        let mended = with(dir.path(), rule, files, &stanza, &[]);
        assert_eq!(remedies(&mended, rule), [""; 0], "{stanza}");
    }
}

#[test]
fn a_licence_that_is_put_where_a_refusal_says_mends_it() {
    let program = fs::read("/bin/true").unwrap();
    let mit = python("MIT");
    let metadata: Held<'_> = (METADATA, 0o644, mit.as_bytes());
    let rows: [(&str, Held<'_>); 5] = [
        ("content.unowned", ("opt/app/bin/tool", 0o755, &program)),
        ("content.unowned", ("opt/tool", 0o755, &program)),
        ("content.unowned", ("usr/local/bin/tool", 0o755, &program)),
        ("license.notice", metadata),
        (
            "license.notice",
            ("opt/lib/LICENSE", 0o644, b"SPDX-License-Identifier: MIT\n"),
        ),
    ];
    for (rule, file) in rows {
        let dir = tempfile::tempdir().unwrap();
        let refused = with(dir.path(), rule, &[file], "", &[]);
        let path = place(&remedy(&refused, rule));
        let mut files = vec![file];
        files.retain(|file| file.0 != path);
        files.push((&path, 0o644, MIT));
        let mended = with(dir.path(), rule, &files, "", &[]);
        assert_eq!(remedies(&mended, rule), [""; 0], "{path}");
    }
}

#[test]
fn a_label_that_is_asked_for_mends_it() {
    let (dir, rule) = (tempfile::tempdir().unwrap(), "image.labels");
    let refused = gated(dir.path(), &debian(), |_, _| {});
    let labels = remedies(&refused, rule).into_iter().map(|remedy| {
        let (_, label) = remedy.split_once("--label ").expect(&remedy);
        (label.trim_end_matches("=…").to_owned(), json!("x"))
    });
    let labels: serde_json::Map<String, Value> = labels.collect();
    assert_eq!(labels.len(), 2);
    let mended = gated(dir.path(), &debian(), |_, config| {
        config["config"]["Labels"] = Value::Object(labels);
    });
    assert_eq!(remedies(&mended, rule), [""; 0]);
}

#[test]
fn the_command_for_a_form_that_cannot_be_published_makes_one_that_can() {
    if !real("the_command_for_a_form_that_cannot_be_published_makes_one_that_can") {
        return;
    }
    let (dir, rule) = (tempfile::tempdir().unwrap(), "destination.class");
    let archive = layout(dir.path());
    let refused = to_a_registry(dir.path(), &archive);
    let told = remedy(&refused, rule);
    let (command, _) = told.split_once(", and gate that file").expect(&told);
    let made = dir.path().join("made.tar").display().to_string();
    let command = command.replace("FILE", &made);
    let run = Run::of(std::process::Command::new("sh").args(["-c", &command]));
    assert_eq!(run.code, 0, "{command}: {}", run.stderr);
    let mended = to_a_registry(dir.path(), &format!("oci-archive:{made}"));
    assert_eq!(remedies(&mended, rule), [""; 0]);
}

fn to_a_registry(dir: &Path, image: &str) -> Run {
    let state = dir.join("state").display().to_string();
    let to = ["--to", "h.org/a", "--state", &state, "-o", "json"];
    hpcctl(&[&["gate", image], &to[..]].concat())
}

/// A secret that is taken out of the build is gone, one that a later layer deletes is not.
#[test]
fn an_image_that_is_built_anew_without_a_secret_passes() {
    let (dir, rule) = (tempfile::tempdir().unwrap(), "secret.general");
    let token = ["TOKEN=glpat-", "Zx8Kq2Lm4Nv6", "Bt9Rw3Yc\n"].concat();
    let refused = gated(
        dir.path(),
        &tar(&[("etc/app.conf", 0o644, token.as_bytes())]),
        |_, _| {},
    );
    assert!(remedy(&refused, rule).contains("build the image anew without it"));
    let mended = gated(
        dir.path(),
        &tar(&[("etc/app.conf", 0o644, b"TOKEN=\n")]),
        |_, _| {},
    );
    assert_eq!(remedies(&mended, rule), [""; 0]);
}
