//! Images made to do harm: each ends soon, with what was found and what was not.

use std::os::unix::fs::symlink;

use hpcctl_image::{Limits, Options, Reference, Silent, Source, scan};
use proptest::prelude::*;
use tar::EntryType;

use crate::build::*;

#[test]
fn entries_that_climb_are_left_out() {
    let scanned = scan_layers(&[Layer::new()
        .raw(
            EntryType::Regular,
            b"../../LICENSE",
            ISC.len() as u64,
            ISC.as_bytes(),
        )
        .raw(
            EntryType::Regular,
            b"/abs/LICENSE",
            ISC.len() as u64,
            ISC.as_bytes(),
        )
        .file(STATUS, deb("a", "1"))
        .tar()]);
    assert_eq!(
        (files(&scanned), names(&scanned)),
        (vec!["/abs/LICENSE"], vec!["a 1".to_owned()])
    );
    assert!(unknowns(&scanned).contains("climbs out") && !scanned.scan.complete);
}

#[test]
fn links_stay_in_the_tree_and_circles_end() {
    let scanned = scan_layers(&[Layer::new()
        .symlink("usr/share/doc/a", "../../../../../../../../etc")
        .symlink("x", "y")
        .symlink("y", "x")
        .symlink("self", "self/self")
        .file("self/LICENSE", ISC)
        .symlink("usr/share/doc/b", "/x")
        .file(STATUS, deb("a", "1") + &deb("b", "1"))
        .tar()]);
    assert_eq!(
        (files(&scanned), names(&scanned).len()),
        (vec!["/self/LICENSE"], 2)
    );
    assert!(
        scanned
            .scan
            .packages
            .iter()
            .all(|package| package.licenses.concluded.is_none())
    );
}

#[test]
fn a_directory_is_not_left_through_links() {
    let (inside, outside) = (Place::new(), Place::new());
    let secret = outside.put("LICENSE", ISC);
    symlink(secret, inside.path().join("LICENSE")).unwrap();
    symlink(outside.path(), inside.path().join("doc")).unwrap();
    let scanned = scan_source(Source::Directory(inside.path().to_owned()));
    assert_eq!(
        (files(&scanned).len(), unknowns(&scanned)),
        (0, String::new())
    );
}

#[test]
fn special_files_are_not_opened() {
    let place = Place::new();
    let socket = place
        .put("var/lib/dpkg/info/a.list", "")
        .with_file_name("b.list");
    let _listener = std::os::unix::net::UnixListener::bind(socket).unwrap();
    let path = place.path().join("var/lib/dpkg/status");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR,
        0,
    )
    .unwrap();
    let scanned = scan_source(Source::Directory(place.path().to_owned()));
    assert!(scanned.scan.complete && scanned.scan.packages.is_empty());
    let error = scan(
        &Reference::from(Source::Path(path)),
        &Options::default(),
        &Silent,
    )
    .unwrap_err();
    assert!(error.to_string().contains("not a regular file"));
    for kind in [EntryType::Fifo, EntryType::Char, EntryType::Block] {
        let tar = Layer::new()
            .raw(kind, STATUS.as_bytes(), 0, b"")
            .file("LICENSE", ISC)
            .tar();
        assert_eq!(files(&scan_layers(&[tar])), ["/LICENSE"]);
    }
}

#[test]
fn a_header_may_claim_a_tebibyte() {
    for path in [STATUS, "some/text"] {
        let tar = Layer::new()
            .file("LICENSE", ISC)
            .raw(
                EntryType::Regular,
                path.as_bytes(),
                1 << 40,
                deb("a", "1").as_bytes(),
            )
            .tar();
        let scanned = scan_layers(&[tar]);
        assert_eq!(files(&scanned), ["/LICENSE"]);
        assert!(unknowns(&scanned).contains("ends in the middle of an entry"));
        assert!(!scanned.scan.complete);
    }
}

#[test]
fn contents_are_never_taken_for_headers() {
    // A content that is itself a tar: were its entry taken for a directory, it would be walked.
    let inner = Layer::new().file("hidden/LICENSE", ISC).tar();
    for kind in [EntryType::Regular, EntryType::new(0), EntryType::Continuous] {
        let size = inner.len() as u64;
        let tar = Layer::new()
            .raw(kind, b"shown/", size, &inner)
            .file("LICENSE", ISC);
        assert_eq!(files(&scan_layers(&[tar.tar()])), ["/LICENSE"], "{kind:?}");
    }
}

#[test]
fn sizes_near_the_largest_number_do_not_overflow() {
    let tar = Layer::new()
        .raw(EntryType::Regular, b"a", u64::MAX >> 2, b"x")
        .tar();
    assert!(!scan_layers(&[tar]).scan.complete);
    let tar = Layer::new()
        .raw(EntryType::GNULongName, b"a", 1 << 40, b"x")
        .tar();
    assert!(unknowns(&scan_layers(&[tar])).contains("extended header"));
}

