//! What gives access, what gives rights and what vendors restrict, over the layers of an image.

use hpcctl_image::{Options, Reference, Scanned, Silent, Source, scan};
use hpcctl_model::scan::{PrivilegeKind, Redistribution};
use serde_json::json;
use tar::EntryType;

use crate::build::*;

const NETRC: &str = "machine data.site.org login u password Gj3kd9xQ\n";

/// An ELF library that has nothing but a SONAME.
pub fn library(soname: &str) -> Vec<u8> {
    let strings = format!("\0{soname}\0");
    let (strings_at, dynamic_at) = (0x100_u64, 0x200_u64);
    let mut bytes = vec![0; 0x300];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    let mut put = |at: usize, value: u64, size: usize| {
        bytes[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    };
    // The header: a library for x86-64 with two segments.
    for (at, value, size) in [
        (16, 3, 2),
        (18, 62, 2),
        (20, 1, 4),
        (32, 64, 8),
        (52, 64, 2),
        (54, 56, 2),
        (56, 2, 2),
        (58, 64, 2),
    ] {
        put(at, value, size);
    }
    for (at, kind, from, length) in [(64, 1, 0, 0x300), (120, 2, dynamic_at, 64)] {
        put(at, kind, 4);
        for (field, value) in [(8, from), (16, from), (32, length), (40, length)] {
            put(at + field, value, 8);
        }
    }
    let dynamic = [14, 1, 5, strings_at, 10, strings.len() as u64, 0, 0];
    for (place, value) in dynamic.into_iter().enumerate() {
        put(dynamic_at as usize + 8 * place, value, 8);
    }
    bytes[0x100..0x100 + strings.len()].copy_from_slice(strings.as_bytes());
    bytes
}

fn rules(scanned: &Scanned) -> Vec<(&str, &str, bool, bool)> {
    let rows = scanned.scan.sensitive.iter();
    rows.map(|one| (&*one.path, &*one.rule, one.doubtful, one.deleted))
        .collect()
}

#[test]
fn a_secret_is_told_in_whichever_layer() {
    let lower = Layer::new()
        .file("root/.netrc", NETRC)
        .file("opt/a/.netrc", NETRC)
        .file("opt/b/.netrc", NETRC)
        .file("opt/c/etc/munge/munge.key", vec![7; 64])
        .tar();
    let upper = Layer::new()
        .file("opt/a/.wh..netrc", "")
        .file("opt/b/.netrc", "")
        .file(".wh.nothing", "")
        .file("opt/c/.wh..wh..opq", "")
        .tar();
    let scanned = scan_layers(&[lower, upper]);
    assert_eq!(
        rules(&scanned),
        [
            ("/opt/a/.netrc", "secret.hpc.netrc", false, true),
            ("/opt/b/.netrc", "secret.hpc.netrc", false, true),
            (
                "/opt/c/etc/munge/munge.key",
                "secret.hpc.munge-key",
                false,
                true
            ),
            ("/root/.netrc", "secret.hpc.netrc", false, false),
        ]
    );
    let first = &scanned.scan.sensitive[0];
    assert_eq!(first.line, Some(1));
    assert_eq!(first.layer, scanned.scan.image.layers[0].digest);
    assert!(!first.text.contains("Gj3kd9xQ"), "{}", first.text);
    assert!(scanned.scan.complete, "{:?}", scanned.unknowns);
}

#[test]
fn a_secret_behind_the_start_of_a_long_text_is_told_once() {
    const MIB: usize = 1 << 20;
    let mut text = String::new();
    let mut expected = Vec::new();
    let mut line = 0;
    // In the start, on both sides of its edge, over it, and far behind.
    for at in [5000, MIB - 4000, MIB - 30, MIB + 100, 2 * MIB - 20, 5 * MIB] {
        while text.len() < at - 60 {
            text += "nothing to see in this line\n";
            line += 1;
        }
        text += &" ".repeat(at - text.len());
        text += "git clone https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a\n";
        line += 1;
        expected.push(Some(line));
    }
    text += "the end\n";
    let tar = Layer::new().file("opt/log", text).tar();
    let scanned = scan_layers(&[tar]);
    let mut lines: Vec<Option<u64>> = scanned.scan.sensitive.iter().map(|one| one.line).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
    assert!(scanned.scan.complete, "{:?}", scanned.unknowns);
}

#[test]
fn a_token_in_a_file_that_is_no_text_is_told_in_every_format() {
    // In a module of Python, far behind the start, and where a library has instructions.
    let token = ["glpat-", "Zx8Kq2Lm4Nv6Bt9Rw3Yc"].concat();
    let module = [&b"\xa7\r\r\n\0\0\0\0\xfa"[..], token.as_bytes(), b"\xfa\0"].concat();
    let data = [&vec![0; 3 << 20][..], b"\x01", token.as_bytes(), b"\0"].concat();
    let tar = Layer::new()
        .file("opt/app/__pycache__/a.cpython-312.pyc", &module)
        .file("opt/app/data", &data)
        .tar();
    let expected = [
        (
            "/opt/app/__pycache__/a.cpython-312.pyc",
            "secret.token",
            false,
            false,
        ),
        ("/opt/app/data", "secret.token", false, false),
    ];
    let stored = scan_stored(&tar, &gzip(&tar));
    assert_eq!(rules(&stored), expected);
    let place = Place::new();
    place.put("opt/app/__pycache__/a.cpython-312.pyc", &module);
    place.put("opt/app/data", &data);
    let scanned = scan_source(Source::Directory(place.path().to_owned()));
    assert_eq!(rules(&scanned), expected);
    assert!(scanned.scan.complete, "{:?}", scanned.unknowns);
}

#[test]
fn a_library_that_is_known_by_itself_is_told_where_a_later_layer_deletes_it() {
    let lower = Layer::new()
        .file("opt/app/libfoo.so", library("libcudart.so.12"))
        .tar();
    let scanned = scan_layers(std::slice::from_ref(&lower));
    assert_eq!(
        scanned.scan.packages.len(),
        1,
        "{:?}",
        scanned.scan.packages
    );
    let upper = Layer::new().file("opt/app/.wh.libfoo.so", "").tar();
    let removed = scan_layers(&[lower, upper]).scan.removed;
    assert!(!removed.is_empty());
}

#[test]
fn archives_are_looked_into_and_what_is_not_is_told() {
    let inner = Layer::new()
        .file("usr/lib/libcuda.so.550.54.14", "x")
        .file("root/.netrc", NETRC)
        .tar();
    let tar = Layer::new()
        .file("opt/app/x.tar.gz", gzip(&gzip(&inner)))
        .file("opt/app/y.7z", b"7z\xbc\xaf\x27\x1c\0\x04")
        .file("opt/app/tests/z.7z", b"7z\xbc\xaf\x27\x1c\0\x04")
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(
        rules(&scanned),
        [
            ("/opt/app/tests/z.7z", "secret.archive", true, false),
            ("/opt/app/x.tar.gz", "secret.hpc.netrc", false, false),
            ("/opt/app/y.7z", "secret.archive", false, false),
        ]
    );
    let [held] = &scanned.scan.restricted[..] else {
        panic!("{:?}", scanned.scan.restricted);
    };
    assert_eq!(
        (&*held.path, &*held.terms, held.state),
        ("/opt/app/x.tar.gz", "nvidia.driver", Redistribution::No)
    );
    assert!(held.detail.contains("in this archive"), "{}", held.detail);
    assert!(scanned.scan.complete, "{:?}", scanned.unknowns);
}

#[test]
fn licences_of_named_files_only_do_not_hide_secrets() {
    let tar = Layer::new().file("root/.netrc", NETRC).tar();
    let scanned = scan_with(&[tar], &declared_only());
    assert_eq!(scanned.scan.sensitive.len(), 1);
}

#[test]
fn what_a_package_of_the_distribution_brings_is_doubtful() {
    let list = "/.\n/usr/share/a\n/usr/share/a/.netrc\n";
    let tar = Layer::new()
        .file(STATUS, deb("a", "1"))
        .file("var/lib/dpkg/info/a.list", list)
        .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("usr/share/a/.netrc", NETRC)
        .file("usr/share/b/.netrc", NETRC)
        .tar();
    let scanned = scan_layers(&[tar]);
    let doubts: Vec<bool> = scanned
        .scan
        .sensitive
        .iter()
        .map(|one| one.doubtful)
        .collect();
    assert_eq!(doubts, [true, false]);
}

#[test]
fn the_configuration_is_read() {
    let place = Place::new();
    let tar = Layer::new().file("a", "b").tar();
    let token = "q7Zk3jQ8pLx2mV9tR4wY1sB6";
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "config": { "Env": ["PATH=/usr/bin:/opt/app/bin", format!("API_TOKEN={token}")], "Labels": { "a": "b" }, "Cmd": ["sh"] },
        "rootfs": { "type": "layers", "diff_ids": [digest(&tar)] },
        "history": [
            { "created_by": "COPY a /" },
            { "created_by": format!("RUN git clone https://u:{token}@git.site.org/x"), "empty_layer": true },
        ],
    });
    let manifest = json!([{ "Config": "config.json", "RepoTags": [], "Layers": ["l.tar"] }]);
    let archive = Layer::new()
        .file("l.tar", tar)
        .file("config.json", config.to_string())
        .file("manifest.json", manifest.to_string())
        .tar();
    let scanned = scan_source(Source::DockerArchive(place.put("image.tar", archive)));
    assert_eq!(
        rules(&scanned),
        [
            ("config:env/API_TOKEN", "secret.variable", false, false),
            ("history:2", "secret.url-password", false, false),
        ]
    );
    assert!(!format!("{:?}", scanned.scan.sensitive).contains(token));
}

