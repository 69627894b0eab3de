//! Packages with their licences and their files.

use hpcctl_image::Options;
use hpcctl_model::scan::Outcome;

use crate::build::*;

const DEP5: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
    Files: *\nCopyright: 2020 A\nLicense: ISC\n\nLicense: ISC\n see elsewhere\n";

#[test]
fn the_licence_of_a_deb_is_in_its_copyright_file() {
    let scanned = scan_layers(&[Layer::new()
        .file(
            STATUS,
            deb("a", "1") + &deb("linked", "1") + &deb("bare", "1"),
        )
        .file("usr/share/doc/a/copyright", DEP5)
        .symlink("usr/share/doc/linked", "a")
        .tar()]);
    let licenses = |place: usize| scanned.scan.packages[place].licenses.concluded.as_deref();
    assert_eq!(
        (licenses(0), licenses(1), licenses(2)),
        (Some("ISC"), None, Some("ISC"))
    );
    assert_eq!(
        scanned.scan.packages[0].supplier.as_deref(),
        Some("M <m@example.org>")
    );
    let reasons = &scanned.scan.verdict.reasons;
    assert_eq!(scanned.scan.verdict.outcome, Outcome::Undetermined);
    assert!(
        reasons
            .iter()
            .all(|reason| reason.subject.starts_with("pkg:deb/bare@")),
        "{reasons:?}"
    );
}

#[test]
fn a_python_distribution_has_declared_and_detected_licences() {
    let metadata = "Metadata-Version: 2.4\nName: Foo\nVersion: 1.0\nLicense-Expression: MIT\n\n";
    let base = "venv/lib/python3/site-packages";
    let tar = Layer::new()
        .file(&format!("{base}/foo-1.0.dist-info/METADATA"), metadata)
        .file(&format!("{base}/foo-1.0.dist-info/licenses/LICENSE"), ISC)
        .file(
            &format!("{base}/foo-1.0.dist-info/RECORD"),
            "foo/LICENSE,,\n",
        )
        .file(&format!("{base}/foo/LICENSE"), ISC)
        .file("opt/LICENSE", ISC)
        .tar();
    let scanned = scan_layers(&[tar]);
    let [foo] = &scanned.scan.packages[..] else {
        panic!("{:?}", scanned.scan.packages)
    };
    assert_eq!((&*foo.purl, &*foo.found_by), ("pkg:pypi/foo@1.0", "python"));
    assert_eq!(foo.licenses.declared.as_deref(), Some("MIT"));
    assert_eq!(foo.licenses.detected.as_deref(), Some("ISC"));
    assert_eq!(foo.licenses.concluded.as_deref(), Some("MIT"));
    assert_eq!(scanned.scan.files.len(), 3);
    let subjects = &scanned.scan.verdict.obligations[0].subjects;
    assert_eq!(subjects, &["/opt/LICENSE", "pkg:pypi/foo@1.0"]);
}

#[test]
fn one_distribution_in_two_places_is_one_package() {
    let metadata = "Name: foo\nVersion: 1\nLicense: MIT\n";
    let tar = Layer::new()
        .file("a/foo.dist-info/METADATA", metadata)
        .file("b/foo.egg-info/PKG-INFO", metadata)
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(names(&scanned), ["foo 1"]);
    let places: Vec<_> = scanned.scan.packages[0]
        .locations
        .iter()
        .map(|place| &*place.path)
        .collect();
    assert_eq!(
        places,
        ["/a/foo.dist-info/METADATA", "/b/foo.egg-info/PKG-INFO"]
    );
}

#[test]
fn alpine_packages_are_named_by_the_distribution() {
    let tar = Layer::new()
        .file("usr/lib/os-release", "ID=alpine\nVERSION_ID=3.19.1\n")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file(
            "lib/apk/db/installed",
            "P:musl\nV:1.2-r0\nA:x86_64\nL:MIT\nF:lib\nR:LICENSE\n\n",
        )
        .file("lib/LICENSE", ISC)
        .tar();
    let scanned = scan_layers(&[tar]);
    let purl = "pkg:apk/alpine/musl@1.2-r0?arch=x86_64&distro=alpine-3.19.1";
    assert_eq!(scanned.scan.packages[0].purl, purl);
    assert_eq!(scanned.scan.verdict.outcome, Outcome::Publishable);
    assert_eq!(scanned.scan.verdict.obligations[0].subjects, [purl]);
}

#[test]
fn files_are_owned_through_links_of_the_tree() {
    let tar = Layer::new()
        .symlink("lib", "usr/lib")
        .file("usr/lib/x/LICENSE", ISC)
        .file(STATUS, deb("x", "1"))
        .file("usr/share/doc/x/copyright", DEP5)
        .file(
            "var/lib/dpkg/info/x.list",
            "/.\n/lib\n/lib/x\n/lib/x/LICENSE\n",
        )
        .tar();
    let scanned = scan_layers(&[tar]);
    let subjects = &scanned.scan.verdict.obligations[0].subjects;
    assert_eq!(subjects, &["pkg:deb/x@1?arch=amd64"]);
}

