//! Packages of the package managers of the system whose database is many small files, or the
//! tree itself.

use hpcctl_image::{Options, Reference, Silent, Source, scan};
use hpcctl_model::scan::{Outcome, Package};
use rusqlite::{Connection, MAIN_DB};

use crate::build::*;

fn package<'a>(packages: &'a [Package], name: &str) -> &'a Package {
    let found = packages.iter().find(|package| package.name == name);
    found.unwrap_or_else(|| panic!("{name} is not in {packages:?}"))
}

#[test]
fn packages_of_pacman() {
    let local = "var/lib/pacman/local";
    let desc = |name: &str, more: &str| {
        format!("%NAME%\n{name}\n\n%VERSION%\n1-1\n\n%ARCH%\nany\n\n{more}")
    };
    let tar = Layer::new()
        .file("etc/os-release", "ID=manjaro\n")
        .file(
            &format!("{local}/a-1-1/desc"),
            desc("a", "%LICENSE%\ncustom\n\n%DEPENDS%\nlibb.so=1-64\nnone\n"),
        )
        .file(
            &format!("{local}/a-1-1/files"),
            "%FILES%\nusr/\nusr/bin/\nusr/bin/a\n",
        )
        .file(
            &format!("{local}/b-1-1/desc"),
            desc("b", "%PROVIDES%\nlibb.so=1-64\n"),
        )
        .file("usr/share/licenses/a/LICENSE", ISC)
        .file("usr/bin/a", elf(3))
        .file("usr/bin/c", elf(3))
        .tar();
    let scanned = scan_layers(&[tar]);
    let packages = &scanned.scan.packages;
    let (a, b) = (package(packages, "a"), package(packages, "b"));
    assert_eq!(a.purl, "pkg:alpm/manjaro/a@1-1?arch=any&distro=manjaro");
    assert_eq!(a.licenses.declared.as_deref(), Some("LicenseRef-custom"));
    assert_eq!(a.licenses.detected.as_deref(), Some("ISC"));
    assert_eq!((a.files, &*a.depends), (3, &[b.purl.clone()][..]));
    let unowned: Vec<&str> = scanned
        .scan
        .unowned
        .iter()
        .map(|file| &*file.path)
        .collect();
    assert_eq!(unowned, ["/usr/bin/c"]);
}

#[test]
fn the_vendor_of_pacman_is_arch_where_nothing_names_another() {
    let tar = Layer::new()
        .file(
            "var/lib/pacman/local/a-1-1/desc",
            "%NAME%\na\n\n%VERSION%\n2:1-1\n",
        )
        .tar();
    let purl = &scan_layers(&[tar]).scan.packages[0].purl;
    assert_eq!(purl, "pkg:alpm/arch/a@2:1-1");
}

#[test]
fn packages_of_portage_are_joined_from_their_files() {
    let a = "var/db/pkg/dev-libs/a-1.0-r1";
    let tar = Layer::new()
        .file("etc/os-release", "ID=gentoo\n")
        .file(&format!("{a}/PF"), "a-1.0-r1\n")
        .file(
            &format!("{a}/CONTENTS"),
            "dir /usr\nobj /usr/liba.so 00 1\n",
        )
        .file(&format!("{a}/LICENSE"), "|| ( MIT ISC )\n")
        .file(
            &format!("{a}/RDEPEND"),
            ">=sys-libs/b-1:= || ( x/none sys-libs/c )\n",
        )
        .file(&format!("{a}/SLOT"), "0\n")
        .file("var/db/pkg/sys-libs/b-2/PF", "b-2\n")
        .file("var/db/pkg/sys-libs/c-3/CONTENTS", "")
        .file("usr/liba.so", elf(3))
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(
        names(&scanned),
        ["dev-libs/a 1.0-r1", "sys-libs/b 2", "sys-libs/c 3"]
    );
    let a = &scanned.scan.packages[0];
    assert_eq!(a.purl, "pkg:ebuild/dev-libs/a@1.0-r1");
    assert_eq!(a.licenses.declared.as_deref(), Some("MIT OR ISC"));
    let needs = ["pkg:ebuild/sys-libs/b@2", "pkg:ebuild/sys-libs/c@3"];
    assert_eq!(a.depends, needs);
    assert_eq!(a.files, 6);
    assert!(scanned.scan.unowned.is_empty() && scanned.scan.complete);
}

