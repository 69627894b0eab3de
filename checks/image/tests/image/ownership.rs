//! Which files belong to whom, what packages need, and what nobody owns.

use hpcctl_model::scan::ContentKind;

use crate::build::*;

/// A distribution of Python at `place`, with the record of its files.
fn python(layer: Layer, place: &str, record: &str) -> Layer {
    let metadata = "Name: Foo\nVersion: 1\nLicense: MIT\n";
    layer
        .file(&format!("{place}/foo-1.dist-info/METADATA"), metadata)
        .file(&format!("{place}/foo-1.dist-info/RECORD"), record)
        .file(&format!("{place}/foo.py"), "pass\n")
}

#[test]
fn what_a_deb_brought_is_named_as_owned_by_it() {
    let place = "usr/lib/python3/dist-packages";
    let list = format!("/{place}/foo-1.dist-info/METADATA\n/{place}/foo.py\n");
    let tar = python(
        Layer::new().file(STATUS, deb("python3-foo", "1")),
        place,
        "foo.py,,\n",
    )
    .file("var/lib/dpkg/info/python3-foo.list", list)
    .tar();
    let scanned = scan_layers(&[tar]);
    let [deb, python] = &scanned.scan.packages[..] else {
        panic!("{:?}", scanned.scan.packages)
    };
    assert_eq!((deb.files, deb.owned_by.as_deref()), (2, None));
    // The METADATA and foo.py; the record names no more.
    assert_eq!(python.files, 2);
    assert_eq!(python.owned_by.as_deref(), Some(&*deb.purl));
    // The deb bears no licence; that of the module is no reason of its own.
    let subjects: Vec<&str> = scanned
        .scan
        .verdict
        .reasons
        .iter()
        .map(|reason| &*reason.subject)
        .collect();
    assert_eq!(subjects, [&*deb.purl]);
}

#[test]
fn needs_are_told_by_purl_and_by_what_provides_them() {
    let stanza = |name: &str, more: &str| {
        format!("Package: {name}\nStatus: install ok installed\nVersion: 1\n{more}\n")
    };
    let status = stanza("app", "Depends: mta | other, libx (>= 1), gone\n")
        + &stanza("libx", "")
        + &stanza("postfix", "Provides: mta\n");
    let scanned = scan_layers(&[Layer::new().file(STATUS, status).tar()]);
    let app = &scanned.scan.packages[0];
    assert_eq!(app.depends, ["pkg:deb/libx@1", "pkg:deb/postfix@1"]);
    assert!(scanned.scan.packages[1].depends.is_empty());
}

#[test]
fn what_nobody_owns_is_listed_by_kind() {
    let tar = Layer::new()
        .file(STATUS, deb("a", "1"))
        .file("var/lib/dpkg/info/a.list", "/usr\n/usr/bin\n/usr/bin/a\n")
        .file("usr/bin/a", elf(2))
        .file("usr/bin/b", elf(3))
        .file("opt/libb.so.1", elf(3))
        .file("opt/b.o", elf(1))
        .file("opt/run", "#!/bin/sh\n")
        .file("opt/readme", "text\n")
        .file("opt/none", "")
        .file("opt/x.gz", b"\x1f\x8b\x08\x00")
        .file("opt/data", b"\x00\x01")
        .symlink("opt/link", "data")
        .tar();
    let scanned = scan_layers(&[tar]);
    let found: Vec<(&str, ContentKind)> = scanned
        .scan
        .unowned
        .iter()
        .map(|file| (&*file.path, file.kind))
        .collect();
    assert_eq!(
        found,
        [
            ("/opt/b.o", ContentKind::Object),
            ("/opt/data", ContentKind::Data),
            ("/opt/libb.so.1", ContentKind::Library),
            ("/opt/none", ContentKind::Empty),
            ("/opt/readme", ContentKind::Text),
            ("/opt/run", ContentKind::Script),
            ("/opt/x.gz", ContentKind::Archive),
            ("/usr/bin/b", ContentKind::Program),
        ]
    );
    let size: u64 = scanned.scan.unowned.iter().map(|file| file.size).sum();
    assert_eq!(size, 64 * 3 + 10 + 5 + 4 + 2);
}

/// Whether no package owns the file at a path of an image of one layer.
fn is_unowned(layer: Layer, path: &str) -> bool {
    let scanned = scan_layers(&[layer.tar()]);
    let mut unowned = scanned.scan.unowned.iter();
    unowned.any(|file| file.path == format!("/{path}"))
}

#[test]
fn a_list_of_what_is_no_package_hides_no_file() {
    let sources = r#"{"url":"file:///opt","dir_info":{"editable":true}}"#;
    for (list, text, path) in [
        ("usr/lib/perl5/auto/Foo/Bar/.packlist", "/opt/x\n", "opt/x"),
        ("opt/foo-1.dist-info/RECORD", "x,,\n", "opt/x"),
        ("opt/foo-1.dist-info/direct_url.json", sources, "opt/x"),
        ("opt/foo.egg-info/installed-files.txt", "/opt/x\n", "opt/x"),
        ("usr/lib/python3/foo.egg-link", "/opt\n", "opt/x"),
        ("var/lib/dpkg/info/foo.list", "/opt/x\n", "opt/x"),
        ("var/lib/dpkg/status.d/foo.md5sums", "00  opt/x\n", "opt/x"),
        ("usr/lib/opkg/info/foo.list", "/opt/x\n", "opt/x"),
        (
            "var/lib/pacman/local/foo-1-1/files",
            "%FILES%\nopt/x\n",
            "opt/x",
        ),
        (
            "opt/lib/luarocks/rocks-5.1/foo/1-1/rock_manifest",
            "rock_manifest = { bin = { x = \"0\" } }\n",
            "opt/bin/x",
        ),
        (
            "opt/.spack-db/index.json",
            r#"{"database":{"installs":{}}}"#,
            "opt/.spack-db/x",
        ),
    ] {
        let layer = Layer::new().file(list, text).file(path, elf(2));
        assert!(is_unowned(layer, path), "{list}");
    }
}

#[test]
fn a_list_of_perl_is_of_the_distribution_that_has_its_module() {
    let log = "=head2 Mon: C<Module> L<Foo::Bar|Foo::Bar>\n\nC<VERSION: 1.0>\n";
    let meta = r#"{"name":"libfoo","version":"1.0","provides":{"Foo::Bar":{"version":"1.0"}}}"#;
    for (path, text) in [
        ("usr/lib/perl5/perllocal.pod", log),
        ("usr/lib/perl5/.meta/libfoo-1.0/MYMETA.json", meta),
    ] {
        let layer = Layer::new()
            .file(path, text)
            .file("usr/lib/perl5/auto/Foo/Bar/.packlist", "/opt/x\n")
            .file("opt/x", elf(2));
        assert!(!is_unowned(layer, "opt/x"), "{path}");
    }
}
