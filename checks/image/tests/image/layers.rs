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
