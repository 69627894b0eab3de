//! Software trees, libraries that speak for themselves, and whose they are.

use std::fs::File;
use std::os::unix::fs::FileExt;

use hpcctl_image::{Options, Scanned, Source};
use hpcctl_model::scan::Package;

use crate::build::*;
use crate::squash::Squash;

/// A shared library without sections: its SONAME, and a text.
fn library(soname: &str, text: &str) -> Vec<u8> {
    let strings = format!("\0{soname}\0");
    let (strings_at, dynamic_at) = (64 + 2 * 56, 1024);
    let mut bytes = vec![0; dynamic_at];
    bytes[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    bytes[strings_at..strings_at + strings.len()].copy_from_slice(strings.as_bytes());
    for number in [14, 1, 5, strings_at, 10, strings.len(), 0, 0] {
        bytes.extend((number as u64).to_le_bytes());
    }
    bytes.push(0);
    bytes.extend(text.as_bytes());
    bytes.push(0);
    let segments = [(1, 0, bytes.len()), (2, dynamic_at, 64)];
    for (place, (kind, at, size)) in segments.into_iter().enumerate() {
        let from = 64 + place * 56;
        bytes[from] = kind;
        for (field, value) in [(8, at), (16, at), (32, size), (40, size)] {
            bytes[from + field..from + field + 8].copy_from_slice(&(value as u64).to_le_bytes());
        }
    }
    for (at, value) in [
        (16, 3_u8),
        (18, 62),
        (20, 1),
        (32, 64),
        (52, 64),
        (54, 56),
        (56, 2),
        (58, 64),
    ] {
        bytes[at] = value;
    }
    bytes
}

fn mpich() -> Vec<u8> {
    library("libmpich.so.12", "MPICH Version:\t%s\x004.0.2")
}

fn package<'s>(scanned: &'s Scanned, name: &str) -> Option<&'s Package> {
    let mut packages = scanned.scan.packages.iter();
    packages.find(|package| package.name == name)
}

fn subjects(scanned: &Scanned) -> Vec<&str> {
    let reasons = scanned.scan.verdict.reasons.iter();
    reasons.map(|reason| &*reason.subject).collect()
}

#[test]
fn a_library_is_told_only_where_no_package_of_the_system_owns_it() {
    let base = Layer::new()
        .file(STATUS, deb("libmpich12", "4.0.2-3"))
        .file(
            "var/lib/dpkg/info/libmpich12.list",
            "/usr/lib/libmpich.so.12.2.2\n",
        )
        .file("usr/lib/libmpich.so.12.2.2", mpich())
        .tar();
    assert_eq!(
        names(&scan_layers(std::slice::from_ref(&base))),
        ["libmpich12 4.0.2-3"]
    );
    let vendored = Layer::new()
        .file("opt/app/lib/libmpich.so.12", mpich())
        .file(
            "opt/app/lib/libmpichfort.so.12",
            library("libmpichfort.so.12", ""),
        )
        .tar();
    let scanned = scan_layers(&[base, vendored]);
    let mpich = package(&scanned, "mpich").unwrap();
    assert_eq!(mpich.purl, "pkg:generic/mpich@4.0.2?elf=soname");
    assert_eq!(mpich.licenses.declared.as_deref(), Some("mpich2"));
    let paths: Vec<&str> = mpich.locations.iter().map(|place| &*place.path).collect();
    assert_eq!(
        paths,
        [
            "/opt/app/lib/libmpich.so.12",
            "/opt/app/lib/libmpichfort.so.12"
        ]
    );
    assert_eq!((mpich.files, &mpich.owned_by), (2, &None));
    assert!(scanned.scan.unowned.is_empty());
    assert_eq!(scanned.scan.packages.len(), 2);
}

#[test]
fn a_library_in_a_wheel_is_a_thing_of_its_own_that_the_wheel_brought() {
    let place = "venv/lib/python3.11/site-packages";
    let file = "numpy.libs/libscipy_openblas64_-32a4b2a6.so";
    let library = library(
        "libscipy_openblas64_-32a4b2a6.so",
        "OpenBLAS 0.3.31  USE64BITINT",
    );
    let tar = Layer::new()
        .file(
            &format!("{place}/numpy-2.dist-info/METADATA"),
            "Name: numpy\nVersion: 2\nLicense: MIT\n",
        )
        .file(
            &format!("{place}/numpy-2.dist-info/RECORD"),
            format!("{file},,\n"),
        )
        .file(&format!("{place}/{file}"), library)
        .tar();
    let scanned = scan_layers(&[tar]);
    let openblas = package(&scanned, "openblas").unwrap();
    assert_eq!(openblas.version, "0.3.31");
    assert_eq!(openblas.owned_by.as_deref(), Some("pkg:pypi/numpy@2"));
    // Its licence is known and is not that of the wheel, so it counts.
    let notice = &scanned.scan.verdict.obligations[0];
    assert_eq!(notice.subjects, [&*openblas.purl, "pkg:pypi/numpy@2"]);
}