#[test]
fn what_stands_before_a_cut_is_kept() {
    let noise: Vec<u8> = (0..200_000_u32)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let tar = Layer::new()
        .file(STATUS, deb("a", "1"))
        .file("noise", noise)
        .tar();
    let zipped = gzip(&tar);
    for stored in [&zipped[..zipped.len() / 2], &tar[..tar.len() / 2]] {
        let scanned = scan_stored(&tar, stored);
        assert_eq!(names(&scanned), ["a 1"]);
        assert!(!scanned.scan.complete && !scanned.unknowns.is_empty());
    }
    let mut corrupt = zipped;
    let middle = corrupt.len() / 2;
    corrupt[middle..middle + 8].fill(0xff);
    let scanned = scan_stored(&tar, &corrupt);
    assert_eq!(
        (names(&scanned), scanned.scan.complete),
        (vec!["a 1".to_owned()], false)
    );
}

#[test]
fn a_bomb_ends_at_the_ratio() {
    let zeros = vec![0; 64 * 1024 * 1024];
    let tar = Layer::new()
        .file(STATUS, deb("a", "1"))
        .file("zeros", zeros)
        .tar();
    let place = Place::new();
    place.put_all(&layout(std::slice::from_ref(&tar), &[gzip(&tar)]));
    let limits = Limits {
        ratio_from: 1024 * 1024,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let source = Source::OciLayout(place.path().to_owned(), None);
    let scanned = scan(&Reference::from(source), &options, &Silent).unwrap();
    assert_eq!(names(&scanned), ["a 1"]);
    assert!(unknowns(&scanned).contains("unpacks to more than"));
}

#[test]
fn deep_paths_and_many_entries_are_bounded() {
    let deep = format!("{}LICENSE", "d/".repeat(2000));
    let tar = Layer::new().file(&deep, ISC).tar();
    assert_eq!(files(&scan_layers(&[tar])), [format!("/{deep}")]);
    let limits = Limits {
        layer_entries: 3,
        tree_nodes: 3,
        path_depth: 2,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let run = |layer: Layer| unknowns(&scan_with(&[layer.tar()], &options));
    assert!(run(Layer::new().file("a/b/c", "")).contains("deeper than the limit"));
    assert!(run(Layer::new().file("a/b", "").file("a/c", "")).contains("more than 3 files"));
    let many = (0..5).fold(Layer::new(), |layer, _| layer.file("a", ""));
    assert!(run(many).contains("more than 3 entries"));
}

#[test]
fn a_broken_stream_of_any_compression_makes_a_scan_incomplete() {
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    for (name, compress) in COMPRESSIONS {
        let stored = compress(&tar);
        for cut in [8, stored.len() / 2] {
            let scanned = scan_stored(&tar, &stored[..cut]);
            assert!(!scanned.scan.complete, "{name} cut at {cut}");
        }
    }
    assert!(
        unknowns(&scan_stored(&tar, b"random bytes".repeat(100).as_slice())).contains("checksum")
    );
}

#[test]
fn a_bomb_in_a_compressed_archive_ends_at_the_ratio() {
    let place = Place::new();
    let zeros = Layer::new().file("zeros", vec![0; 8 << 20]);
    let archive = zeros.file("manifest.json", "[]").tar();
    let limits = Limits {
        ratio: 10,
        ratio_from: 1 << 20,
        ..Limits::default()
    };
    let options = Options {
        limits,
        ..Options::default()
    };
    let path = place.put("bomb.tar.xz", xz(&archive));
    for source in [Source::DockerArchive(path.clone()), Source::Path(path)] {
        let error = scan(&Reference::from(source), &options, &Silent).unwrap_err();
        assert!(
            error.to_string().contains("unpacks to more than"),
            "{error}"
        );
    }
}

#[test]
fn a_broken_rpm_database_is_told() {
    let tar = Layer::new()
        .file("var/lib/rpm/rpmdb.sqlite", "SQLite format 3\0 and no more")
        .tar();
    let scanned = scan_layers(&[tar]);
    assert!(unknowns(&scanned).contains("/var/lib/rpm/rpmdb.sqlite"));
}

#[test]
fn a_cut_archive_tells_which_layers_are_missing() {
    let tars = [
        Layer::new().file(STATUS, deb("a", "1")).tar(),
        Layer::new().file("b", "c").tar(),
    ];
    let place = Place::new();
    let mut bytes = docker_archive(&tars);
    bytes.truncate(2000);
    let error = scan(
        &Reference::from(Source::DockerArchive(place.put("cut.tar", bytes))),
        &Options::default(),
        &Silent,
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("ends in the middle")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn any_change_to_an_archive_ends(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..6)) {
        let tar = Layer::new().file(STATUS, deb("a", "1")).symlink("b", "c").file("LICENSE", ISC).tar();
        let mut archive = docker_archive(&[tar]);
        for (at, byte) in changes {
            let length = archive.len();
            archive[at % length] = byte;
        }
        let place = Place::new();
        let zipped = place.put("image.tar.gz", gzip(&archive));
        let plain = place.put("image.tar", archive);
        // Whether there is still an image is open; that it ends without a panic is not.
        for source in [Source::DockerArchive(plain), Source::DockerArchive(zipped.clone()), Source::Tar(zipped)] {
            let _ = scan(&Reference::from(source), &declared_only(), &Silent);
        }
    }
}
