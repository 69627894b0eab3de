//! Layers over one another: whiteouts, opaque directories, links, duplicates.

use tar::EntryType;

use crate::build::*;

#[test]
fn a_whiteout_hides_what_is_below_it_only() {
    let scanned = scan_layers(&[
        Layer::new()
            .file("a/LICENSE", ISC)
            .file("b/LICENSE", ISC)
            .file("c/d/LICENSE", ISC)
            .tar(),
        Layer::new()
            .file("a/.wh.LICENSE", "")
            .file("b/.wh.LICENSE", "")
            .file("b/LICENSE", ISC)
            .file(".wh.c", "")
            .tar(),
    ]);
    assert_eq!(files(&scanned), ["/b/LICENSE"]);
    assert_eq!(
        scanned.scan.files[0].layer,
        scanned.scan.image.layers[1].digest
    );
    assert_eq!(unknowns(&scanned), "");
}

#[test]
fn an_opaque_directory_hides_lower_layers_wherever_it_stands() {
    let scanned = scan_layers(&[
        Layer::new()
            .file("a/LICENSE", ISC)
            .file("a/b/LICENSE", ISC)
            .tar(),
        Layer::new()
            .file("a/NOTICE", ISC)
            .file("a/.wh..wh..opq", "")
            .tar(),
    ]);
    assert_eq!(files(&scanned), ["/a/NOTICE"]);
}

#[test]
fn a_directory_that_comes_back_is_empty() {
    let scanned = scan_layers(&[
        Layer::new().file("a/LICENSE", ISC).tar(),
        Layer::new().file(".wh.a", "").tar(),
        Layer::new().directory("a").file("a/COPYING", ISC).tar(),
    ]);
    assert_eq!(files(&scanned), ["/a/COPYING"]);
}

#[test]
fn a_file_in_place_of_a_directory_hides_it() {
    let scanned = scan_layers(&[
        Layer::new().file("a/LICENSE", ISC).tar(),
        Layer::new().file("a", "no directory").tar(),
    ]);
    assert!(files(&scanned).is_empty());
}

#[test]
fn hard_links_reach_into_lower_layers() {
    let scanned = scan_layers(&[
        Layer::new().file("LICENSE", ISC).tar(),
        Layer::new()
            .link(EntryType::Link, "copy", "LICENSE")
            .file(".wh.LICENSE", "")
            .tar(),
    ]);
    // The whiteout hides the file before the link is made, so that it leads nowhere.
    assert!(unknowns(&scanned).contains("hard link"));
    let scanned = scan_layers(&[
        Layer::new().file("LICENSE", ISC).tar(),
        Layer::new()
            .link(EntryType::Link, "copy", "./LICENSE")
            .tar(),
        Layer::new().file(".wh.LICENSE", "").tar(),
    ]);
    assert_eq!(
        (files(&scanned), unknowns(&scanned)),
        (vec!["/copy"], String::new())
    );
}

#[test]
fn a_hard_link_whose_first_name_says_nothing_is_read() {
    let manifest = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0","license":"ISC"}}"#);
    let scanned = scan_layers(&[
        Layer::new()
            .file("store/0f", manifest("same"))
            .file("store/1f", manifest("over"))
            .file("store/2f", manifest("unused"))
            .link(
                EntryType::Link,
                "node_modules/same/package.json",
                "store/0f",
            )
            .tar(),
        Layer::new()
            .link(
                EntryType::Link,
                "node_modules/over/package.json",
                "./store/1f",
            )
            .tar(),
        Layer::new().file(".wh.store", "").tar(),
    ]);
    assert_eq!(names(&scanned), ["over 1.0.0", "same 1.0.0"]);
    let location = &scanned.scan.packages[0].locations[0];
    assert_eq!(location.path, "/node_modules/over/package.json");
    assert_eq!(unknowns(&scanned), "");
}

#[test]
fn a_text_that_no_list_has_is_told_as_long_as_a_file_with_it_is_there() {
    let own = "You may use this thing on Mondays, if you ask Jo first.\n";
    let lower = Layer::new()
        .file("tmp/build/LICENSE", own)
        .file("opt/x/LICENSE", own)
        .tar();
    let told = |removed: &[&str]| {
        let mut upper = Layer::new();
        for path in removed {
            upper = upper.file(path, "");
        }
        let scanned = scan_layers(&[lower.clone(), upper.tar()]);
        scanned.scan.texts.into_values().collect::<Vec<_>>()
    };
    let (build, x) = ("tmp/.wh.build", "opt/.wh.x");
    assert_eq!(told(&[]), [own]);
    // The first of them goes, and then the other.
    assert_eq!(told(&[build]), [own]);
    assert_eq!(told(&[x]), [own]);
    assert!(told(&[build, x]).is_empty());
}