const SPEC: &str = r#"{"spec":{"_meta":{"version":4},"nodes":[{"name":"hdf5","version":"1.14.3",
    "hash":"aaa","dependencies":[{"name":"mpich","hash":"eee","parameters":{"deptypes":["link"]}}]}]}}"#;

const DATABASE: &str = r#"{"database":{"version":"8","installs":{
    "aaa":{"spec":{"name":"hdf5","version":"1.14.3","hash":"aaa"},"path":"/opt/store/hdf5","installed":true},
    "eee":{"spec":{"name":"mpich","version":"4.1","hash":"eee","external":{"path":"/usr"}},"path":"/usr","installed":true}}}}"#;

#[test]
fn spack_with_its_database_recipes_and_files() {
    let recipe = "license(\"BSD-3-Clause\", when=\"@1.14:\")\nlicense(\"MIT\", when=\"@:1.13\")\n";
    let tar = Layer::new()
        .file("opt/store/hdf5/.spack/spec.json", SPEC)
        .file(
            "opt/store/hdf5/.spack/repos/builtin/packages/hdf5/package.py",
            recipe,
        )
        .file(
            "opt/store/hdf5/.spack/repos/builtin/packages/mpich/package.py",
            "license(\"ISC\")\n",
        )
        .file(
            "opt/store/hdf5/lib/libhdf5.so.310",
            library("libhdf5.so.310", "HDF5 library version: 1.14.3"),
        )
        .file("opt/store/.spack-db/index.json", DATABASE)
        .file("usr/bin/tool", "text\n")
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(scanned.unknowns, []);
    let [hdf5, mpich] = &scanned.scan.packages[..] else {
        panic!("{:?}", scanned.scan.packages)
    };
    assert_eq!(hdf5.purl, "pkg:generic/hdf5@1.14.3?spack=aaa");
    assert_eq!(hdf5.licenses.declared.as_deref(), Some("BSD-3-Clause"));
    assert_eq!((hdf5.locations.len(), hdf5.files), (2, 4));
    assert_eq!(hdf5.depends, std::slice::from_ref(&mpich.purl));
    assert!(
        mpich.purl.contains("external=/usr") || mpich.purl.contains("external=%2Fusr"),
        "{}",
        mpich.purl
    );
    assert_eq!((mpich.files, &mpich.licenses.declared), (0, &None));
    let unowned: Vec<&str> = scanned
        .scan
        .unowned
        .iter()
        .map(|file| &*file.path)
        .collect();
    assert_eq!(unowned, ["/usr/bin/tool"]);
}

#[test]
fn conda_owns_the_python_packages_of_its_environment() {
    let place = "lib/python3.11/site-packages/foo-1.dist-info";
    let record = format!(
        r#"{{"name":"foo","version":"1","build":"py_0","channel":"conda-forge","license":"MIT",
            "depends":["zlib >=1.2"],"files":["{place}/METADATA","lib/libz.so"]}}"#
    );
    let tar = Layer::new()
        .file("env/conda-meta/foo-1-py_0.json", record)
        .file(
            "env/conda-meta/zlib-1.json",
            r#"{"name":"zlib","version":"1.3","license":"Zlib"}"#,
        )
        .file(&format!("env/{place}/METADATA"), "Name: foo\nVersion: 1\n")
        .file("env/lib/libz.so", "")
        .tar();
    let scanned = scan_layers(&[tar]);
    let purls: Vec<&str> = scanned.scan.packages.iter().map(|one| &*one.purl).collect();
    let foo = "pkg:conda/foo@1?build=py_0&channel=conda-forge";
    assert_eq!(purls, [foo, "pkg:conda/zlib@1.3", "pkg:pypi/foo@1"]);
    assert_eq!(scanned.scan.packages[0].depends, ["pkg:conda/zlib@1.3"]);
    assert_eq!(scanned.scan.packages[2].owned_by.as_deref(), Some(foo));
    assert!(!subjects(&scanned).contains(&"pkg:pypi/foo@1"));
    assert!(scanned.scan.unowned.is_empty());
}