#[test]
fn only_files_named_so_are_looked_at_when_asked() {
    let tars = [Layer::new()
        .file("a/LICENSE", ISC)
        .file("a/readme", ISC)
        .tar()];
    assert_eq!(files(&scan_layers(&tars)), ["/a/LICENSE", "/a/readme"]);
    assert_eq!(files(&scan_with(&tars, &declared_only())), ["/a/LICENSE"]);
}

#[test]
fn a_root_file_system_in_another_has_packages_of_its_own() {
    let machine = "var/lib/machines/a";
    let dist = "usr/lib/python3/dist-packages/x-1.dist-info";
    let inner = |path: &str| format!("{machine}/{path}");
    let scanned = scan_layers(&[Layer::new()
        .file("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file(STATUS, deb("a", "1") + &deb("b", "1"))
        .file("usr/share/doc/b/copyright", "License: MIT\n")
        .file(&inner("etc/os-release"), "ID=ubuntu\nVERSION_ID=24.04\n")
        .file(&inner(STATUS), deb("b", "1"))
        .file(
            &inner("var/lib/dpkg/info/b.list"),
            format!("/{dist}/METADATA\n"),
        )
        .file(&inner("usr/share/doc/b/LICENSE"), ISC)
        .file(&inner(&format!("{dist}/METADATA")), "Name: x\nVersion: 1\n")
        .file(&inner(&format!("{dist}/RECORD")), "x.py,,\n")
        .file(&inner("usr/lib/python3/dist-packages/x.py"), "")
        // No root file system, only a file of that name.
        .file("srv/test/var/lib/dpkg/status", deb("none", "1"))
        .tar()]);
    let packages = scanned.scan.packages.iter();
    let rows: Vec<(&str, &str)> = packages
        .map(|package| (&*package.purl, &*package.locations[0].path))
        .collect();
    let status = format!("/{}", inner(STATUS));
    assert_eq!(
        rows[..3],
        [
            (
                "pkg:deb/debian/a@1?arch=amd64&distro=debian-12",
                "/var/lib/dpkg/status"
            ),
            (
                "pkg:deb/debian/b@1?arch=amd64&distro=debian-12",
                "/var/lib/dpkg/status"
            ),
            (
                "pkg:deb/ubuntu/b@1?arch=amd64&distro=ubuntu-24.04",
                &*status
            ),
        ]
    );
    let [_, _, b, x] = &scanned.scan.packages[..] else {
        panic!("{rows:?}")
    };
    assert_eq!(b.licenses.concluded.as_deref(), Some("ISC"));
    assert_eq!((&*x.name, x.owned_by.as_ref()), ("x", Some(&b.purl)));
    let is_loose = |path: &str| scanned.scan.unowned.iter().any(|file| file.path == path);
    assert!(!is_loose(&format!(
        "/{}",
        inner("usr/lib/python3/dist-packages/x.py")
    )));
}

/// The packages with the number of files of each, and these where they are listed.
fn owned_files(tar: Vec<u8>) -> Vec<(String, u64, Vec<String>)> {
    let options = Options {
        lists_files: true,
        ..Options::default()
    };
    let packages = scan_with(&[tar], &options).scan.packages.into_iter();
    packages
        .map(|one| (one.kind, one.files, one.owned_files))
        .collect()
}

#[test]
fn a_file_counts_once_for_a_package_though_it_belongs_to_another() {
    let dist = "env/lib/python3.12/site-packages/x-1.dist-info";
    let metadata = dist.strip_prefix("env/").unwrap();
    let conda =
        format!(r#"{{"name":"x","version":"1","build":"h1","files":["{metadata}/METADATA"]}}"#);
    let tar = Layer::new()
        .file("env/conda-meta/x-1-h1.json", conda)
        .file(&format!("{dist}/METADATA"), "Name: x\nVersion: 1\n")
        .file(
            &format!("{dist}/RECORD"),
            "x-1.dist-info/METADATA,,\nx-1.dist-info/RECORD,,\nx.py,,\n",
        )
        .file("env/lib/python3.12/site-packages/x.py", "")
        .tar();
    let packages = owned_files(tar);
    let of = |kind: &str| packages.iter().find(|one| one.0 == kind).unwrap();
    for kind in ["conda", "pypi"] {
        let (_, count, files) = of(kind);
        assert_eq!(*count, files.len() as u64, "{kind} {files:?}");
        assert!(files.contains(&format!("/{dist}/METADATA")), "{files:?}");
    }
    assert_eq!(of("pypi").1, 3);
}

#[test]
fn the_files_of_a_package_in_two_roots_are_those_of_both() {
    let machine = "var/lib/machines/a";
    let inner = |path: &str| format!("{machine}/{path}");
    let release = "ID=debian\nVERSION_ID=12\n";
    let list = "/usr/bin/a\n";
    let tar = Layer::new()
        .file("etc/os-release", release)
        .file(STATUS, deb("a", "1"))
        .file("var/lib/dpkg/info/a.list", list)
        .file("usr/bin/a", "a")
        .file(&inner("etc/os-release"), release)
        .file(&inner(STATUS), deb("a", "1"))
        .file(&inner("var/lib/dpkg/info/a.list"), list)
        .file(&inner("usr/bin/a"), "a")
        .tar();
    let files = vec!["/usr/bin/a".to_owned(), format!("/{}", inner("usr/bin/a"))];
    assert_eq!(owned_files(tar), [("deb".to_owned(), 2, files)]);
}