#[test]
fn packages_of_a_nix_store() {
    let store = "nix/store";
    let (lib, dev, tool) = (
        "h5qfx59v07d7j2i6jlqi738x09fv7i1n-zlib-1.3.1",
        "mfxdz751y4mhqfid4wa62ffacplg46hc-zlib-1.3.1-dev",
        "hl4jdlbhinn4fhzrs4lzdsrli6jj5lgn-tool-2.12",
    );
    let mut connection = Connection::open_in_memory().unwrap();
    let sql = format!(
        "CREATE TABLE ValidPaths (id INTEGER PRIMARY KEY, path TEXT); \
         CREATE TABLE Refs (referrer INTEGER, reference INTEGER); \
         INSERT INTO ValidPaths VALUES (1, '/{store}/{dev}'), (2, '/{store}/{tool}'); \
         INSERT INTO Refs VALUES (2, 1);"
    );
    connection.execute_batch(&sql).unwrap();
    let database = connection.serialize(MAIN_DB).unwrap().to_vec();
    let metadata = "Name: foo\nVersion: 1\nLicense: MIT\n";
    let base = Layer::new()
        .file(&format!("{store}/{lib}/lib/libz.so"), elf(3))
        .file(&format!("{store}/{dev}/include/zlib.h"), "x")
        .tar();
    let top = Layer::new()
        .file(&format!("{store}/{tool}/bin/tool"), elf(3))
        .file(&format!("{store}/{tool}/share/doc/tool/LICENSE"), ISC)
        .file(
            &format!("{store}/{tool}/lib/foo-1.dist-info/METADATA"),
            metadata,
        )
        .file(
            &format!("{store}/5qfx59v07d7j2i6jlqi738x09fv7i1nn-builder.sh"),
            "x",
        )
        .file("nix/var/nix/db/db.sqlite", database)
        .tar();
    let scanned = scan_layers(&[base, top]);
    assert_eq!(names(&scanned), ["tool 2.12", "zlib 1.3.1", "foo 1"]);
    let [tool, zlib, foo] = &scanned.scan.packages[..] else {
        panic!("{:?}", scanned.scan.packages)
    };
    assert_eq!(
        (&*zlib.purl, &*zlib.found_by),
        ("pkg:nix/zlib@1.3.1", "nix")
    );
    let places: Vec<&str> = zlib.locations.iter().map(|place| &*place.path).collect();
    assert_eq!(
        places,
        [format!("/{store}/{lib}"), format!("/{store}/{dev}")]
    );
    assert_eq!(zlib.locations[0].layer, scanned.scan.image.layers[0].digest);
    assert_eq!(tool.locations[0].layer, scanned.scan.image.layers[1].digest);
    assert_eq!((zlib.files, tool.files), (2, 3));
    assert_eq!(tool.depends, ["pkg:nix/zlib@1.3.1"]);
    assert_eq!(tool.licenses.detected.as_deref(), Some("ISC"));
    assert_eq!(foo.owned_by.as_deref(), Some("pkg:nix/tool@2.12"));
}