#[test]
fn easybuild_with_its_needs_by_version() {
    let config = |name: &str, version: &str, more: &str| {
        format!("name = '{name}'\nversion = '{version}'\ntoolchain = SYSTEM\n{more}\n")
    };
    let needs = "dependencies = [('zlib', '1.2')]";
    let tar = Layer::new()
        .file(
            "sw/HDF5/1.14/easybuild/HDF5-1.14.eb",
            config("HDF5", "1.14", needs),
        )
        .file("sw/HDF5/1.14/lib/x", "x\n")
        .file(
            "sw/zlib/1.2/easybuild/zlib-1.2.eb",
            config("zlib", "1.2", ""),
        )
        .file(
            "sw/zlib/1.3/easybuild/zlib-1.3.eb",
            config("zlib", "1.3", ""),
        )
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(names(&scanned), ["HDF5 1.14", "zlib 1.2", "zlib 1.3"]);
    let hdf5 = &scanned.scan.packages[0];
    assert_eq!(
        (&*hdf5.purl, hdf5.files),
        ("pkg:generic/HDF5@1.14?easybuild=1.14", 2)
    );
    assert_eq!(hdf5.depends, ["pkg:generic/zlib@1.2?easybuild=1.2"]);
}

#[test]
fn a_module_file_counts_where_nothing_else_knows_its_directory() {
    let module =
        |prefix: &str| format!("#%Module\nsetenv ROOT {prefix}\nprepend-path PATH {prefix}/bin\n");
    let tar = Layer::new()
        .file("opt/modulefiles/known/1.14", module("/opt/store/hdf5"))
        .file("opt/modulefiles/foo/2.1", module("/opt/foo"))
        .file("opt/modulefiles/gone/1", module("/opt/gone"))
        .file("opt/store/hdf5/.spack/spec.json", SPEC)
        .file("opt/foo/bin/foo", "#!/bin/sh\n")
        .file("opt/foo/lib/libmpich.so.12", mpich())
        .tar();
    let scanned = scan_layers(&[tar]);
    assert_eq!(names(&scanned), ["foo 2.1", "hdf5 1.14.3", "mpich 4.0.2"]);
    let foo = package(&scanned, "foo").unwrap();
    assert_eq!(
        (&*foo.purl, foo.files),
        ("pkg:generic/foo@2.1?module=foo%2F2.1", 2)
    );
    assert_eq!(
        package(&scanned, "mpich").unwrap().owned_by.as_ref(),
        Some(&foo.purl)
    );
}

#[test]
fn the_tree_of_a_vendor_owns_its_libraries_unless_another_owns_the_tree() {
    let version = r#"{"cuda":{"name":"CUDA SDK","version":"12.4.1"}}"#;
    let tree = |layer: Layer, at: &str| {
        layer.file(&format!("{at}/version.json"), version).file(
            &format!("{at}/lib64/libcudart.so.12.4.127"),
            library("libcudart.so.12", ""),
        )
    };
    let scanned = scan_layers(&[tree(Layer::new(), "usr/local/cuda-12.4").tar()]);
    let [cuda] = &scanned.scan.packages[..] else {
        panic!("{:?}", scanned.scan.packages)
    };
    assert_eq!(
        (&*cuda.name, &*cuda.version, cuda.files),
        ("cuda", "12.4.1", 2)
    );
    assert_eq!(cuda.supplier.as_deref(), Some("NVIDIA Corporation"));
    let spec = r#"{"spec":{"nodes":[{"name":"cuda","version":"12.4.1","hash":"ccc"}]}}"#;
    let layer = Layer::new().file("opt/store/cuda-12.4.1-ccc/.spack/spec.json", spec);
    let scanned = scan_layers(&[tree(layer, "opt/store/cuda-12.4.1-ccc").tar()]);
    let purls: Vec<&str> = scanned.scan.packages.iter().map(|one| &*one.purl).collect();
    assert_eq!(purls, ["pkg:generic/cuda@12.4.1?spack=ccc"]);
}

/// Bytes of a library that is larger than what is held of a file.
const LARGE: u64 = (70 << 20) + 4 * 64;

/// Its start and its end, where its sections are told.
fn large_library() -> (Vec<u8>, Vec<u8>) {
    let strings = b"\0.rodata\0.shstrtab\0";
    let mut start = library("libnccl.so.2", "NCCL version 2.19.3+cuda12.3");
    let strings_at = start.len();
    start.extend(strings);
    start[40..48].copy_from_slice(&(LARGE - 3 * 64).to_le_bytes());
    (start[60], start[62]) = (3, 2);
    let mut table = vec![0; 3 * 64];
    let sections = [(1, 1_u8, 0, strings_at), (2, 9, strings_at, strings.len())];
    for (place, name, at, length) in sections {
        let from = place * 64;
        (table[from], table[from + 4]) = (name, 1);
        table[from + 24..from + 32].copy_from_slice(&(at as u64).to_le_bytes());
        table[from + 32..from + 40].copy_from_slice(&(length as u64).to_le_bytes());
    }
    (start, table)
}

