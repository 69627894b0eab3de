//! Bytes of a layer that belong to no file: they go out with the image, so that they are looked at or
//! told, and what honest tools put there is no fault.

use std::io::Write;

use flate2::{Compression, GzBuilder};
use tar::EntryType;

use crate::build::*;

const LOGIN: &str = "https://u:q7Zk3jQ8pLx2mV9t@git.site.org/a";

fn tar() -> Vec<u8> {
    let mut tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    // As GNU tar fills the last record up.
    tar.resize(tar.len().next_multiple_of(10_240), 0);
    tar
}

/// A member of gzip with something in its header.
fn member(plain: &[u8], header: impl FnOnce(GzBuilder) -> GzBuilder) -> Vec<u8> {
    let builder = header(GzBuilder::new());
    let mut encoder = builder.write(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn skipped(bytes: &[u8]) -> Vec<u8> {
    [
        &b"\x50\x2a\x4d\x18"[..],
        &(bytes.len() as u32).to_le_bytes(),
        bytes,
    ]
    .concat()
}

/// What is told of a layer that is stored so, by the plain tar of it.
fn told(plain: &[u8], stored: &[u8]) -> String {
    let scanned = scan_stored(plain, stored);
    assert_eq!(names(&scanned), ["a 1"]);
    assert_eq!(scanned.scan.complete, scanned.unknowns.is_empty());
    unknowns(&scanned)
}

#[test]
fn what_lies_behind_the_end_of_a_tar_is_told() {
    let hidden = Layer::new().file("root/.netrc", "x").tar();
    let (one, two) = (tar(), [tar(), hidden.clone()].concat());
    let raw = [tar(), LOGIN.as_bytes().to_vec()].concat();
    let members = [gzip(&one), gzip(&hidden)].concat();
    for (plain, stored) in [
        (&two, gzip(&two)),
        (&two, two.clone()),
        (&two, members),
        (&two, zstd(&two)),
        (&raw, gzip(&raw)),
    ] {
        let told = told(plain, &stored);
        assert!(told.contains("behind the end of its tar"), "{told}");
    }
    for (_, compress) in COMPRESSIONS {
        assert_eq!(told(&one, &compress(&one)), "");
    }
}

#[test]
fn what_lies_behind_a_compressed_stream_is_told() {
    let tar = tar();
    for (_, compress) in &COMPRESSIONS[1..] {
        let stored = [compress(&tar), LOGIN.as_bytes().to_vec()].concat();
        let scanned = scan_stored(&tar, &stored);
        assert!(!scanned.scan.complete && !scanned.unknowns.is_empty());
    }
}

#[test]
fn headers_of_gzip_are_looked_at() {
    let tar = tar();
    let name = |name: &str| member(&tar, |gzip| gzip.filename(name));
    for (stored, why) in [
        (member(&tar, |gzip| gzip.comment(LOGIN)), "comment"),
        (name(LOGIN), "file name in a header of gzip holds"),
        (name(&"long/".repeat(60)), "file name"),
        (member(&tar, |gzip| gzip.extra(LOGIN)), "extra field"),
        (
            [gzip(&tar), member(b"", |gzip| gzip.comment(LOGIN))].concat(),
            "comment",
        ),
    ] {
        let told = told(&tar, &stored);
        assert!(
            told.contains(why) && !told.contains("q7Zk3jQ8"),
            "{why}: {told}"
        );
    }
    assert_eq!(told(&tar, &name("layer.tar")), "");
}

#[test]
fn layers_of_estargz_and_bgzip_are_complete() {
    let tar = tar();
    let place = format!("{:016x}STARGZ", 0x1234);
    let subfield = |id: &[u8], bytes: &[u8]| [id, &[bytes.len() as u8, 0], bytes].concat();
    let footer = |extra: Vec<u8>| {
        let mut members = tar.chunks(700).map(gzip).collect::<Vec<_>>();
        members.push(member(b"", |gzip| gzip.extra(extra)));
        members.concat()
    };
    assert_eq!(
        told(&tar, &footer(subfield(b"SG", place.as_bytes()))),
        "",
        "eStargz"
    );
    assert_eq!(
        told(&tar, &footer(place.clone().into_bytes())),
        "",
        "stargz"
    );
    let blocks = tar.chunks(700);
    let blocks = blocks.map(|block| member(block, |gzip| gzip.extra(subfield(b"BC", b"\x1b\0"))));
    assert_eq!(
        told(&tar, &blocks.collect::<Vec<_>>().concat()),
        "",
        "bgzip"
    );
}

#[test]
fn frames_of_zstd_that_are_skipped_are_looked_at() {
    let tar = tar();
    let toc = r#"{"version":1,"entries":[{"type":"reg","name":"a","size":3}]}"#;
    let numbers: Vec<u8> = (1..=7_u64)
        .flat_map(|number| (number * 1000).to_le_bytes())
        .collect();
    let footer = [&numbers[..], b"GNUlInUx"].concat();
    let chunks: Vec<Vec<u8>> = tar.chunks(700).map(zstd).collect();
    let chunked = |toc: &str| {
        let tables = [skipped(&zstd(toc.as_bytes())), skipped(&footer)];
        [chunks.concat(), tables.concat()].concat()
    };
    assert_eq!(told(&tar, &chunked(toc)), "", "zstd:chunked");
    let sized = tar
        .chunks(700)
        .map(|chunk| [skipped(b"\x10\0\0\0"), zstd(chunk)].concat());
    assert_eq!(told(&tar, &sized.collect::<Vec<_>>().concat()), "", "pzstd");
    let planted = toc.replace("\"a\"", &format!("\"{LOGIN}\""));
    for stored in [
        chunked(&planted),
        [zstd(&tar), skipped(LOGIN.as_bytes())].concat(),
        [skipped(b"whatever it is"), zstd(&tar)].concat(),
    ] {
        assert!(told(&tar, &stored).contains("a frame of zstd"));
    }
    let cut = chunked(toc);
    let told = told(&tar, &cut[..cut.len() - 3]);
    assert!(told.contains("cut off"), "{told}");
}

#[test]
fn extended_headers_are_looked_at() {
    let records = [
        ("mtime", "1700000000.5"),
        ("SCHILY.xattr.user.origin", LOGIN),
    ];
    let tar = Layer::new()
        .pax(&[("VENDOR.note", "nothing of note")], "opt/a", b"a")
        .pax(&records, "opt/b", b"b")
        .raw(EntryType::XGlobalHeader, b"g", 0, b"")
        .file("opt/c", "c")
        .tar();
    let scanned = scan_layers(&[tar]);
    let seen = &scanned.scan.sensitive;
    assert_eq!((seen.len(), &*seen[0].path), (1, "/opt/b"), "{seen:?}");
    assert!(
        seen[0].text.contains("attributes") && !seen[0].doubtful,
        "{seen:?}"
    );
    assert!(scanned.scan.complete, "{:?}", scanned.unknowns);
}

#[test]
fn what_a_tar_has_between_its_files_is_told() {
    let padded = {
        let mut tar = Layer::new().file("opt/a", "a").file("opt/b", "b").tar();
        tar[512 + 100..512 + 100 + LOGIN.len()].copy_from_slice(LOGIN.as_bytes());
        tar
    };
    let map = ("GNU.sparse.map", "0,2");
    let sparse = Layer::new().pax(&[("GNU.sparse.size", "9"), map], "opt/s", b"xyhidden");
    let directory = EntryType::new(b'D');
    for (tar, why) in [
        (padded, "has zeros"),
        (sparse.tar(), "sparse"),
        (
            Layer::new().raw(directory, b"opt/d", 3, b"abc").tar(),
            "a content",
        ),
        (
            Layer::new()
                .file("a", "a")
                .raw(EntryType::XHeader, b"x", 6, b"6 a=b\n")
                .tar(),
            "belongs to no entry",
        ),
    ] {
        let scanned = scan_layers(&[tar]);
        assert!(!scanned.scan.complete, "{why}");
        assert!(unknowns(&scanned).contains(why), "{}", unknowns(&scanned));
    }
}