#[test]
fn files_that_give_rights() {
    let lower = Layer::new()
        .with_mode(EntryType::Directory, "usr/bin", 0o777, b"")
        .with_mode(EntryType::Regular, "usr/bin/su", 0o4755, &library("x"))
        .with_mode(EntryType::Regular, "usr/bin/wall", 0o2755, b"#!/bin/sh\n")
        .with_mode(EntryType::Regular, "opt/gone", 0o4755, &library("x"))
        .with_mode(EntryType::Char, "dev/null", 0o666, b"")
        .with_mode(EntryType::Regular, "opt/data", 0o666, b"x");
    let attribute = "\u{1}\0\0\u{2}\0\u{20}\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let lower = lower.pax(
        &[("SCHILY.xattr.security.capability", attribute)],
        "usr/bin/ping",
        b"x",
    );
    let upper = Layer::new().file("opt/.wh.gone", "").tar();
    let scanned = scan_layers(&[lower.tar(), upper]);
    let privileged = &scanned.scan.privileged;
    let rows: Vec<(&str, PrivilegeKind, &str, bool)> = privileged
        .iter()
        .map(|one| (&*one.path, one.kind, &*one.mode, one.deleted))
        .collect();
    assert_eq!(
        rows,
        [
            ("/dev/null", PrivilegeKind::Device, "0666", false),
            ("/opt/gone", PrivilegeKind::Setuid, "4755", true),
            ("/usr/bin", PrivilegeKind::WorldWritable, "0777", false),
            ("/usr/bin/ping", PrivilegeKind::Capabilities, "0644", false),
            ("/usr/bin/su", PrivilegeKind::Setuid, "4755", false),
            ("/usr/bin/wall", PrivilegeKind::Setgid, "2755", false),
        ]
    );
    assert_eq!(privileged[0].detail.as_deref(), Some("character 1:3"));
    assert_eq!(privileged[3].detail.as_deref(), Some("cap_net_raw"));
    let expected = digest(&library("x"));
    assert_eq!(
        privileged[4].sha256.as_deref(),
        expected.strip_prefix("sha256:")
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "a list of files")]
fn files_of_vendors() {
    let tree = "usr/local/cuda-12.4";
    let lower = Layer::new()
        .file("opt/app/lib/libhelper.so", library("libcuda.so.1"))
        .file(
            "usr/lib/libnvidia-ml.so.550.1",
            library("libnvidia-ml.so.1"),
        )
        .file("usr/lib/libempty/libcuda.so.1", "")
        .file(
            &format!("{tree}/lib64/libcudart.so.12.4.1"),
            library("libcudart.so.12"),
        )
        .file(&format!("{tree}/include/cublas_v2.h"), "x")
        .file(&format!("{tree}/include/cufft.h"), "x")
        .file("usr/lib/libz.so.1", library("libz.so.1"))
        .tar();
    let upper = Layer::new()
        .file("usr/lib/.wh.libnvidia-ml.so.550.1", "")
        .tar();
    let scanned = scan_layers(&[lower, upper]);
    let rows: Vec<(&str, &str, Redistribution, &str, bool)> = scanned
        .scan
        .restricted
        .iter()
        .map(|one| {
            (
                &*one.path,
                &*one.terms,
                one.state,
                &*one.matched_by,
                one.deleted,
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            (
                "/opt/app/lib/libhelper.so",
                "nvidia.driver",
                Redistribution::No,
                "soname",
                false
            ),
            (
                "/usr/lib/libnvidia-ml.so.550.1",
                "nvidia.driver",
                Redistribution::No,
                "soname",
                true
            ),
            (
                "/usr/local/cuda-12.4",
                "nvidia.cuda-toolkit",
                Redistribution::No,
                "path",
                false
            ),
            (
                "/usr/local/cuda-12.4/lib64/libcudart.so.12.4.1",
                "nvidia.cuda-listed",
                Redistribution::Conditional,
                "soname",
                false
            ),
        ]
    );
    let of_tree = &scanned.scan.restricted[2];
    assert!(of_tree.detail.ends_with("2 files"), "{}", of_tree.detail);
    assert!(
        of_tree.source.contains("Attachment A") || of_tree.source.contains("2.6"),
        "{}",
        of_tree.source
    );
}

#[test]
fn a_licence_beside_a_library_does_not_say_whose_soname_it_has() {
    let tar = Layer::new()
        .file("opt/x/libfoo.so", library("libmpi.so.12"))
        .file("opt/x/LICENSE", "SPDX-License-Identifier: Apache-2.0\n")
        .file("opt/mpich/lib/libmpi.so.12.4.1", library("libmpi.so.12"))
        .tar();
    let scanned = scan_layers(&[tar]);
    let [one] = &scanned.scan.restricted[..] else {
        panic!("{:?}", scanned.scan.restricted);
    };
    assert_eq!(one.path, "/opt/x/libfoo.so");
    assert_eq!(one.terms, "mpich-abi.renamed");
    assert_eq!(one.state, Redistribution::NeedsDecision);
}

#[test]
fn packages_of_vendors() {
    let record = r#"{"name":"numpy","version":"1","build":"0","channel":"https://conda.example/pkgs/main/linux-64",
        "files":["lib/a.py","lib/b.py"]}"#;
    let tar = Layer::new()
        .file("opt/conda/conda-meta/numpy-1-0.json", record)
        .file("opt/conda/lib/a.py", "x")
        .file("opt/conda/lib/b.py", "x")
        .tar();
    let scanned = scan_layers(&[tar]);
    let [one] = &scanned.scan.restricted[..] else {
        panic!("{:?}", scanned.scan.restricted);
    };
    assert_eq!(
        (&*one.terms, &*one.matched_by),
        ("anaconda.defaults", "package")
    );
    assert!(
        one.detail.contains("channel=main") && one.detail.ends_with("3 files"),
        "{}",
        one.detail
    );
}

#[test]
fn the_cache_keeps_what_layers_hold() {
    let place = Place::new();
    let tar = Layer::new()
        .file("root/.netrc", NETRC)
        .file("opt/libx.so", library("libcuda.so.1"))
        .tar();
    let source = Source::DockerArchive(place.put("image.tar", docker_archive(&[tar])));
    let options = Options {
        cache: Some(place.path().join("cache")),
        ..Options::default()
    };
    let first = scan(&Reference::from(source.clone()), &options, &Silent).unwrap();
    let again = scan(&Reference::from(source), &options, &Silent).unwrap();
    assert_eq!(first, again);
    assert_eq!(
        (again.scan.sensitive.len(), again.scan.restricted.len()),
        (1, 1)
    );
}
