//! What gives access, wherever it lies in a file: far behind its start, behind a script, in a program.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hpcctl_image::Scanned;
use hpcctl_model::scan::UNREAD;

use crate::build::*;
use crate::held::library;

const NETRC: &[u8] = b"machine data.site.org login u password Gj3kd9xQ\n";
const LOGIN: &str = "https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a\n";
const MIB: usize = 1 << 20;

/// Where what was found, and the line of it.
fn found(scanned: &Scanned) -> Vec<(&str, &str, Option<u64>)> {
    let rows = scanned.scan.sensitive.iter();
    rows.map(|one| (&*one.path, &*one.rule, one.line)).collect()
}

fn scan_file(path: &str, content: &[u8]) -> Scanned {
    scan_layers(&[Layer::new().file(path, content).tar()])
}

/// A private key in DER whose lengths are right, in PEM.
fn key() -> String {
    let noise: Vec<u8> = (0..1191_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let der = [&b"\x30\x82\x04\xac\x02\x01\0\x02\x82"[..], &noise].concat();
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let kind = "RSA PRIVATE KEY";
    let lines = lines.join("\n");
    format!("-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n")
}

/// Lines of 20 bytes, as many as a text of so many bytes has.
fn filler(bytes: usize) -> Vec<u8> {
    b"# nothing to see in\n".repeat(bytes / 20)
}

#[test]
fn texts_that_catalogers_read_are_looked_at_to_their_end() {
    let lock = b"version = 3\n# a\n".to_vec();
    for at in [MIB / 2, MIB - 20, 3 * MIB, 17 * MIB] {
        let text = [lock.clone(), filler(at), format!("# {LOGIN}").into_bytes()].concat();
        let scanned = scan_file("opt/app/Cargo.lock", &text);
        let line = (at / 20 + 3) as u64;
        let expected = ("/opt/app/Cargo.lock", "secret.url-password", Some(line));
        assert_eq!(found(&scanned), [expected]);
        // A cataloger reads so much of it.
        assert_eq!(
            scanned.scan.complete,
            at < 16 * MIB,
            "{:?}",
            scanned.unknowns
        );
    }
}

#[test]
fn what_a_name_asks_for_is_looked_for_behind_the_start() {
    let state = [
        &b"{\"a\": [\n"[..],
        &filler(2 * MIB),
        b"\"db_password\": \"Kd93jQpLz2mX\"\n]}\n",
    ];
    let line = Some((2 * MIB / 20 + 2) as u64);
    for name in ["terraform.tfstate", "terraform.tfstate.1700000000.backup"] {
        let path = format!("srv/site/{name}");
        let scanned = scan_file(&path, &state.concat());
        let path = format!("/{path}");
        assert_eq!(found(&scanned), [(&*path, "secret.terraform-state", line)]);
        assert!(scanned.scan.complete, "{:?}", scanned.unknowns);
    }
    let scanned = scan_file("srv/site/terraform.tfstate", &filler(17 * MIB));
    assert!(!scanned.scan.complete);
    assert!(unknowns(&scanned).contains("its first 16777216 bytes only"));
}

#[test]
fn what_lies_behind_scripts_and_programs_is_told() {
    let inner = gzip(&Layer::new().file("root/.netrc", NETRC).tar());
    let script = |lines: usize, rest: &[u8]| {
        [
            b"#!/bin/sh\n".to_vec(),
            filler(lines * 20),
            b"exit\n".to_vec(),
            rest.to_vec(),
        ]
        .concat()
    };
    let behind = |rest: &[u8]| [library("libx.so.1"), rest.to_vec()].concat();
    let with_key = behind(key().as_bytes());
    let rest = |magic: &[u8]| [magic, &[1; 5000]].concat();
    for (what, bytes, expected) in [
        ("a short script", script(1, &inner), "secret.hpc.netrc"),
        ("a script", script(1000, &inner), "secret.hpc.netrc"),
        ("a long script", script(MIB / 10, &inner), UNREAD),
        (
            "a script, then a program",
            script(1000, &library("x")),
            UNREAD,
        ),
        ("a key in a library", with_key, "secret.private-key"),
        (
            "a squashfs behind a library",
            behind(&rest(b"hsqs")),
            UNREAD,
        ),
        ("a tar behind a library", behind(&inner), UNREAD),
    ] {
        let scanned = scan_file("opt/x", &bytes);
        let rules: Vec<&str> = found(&scanned).iter().map(|(_, rule, _)| *rule).collect();
        assert_eq!(rules, [expected], "{what}");
    }
    for bytes in [
        script(1000, b"more\n"),
        behind(&[0; 5000]),
        behind(&rest(b"data")),
    ] {
        assert_eq!(found(&scan_file("opt/x", &bytes)), []);
    }
}

#[test]
fn a_key_is_found_wherever_a_large_program_has_it() {
    let mut program = library("libx.so.1");
    program.resize(40 * MIB, 7);
    for at in [
        4000,
        MIB - 700,
        33 * MIB,
        40 * MIB - 300_000,
        40 * MIB - 2000,
    ] {
        let mut with = program.clone();
        with[at..at + key().len()].copy_from_slice(key().as_bytes());
        let scanned = scan_file("opt/x", &with);
        assert_eq!(found(&scanned), [("/opt/x", "secret.private-key", None)]);
    }
}

#[test]
fn many_clues_hide_no_secret() {
    // Tokens whose checksum is wrong.
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut state = 12_345_u64;
    let mut letter = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from(letters[(state >> 33) as usize % letters.len()])
    };
    let mut text = Vec::new();
    for _ in 0..80 {
        let token: String = (0..36).map(|_| letter()).collect();
        writeln!(text, "x = ghp_{token}").unwrap();
    }
    text.extend(LOGIN.as_bytes());
    let scanned = scan_file("opt/x", &text);
    let sure: Vec<_> = scanned
        .scan
        .sensitive
        .iter()
        .filter(|one| !one.doubtful)
        .collect();
    assert_eq!(sure.len(), 1, "{sure:?}");
    assert_eq!(
        (&*sure[0].rule, sure[0].line),
        ("secret.url-password", Some(81))
    );
    let told = scanned
        .scan
        .sensitive
        .iter()
        .any(|one| one.text.contains("31 more in this file"));
    assert!(told && scanned.scan.sensitive.len() == 50);
}