#[test]
fn of_a_file_that_is_too_large_to_hold_the_end_is_read_too() {
    let (start, table) = large_library();
    let place = Place::new();
    // The file has a hole, so that it takes no space.
    let file = File::create(place.put("lib/libnccl.so.2", "")).unwrap();
    file.write_all_at(&start, 0).unwrap();
    file.write_all_at(&table, LARGE - 3 * 64).unwrap();
    let scanned = scan_source(Source::Directory(place.path().to_owned()));
    assert_eq!(names(&scanned), ["nccl 2.19.3"]);
    assert_eq!(scanned.unknowns, []);
    file.set_len(LARGE - 64).unwrap();
    let cut = scan_source(Source::Directory(place.path().to_owned()));
    assert_eq!(cut.unknowns.len(), 1, "{:?}", cut.unknowns);
    assert!(unknowns(&cut).contains("it is cut"), "{:?}", cut.unknowns);
}

#[test]
fn the_end_of_a_large_file_is_found_in_a_tar_and_in_a_squashfs() {
    let (mut whole, table) = large_library();
    whole.resize(LARGE as usize - table.len(), 0);
    whole.extend(&table);
    let scanned = scan_layers(&[Layer::new().file("lib/libnccl.so.2", &whole).tar()]);
    assert_eq!(
        (names(&scanned), &scanned.unknowns[..]),
        (vec!["nccl 2.19.3".to_owned()], &[][..])
    );
    let image = Squash::default().file("lib/libnccl.so.2", &whole).image();
    let place = Place::new();
    let scanned = scan_source(Source::Squashfs(place.put("image.sqfs", image)));
    assert_eq!(
        (names(&scanned), &scanned.unknowns[..]),
        (vec!["nccl 2.19.3".to_owned()], &[][..])
    );
}

#[test]
fn a_header_tells_the_release_of_the_library_beside_it() {
    let header = "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n";
    let scanned = scan_layers(&[Layer::new()
        .file("opt/cudnn/lib/libcudnn.so.9", library("libcudnn.so.9", ""))
        .file("opt/cudnn/include/cudnn_version.h", header)
        .file("srv/include/cudnn.h", header)
        .tar()]);
    assert_eq!(names(&scanned), ["cudnn 9.1.0"]);
    let places = &scanned.scan.packages[0].locations;
    assert_eq!(places.len(), 1, "{places:?}");
    assert_eq!(places[0].path, "/opt/cudnn/lib/libcudnn.so.9");
}

#[test]
fn what_an_environment_asks_for_is_what_is_installed_and_else_is_not_judged() {
    let tars = [Layer::new()
        .file(
            "env/conda-meta/zlib-1.json",
            r#"{"name":"zlib","version":"1.3","build":"h1","license":"Zlib"}"#,
        )
        .file(
            "srv/environment.yml",
            "dependencies:\n  - zlib==1.3\n  - xz==5.4\n  - pip:\n    - requests==2.31.0\n",
        )
        .tar()];
    let purls = |options: &Options| {
        let scanned = scan_with(&tars, options);
        assert_eq!(scanned.unknowns, []);
        let packages = scanned.scan.packages.iter();
        let told = packages.map(|one| (one.purl.clone(), one.judged, one.locations.len()));
        (told.collect::<Vec<_>>(), scanned.scan.left_out.types)
    };
    let of = |purl: &str, judged, places| (purl.to_owned(), judged, places);
    let (xz, zlib) = (
        of("pkg:conda/xz@5.4", false, 1),
        of("pkg:conda/zlib@1.3?build=h1", true, 2),
    );
    let requests = of("pkg:pypi/requests@2.31.0", false, 1);
    let (all, none) = purls(&Options::default());
    assert_eq!(all, [xz.clone(), zlib.clone(), requests]);
    assert!(none.is_empty());
    // A type is left out of what a cataloger of several finds.
    let (some, types) = purls(&Options {
        exclude: vec!["pypi".to_owned()],
        ..Options::default()
    });
    assert_eq!(some, [xz, zlib]);
    assert_eq!(types, ["pypi"]);
}