#[test]
fn packages_of_opkg() {
    let tar = Layer::new()
        .file("etc/os-release", "ID=openwrt\n")
        .file(
            "usr/lib/opkg/status",
            "Package: musl\nVersion: 1.2-4\nStatus: install ok installed\nArchitecture: mips\n\n\
             Package: a\nVersion: 1\nStatus: install user installed\nDepends: libc\n\n\
             Package: libc\nVersion: 2\nStatus: install ok installed\n",
        )
        .file(
            "usr/lib/opkg/info/musl.control",
            "Package: musl\nLicense: MIT\n",
        )
        .file("usr/lib/opkg/info/musl.list", "/lib/libc.so\n")
        .file("lib/libc.so", elf(3))
        .tar();
    let scanned = scan_layers(&[tar]);
    let packages = &scanned.scan.packages;
    let musl = package(packages, "musl");
    assert_eq!(musl.purl, "pkg:generic/musl@1.2-4?arch=mips&manager=opkg");
    assert_eq!(musl.licenses.declared.as_deref(), Some("MIT"));
    assert_eq!(musl.files, 3);
    assert_eq!(
        package(packages, "a").depends,
        [package(packages, "libc").purl.clone()]
    );
    assert!(scanned.scan.unowned.is_empty());
}

#[test]
fn files_of_an_image_without_a_package_manager() {
    let status = "Package: base-files\nVersion: 12\nArchitecture: amd64\n";
    let tar = Layer::new()
        .file("var/lib/dpkg/status.d/base", status)
        .file(
            "var/lib/dpkg/status.d/base.md5sums",
            "00  etc/debian_version\n",
        )
        .file("etc/debian_version", "12\n")
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(names(&scanned), ["base-files 12"]);
    assert_eq!(scanned.scan.packages[0].files, 1);
    assert!(scanned.scan.unowned.is_empty());
}

#[test]
fn an_old_release_is_known_by_its_sentence() {
    let tar = Layer::new()
        .file("etc/centos-release", "CentOS release 6.10 (Final)\n")
        .symlink("etc/redhat-release", "centos-release")
        .file("lib/apk/db/installed", "P:a\nV:1\n\n")
        .tar();
    let purl = &scan_layers(&[tar]).scan.packages[0].purl;
    assert_eq!(purl, "pkg:apk/centos/a@1?distro=centos-6.10");
}

#[test]
fn paths_are_left_out_of_layers_and_directories_alike() {
    let place = Place::new();
    let tar = Layer::new()
        .directory("opt/left")
        .file("opt/left/LICENSE", ISC)
        .file("opt/taken/LICENSE", ISC)
        .file(STATUS, deb("a", "1"))
        .tar();
    let archive = place.put("image.tar", docker_archive(&[tar]));
    place.put("root/opt/left/LICENSE", ISC);
    place.put("root/opt/taken/LICENSE", ISC);
    place.put(&format!("root/{STATUS}"), deb("a", "1"));
    let options = Options {
        exclude_paths: vec!["opt/left".to_owned(), "/var/lib/dpkg/**".to_owned()],
        ..Options::default()
    };
    for reference in [
        Reference::from(Source::DockerArchive(archive)),
        Reference::directory(place.path().join("root")),
    ] {
        let scanned = scan(&reference, &options, &Silent).unwrap();
        assert_eq!(files(&scanned), ["/opt/taken/LICENSE"]);
        assert!(scanned.scan.packages.is_empty() && scanned.scan.complete);
        assert_eq!(scanned.scan.left_out.paths, options.exclude_paths);
        assert_eq!(scanned.scan.verdict.outcome, Outcome::Undetermined);
    }
}

#[test]
fn a_store_is_not_looked_at_where_its_cataloger_does_not_run() {
    let file = "nix/store/h5qfx59v07d7j2i6jlqi738x09fv7i1n-zlib-1.3.1/lib/libz.so";
    let tars = [Layer::new().file(file, elf(3)).tar()];
    let all = scan_layers(&tars);
    assert_eq!(
        (names(&all), all.scan.unowned.len()),
        (vec!["zlib 1.3.1".to_owned()], 0)
    );
    let without = Options {
        exclude: vec!["nix".to_owned()],
        ..Options::default()
    };
    let none = scan_with(&tars, &without);
    assert_eq!((none.scan.packages.len(), none.scan.unowned.len()), (0, 1));
}