#[test]
fn of_two_entries_with_one_name_the_last_counts() {
    let scanned = scan_layers(&[Layer::new()
        .file(STATUS, deb("old", "1"))
        .file("./var/lib/dpkg/status", deb("new", "1"))
        .tar()]);
    assert_eq!(names(&scanned), ["new 1"]);
}

#[test]
fn an_entry_below_a_link_lands_where_the_link_leads() {
    let scanned = scan_layers(&[
        Layer::new()
            .directory("usr/share")
            .symlink("share", "usr/share")
            .tar(),
        Layer::new().file("share/LICENSE", ISC).tar(),
    ]);
    assert_eq!(files(&scanned), ["/usr/share/LICENSE"]);
}

#[test]
fn a_package_is_of_the_layer_since_which_it_is_there_with_its_version() {
    let tars = [
        Layer::new()
            .file(
                STATUS,
                deb("kept", "1") + &deb("raised", "1") + &deb("back", "1"),
            )
            .tar(),
        Layer::new()
            .file(STATUS, deb("kept", "1") + &deb("raised", "2"))
            .tar(),
        Layer::new().file("other", "x").tar(),
        Layer::new()
            .file(
                STATUS,
                deb("kept", "1") + &deb("raised", "2") + &deb("back", "1"),
            )
            .tar(),
    ];
    let scanned = scan_layers(&tars);
    let layer = |name: &str| {
        let package = scanned
            .scan
            .packages
            .iter()
            .find(|package| package.name == name)
            .unwrap();
        let digest = package.locations[0].layer.clone();
        scanned
            .scan
            .image
            .layers
            .iter()
            .position(|layer| layer.digest == digest)
            .unwrap()
    };
    assert_eq!((layer("kept"), layer("raised"), layer("back")), (0, 1, 3));
}

#[test]
fn long_names_are_read_in_both_forms() {
    let long = format!("{}/LICENSE", "directory/".repeat(40).trim_end_matches('/'));
    let records = format!("path={long}\n");
    let length = records.len() + 4;
    let records = format!("{length} {records}");
    let scanned = scan_layers(&[
        Layer::new().file(&long, ISC).tar(),
        Layer::new()
            .raw(
                EntryType::XHeader,
                b"pax",
                records.len() as u64,
                records.as_bytes(),
            )
            .raw(
                EntryType::Regular,
                b"short",
                ISC.len() as u64,
                ISC.as_bytes(),
            )
            .tar(),
    ]);
    assert_eq!(
        (files(&scanned), unknowns(&scanned)),
        (vec![&*format!("/{long}")], String::new())
    );
    assert_eq!(
        scanned.scan.files[0].layer,
        scanned.scan.image.layers[1].digest
    );
}

#[test]
fn gzip_of_several_members_is_read_to_the_end() {
    let tar = Layer::new()
        .file("a", "x".repeat(5000))
        .file(STATUS, deb("a", "1"))
        .tar();
    let (head, tail) = tar.split_at(3000);
    let scanned = scan_stored(&tar, &[gzip(head), gzip(tail)].concat());
    assert_eq!(
        (names(&scanned), unknowns(&scanned)),
        (vec!["a 1".to_owned()], String::new())
    );
}

/// A status file with a hole of `hole` bytes in its middle: what is stored of it, and where the
/// second half begins.
fn with_hole(hole: u64) -> (String, u64, u64) {
    let text = deb("a", "1") + &deb("b", "2");
    // In the middle of a value, where zeros do no harm.
    let first = text.find("<m@").unwrap() as u64;
    (text, first, first + hole)
}

