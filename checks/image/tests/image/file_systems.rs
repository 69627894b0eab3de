//! Squashfs and SIF images.

use std::path::PathBuf;

use hpcctl_image::{Error, Limits, Options, Reference, Scanned, Silent, Source, scan};
use proptest::prelude::*;

use crate::build::*;
use crate::squash::{BLOCK, Squash, sif, system};

fn tree() -> Squash {
    let status = deb("a", "1") + &deb("b", "1:2+x");
    // Longer than a block, so that it has blocks and an end.
    let long = format!(
        "{status}{}{}\n",
        deb("c", "3").trim_end(),
        "\nX-Y: z".repeat(1000)
    );
    Squash::default()
        .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("var/lib/dpkg/status", long)
        .file("opt/LICENSE", ISC)
        .file("opt/zeros", vec![0; 3 * BLOCK])
        .symlink("lib", "usr/lib")
}

fn scan_bytes(source: fn(PathBuf) -> Source, bytes: &[u8]) -> Scanned {
    let place = Place::new();
    scan_source(source(place.put("image", bytes)))
}

#[test]
fn an_oci_image_is_read_in_a_sif() {
    let lower = tree().image();
    let upper = Layer::new()
        .file("opt/.wh.LICENSE", "")
        .file("var/lib/dpkg/status", deb("d", "4"))
        .tar();
    let stored = [lower.clone(), gzip(&upper)];
    let files = layout(&[lower, upper], &stored);
    let mut objects = Vec::new();
    for (name, bytes) in &files {
        if let Some(digest) = name.strip_prefix("blobs/") {
            let digest = digest.replace('/', ":");
            objects.push((0x400b, digest.into_bytes(), &bytes[..]));
        } else if name == "index.json" {
            objects.push((0x400a, Vec::new(), bytes));
        }
    }
    objects.push((0x4005, vec![1, 0, 0, 0], b"signature"));
    let scanned = scan_bytes(Source::Path, &sif(&objects));
    assert_eq!(unknowns(&scanned), "");
    assert_eq!(names(&scanned), ["d 4"]);
    assert!(crate::build::files(&scanned).is_empty());
    let image = scanned.scan.image;
    assert_eq!((&*image.format, image.layers.len()), ("sif", 2));
    assert_eq!(image.layers[0].media_type, "application/vnd.squashfs");
    assert_eq!(image.holds.len(), 1, "{:?}", image.holds);
    // A blob that is not there.
    objects.retain(|(kind, digest, _)| *kind != 0x400b || *digest != digest_of(&stored[0]));
    let scanned = scan_bytes(Source::Path, &sif(&objects));
    assert!(unknowns(&scanned).contains("the image has no sha256:"));
    assert!(!scanned.scan.complete);
}

fn digest_of(bytes: &[u8]) -> Vec<u8> {
    digest(bytes).into_bytes()
}

#[test]
fn a_squashfs_is_read_in_a_file_and_in_a_sif() {
    let image = tree().image();
    let packed = sif(&[
        (
            0x4001,
            Vec::new(),
            b"Bootstrap: docker\nFrom: debian:12\n%post\n",
        ),
        system(1, &image),
        (
            0x4005,
            [&[1, 0, 0, 0][..], &[0xab; 20]].concat(),
            b"signature",
        ),
        (0x4009, vec![4, 0, 0, 0], b"{}"),
    ]);
    for (bytes, format) in [(&image, "squashfs"), (&packed, "sif")] {
        let scanned = scan_bytes(Source::Path, bytes);
        assert_eq!(unknowns(&scanned), "", "{format}");
        assert_eq!(names(&scanned), ["a 1", "b 1:2+x", "c 3"]);
        assert_eq!(files(&scanned), ["/opt/LICENSE"]);
        let found = scanned.scan.image;
        assert_eq!(found.format, format);
        assert_eq!(found.digest, Some(digest(bytes)));
        assert_eq!(found.layers[0].digest, Some(digest(&image)));
        if format == "sif" {
            let made = found.layers[0].created_by.as_deref();
            assert_eq!(made, Some("Bootstrap: docker From: debian:12"));
            let signer = format!("a signature by {}, not verified", "AB".repeat(20));
            assert!(found.holds[1].contains(&signer), "{:?}", found.holds);
            assert!(found.holds[2].contains("SPDX JSON"), "{:?}", found.holds);
        }
    }
}