#[test]
fn sparse_files_of_every_form_are_read_with_their_holes() {
    let (stored, first, at) = with_hole(4096);
    let second = stored.len() as u64 - first;
    let size = (at + second).to_string();
    let map = format!("0,{first},{at},{second},{size},0");
    let mut before = format!("3\n0\n{first}\n{at}\n{second}\n{size}\n0\n");
    before.extend(std::iter::repeat_n('\0', 512 - before.len()));
    let (first, second, at) = (first.to_string(), second.to_string(), at.to_string());
    let oldest = [
        ("GNU.sparse.size", &*size),
        ("GNU.sparse.numblocks", "2"),
        ("GNU.sparse.offset", "0"),
        ("GNU.sparse.numbytes", &first),
        ("GNU.sparse.offset", &at),
        ("GNU.sparse.numbytes", &second),
    ];
    let middle = [
        ("GNU.sparse.name", STATUS),
        ("GNU.sparse.size", &size),
        ("GNU.sparse.map", &map),
    ];
    let newest = [
        ("GNU.sparse.major", "1"),
        ("GNU.sparse.minor", "0"),
        ("GNU.sparse.name", STATUS),
        ("GNU.sparse.realsize", &size),
    ];
    let other = |layer: Layer| layer.file("var/lib/dpkg/status.d/c", deb("c", "3")).tar();
    for tar in [
        other(Layer::new().pax(&oldest, STATUS, stored.as_bytes())),
        other(Layer::new().pax(&middle, "GNUSparseFile.0/status", stored.as_bytes())),
        other(Layer::new().pax(
            &newest,
            "GNUSparseFile.0/status",
            (before + &stored).as_bytes(),
        )),
    ] {
        let scanned = scan_layers(&[tar]);
        assert_eq!(
            names(&scanned),
            ["a 1", "b 2", "c 3"],
            "{}",
            unknowns(&scanned)
        );
    }
}

#[test]
fn old_sparse_files_may_have_maps_in_further_blocks() {
    let parts = 30;
    let stored: String = (0..parts).map(|n| deb(&format!("p{n}"), "1")).collect();
    let mut at = 0;
    let mut map: Vec<(u64, u64)> = Vec::new();
    for part in stored.split_inclusive("Maintainer: M") {
        map.push((at, part.len() as u64));
        at += part.len() as u64 + 512;
    }
    let mut header = tar::Header::new_gnu();
    header.set_path(STATUS).unwrap();
    header.set_entry_type(EntryType::GNUSparse);
    header.set_size(stored.len() as u64);
    header.set_mode(0o644);
    let number = |field: &mut [u8], n: u64| field.copy_from_slice(format!("{n:011o}\0").as_bytes());
    let mut further = Vec::new();
    let mut block = [0_u8; 512];
    for (place, (offset, length)) in map.iter().enumerate() {
        let part = match place {
            0..4 => &mut header.as_mut_bytes()[386 + place * 24..][..24],
            _ => &mut block[(place - 4) % 21 * 24..][..24],
        };
        number(&mut part[..12], *offset);
        number(&mut part[12..], *length);
        if place >= 4 && ((place - 4) % 21 == 20 || place + 1 == map.len()) {
            block[504] = u8::from(place + 1 < map.len());
            further.extend_from_slice(&block);
            block = [0; 512];
        }
    }
    header.as_mut_bytes()[482] = 1;
    number(&mut header.as_mut_bytes()[483..495], at);
    header.set_cksum();
    let mut tar = header.as_bytes().to_vec();
    tar.extend(further);
    tar.extend(stored.bytes());
    tar.resize(tar.len().next_multiple_of(512), 0);
    tar.extend(
        Layer::new()
            .file("var/lib/dpkg/status.d/last", deb("last", "1"))
            .tar(),
    );
    let scanned = scan_layers(&[tar]);
    assert_eq!(unknowns(&scanned), "");
    assert_eq!(names(&scanned).len(), parts + 1);
}

#[test]
fn holes_are_bounded_and_lies_about_them_told() {
    let huge = (1_u64 << 40).to_string();
    let records = [("GNU.sparse.size", &*huge), ("GNU.sparse.map", "0,3")];
    let tar = Layer::new().pax(&records, "etc/os-release", b"ID=").tar();
    let scanned = scan_layers(&[tar]);
    assert!(
        unknowns(&scanned).contains("only its first"),
        "{}",
        unknowns(&scanned)
    );
    let records = [("GNU.sparse.size", "10"), ("GNU.sparse.map", "5,3,4,1")];
    let tar = Layer::new()
        .pax(&records, "etc/os-release", b"ID=x")
        .file(STATUS, deb("a", "1"))
        .tar();
    let scanned = scan_layers(&[tar]);
    assert!(unknowns(&scanned).contains("sparse map is malformed"));
    assert_eq!(names(&scanned), ["a 1"]);
    let many = (0..10).fold(Layer::new(), |layer, n| {
        let records = [("GNU.sparse.size", &*huge), ("GNU.sparse.map", "0,3")];
        layer.pax(&records, &format!("var/lib/dpkg/status.d/{n}"), b"abc")
    });
    let scanned = scan_layers(&[many.tar()]);
    assert!(unknowns(&scanned).contains("holes of more than"));
}