#[test]
fn a_directory_with_many_names_spans_blocks() {
    let many = (0..1000).fold(Squash::default(), |tree, n| {
        tree.file(
            &format!("var/lib/dpkg/status.d/.a-rather-long-name-{n}"),
            "",
        )
    });
    let many = many.file("var/lib/dpkg/status.d/zz", deb("last", "1"));
    let scanned = scan_bytes(Source::Squashfs, &many.image());
    assert_eq!(unknowns(&scanned), "");
    assert_eq!(names(&scanned), ["last 1"]);
}

#[test]
fn a_partition_that_cannot_be_read_is_told() {
    let refused = |image: &[u8]| {
        let place = Place::new();
        let source = Source::Sif(place.put("a.sif", image));
        let error = scan(&Reference::from(source), &Options::default(), &Silent);
        let error = error.unwrap_err();
        assert!(matches!(error, Error::NotAnImage { .. }), "{error}");
        error.to_string()
    };
    assert!(refused(&sif(&[system(5, b"LUKS\xba\xbe")])).contains("encrypted"));
    assert!(refused(&sif(&[system(4, b"unknown")])).contains("not known"));
    assert!(refused(&sif(&[(0x4001, Vec::new(), b"")])).contains("no system partition"));
    assert!(refused(&sif(&[(0x400a, Vec::new(), b"{}")])).contains("lists no images"));
    assert!(refused(b"no SIF").contains("not an image"));
    let image = tree().image();
    let overlay = [1_u32, 4].map(u32::to_le_bytes).concat();
    let scanned = scan_bytes(
        Source::Sif,
        &sif(&[system(1, &image), (0x4004, overlay, &image)]),
    );
    assert!(unknowns(&scanned).contains("overlay, which is not read"));
    assert_eq!(names(&scanned).len(), 3);
}

#[test]
fn a_squashfs_that_was_cut_keeps_what_can_be_reached() {
    let place = Place::new();
    let image = tree().image();
    let packed = sif(&[system(1, &image)]);
    let cut = place.put("cut.sif", &packed[..packed.len() - 20]);
    let scanned = scan_source(Source::Sif(cut));
    assert!(!scanned.scan.complete);
}

#[test]
fn a_directory_that_leads_to_itself_ends() {
    // The entry of the folder in the root leads to the inode of the root.
    let image = Squash::default().file("a/b", "c").image();
    let at = |place: usize| u64::from_le_bytes(image[place..place + 8].try_into().unwrap());
    let (root, listings) = (at(32), at(72) as usize);
    let mut looped = image.clone();
    assert!(looped[listings + 1] & 0x80 != 0, "a plain table");
    let entry = listings + 2;
    looped[entry + 4..entry + 8].copy_from_slice(&((root >> 16) as u32).to_le_bytes());
    looped[entry + 12..entry + 14].copy_from_slice(&(root as u16).to_le_bytes());
    let scanned = scan_bytes(Source::Squashfs, &looped);
    assert!(
        unknowns(&scanned).contains("listed twice"),
        "{}",
        unknowns(&scanned)
    );
}

#[test]
fn a_bomb_in_a_squashfs_ends_at_the_ratio() {
    let tree = (0..50).fold(Squash::default(), |tree, n| {
        tree.file(
            &format!("var/lib/dpkg/status.d/{n}"),
            vec![b'\n'; 16 * BLOCK],
        )
    });
    let place = Place::new();
    let path = place.put("bomb", tree.image());
    let limits = Limits {
        ratio: 10,
        ratio_from: 1 << 20,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let scanned = scan(&Reference::from(Source::Squashfs(path)), &options, &Silent).unwrap();
    assert!(unknowns(&scanned).contains("unpacks to more than"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn any_change_to_a_file_system_ends(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6), header: bool) {
        let image = tree().image();
        let mut packed = sif(&[system(1, &image)]);
        for (at, byte) in changes {
            let length = packed.len();
            let at = if header { 8192 + at % 96 } else { 128 + at % (length - 128) };
            packed[at] = byte;
        }
        let place = Place::new();
        let source = Source::Sif(place.put("image.sif", packed));
        let _ = scan(&Reference::from(source), &declared_only(), &Silent);
    }
}
