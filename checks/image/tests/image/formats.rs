//! The same image in every format, and what is no image.

use std::sync::atomic::{AtomicU64, Ordering};
use std::{fs, slice};

use hpcctl_image::{DiffIds, Error, Options, Progress, Reference, Scanned, Silent, Source, scan};
use serde_json::json;

use crate::build::*;

fn image() -> Vec<Vec<u8>> {
    let release = "ID=debian\nVERSION_ID=\"12\"\n";
    vec![
        Layer::new()
            .file("etc/os-release", release)
            .file(STATUS, deb("a", "1"))
            .tar(),
        Layer::new()
            .file(STATUS, deb("a", "1") + &deb("b", "1:2+x"))
            .file("opt/LICENSE", ISC)
            .tar(),
    ]
}

fn refused(source: Source) -> Error {
    scan(&Reference::from(source), &Options::default(), &Silent).unwrap_err()
}

/// The image's root file system as one tar.
fn root() -> Vec<u8> {
    Layer::new()
        .file("./etc/os-release", "ID=debian\nVERSION_ID=12\n")
        .file("./opt/LICENSE", ISC)
        .file("./var/lib/dpkg/status", deb("a", "1") + &deb("b", "1:2+x"))
        .tar()
}

/// Scans of the image in every format; `place` holds the files meanwhile.
fn scans(place: &Place) -> Vec<Scanned> {
    let tars = image();
    let mut scans = vec![scan_layers(&tars)];
    for (_, compress) in COMPRESSIONS {
        let stored: Vec<_> = tars.iter().map(|tar| compress(tar)).collect();
        let layout_place = Place::new();
        let files = layout(&tars, &stored);
        layout_place.put_all(&files);
        scans.push(scan_source(Source::OciLayout(
            layout_place.path().to_owned(),
            None,
        )));
        let archive = files
            .iter()
            .fold(Layer::new(), |tar, (name, bytes)| tar.file(name, bytes))
            .tar();
        let archive = place.put("image.tar", compress(&archive));
        scans.push(scan_source(Source::OciArchive(archive)));
        let archive = docker_archive_of(&tars, &stored);
        let archive = place.put("image.tar", compress(&archive));
        scans.push(scan_source(Source::DockerArchive(archive)));
        let root = place.put("image.tar", compress(&root()));
        scans.push(scan_source(Source::Tar(root)));
    }
    place.put("root/etc/os-release", "ID=debian\nVERSION_ID=12\n");
    place.put(
        "root/var/lib/dpkg/status",
        deb("a", "1") + &deb("b", "1:2+x"),
    );
    place.put("root/opt/LICENSE", ISC);
    scans.push(scan_source(Source::Directory(place.path().join("root"))));
    scans
}

#[test]
fn every_format_gives_the_same_packages_and_files() {
    let place = Place::new();
    let scans = scans(&place);
    let types = scans
        .iter()
        .map(|one| one.scan.image.layers[0].media_type.rsplit('.').next());
    let types: Vec<_> = types.flatten().collect();
    for (four, (ending, _)) in types[1..].chunks(4).zip(COMPRESSIONS) {
        assert_eq!(four, [*ending; 4]);
    }
    for scanned in &scans {
        assert_eq!(unknowns(scanned), "", "{:?}", scanned.scan.image);
        assert!(scanned.scan.complete);
        let purls: Vec<_> = scanned
            .scan
            .packages
            .iter()
            .map(|package| &*package.purl)
            .collect();
        assert_eq!(
            purls,
            [
                "pkg:deb/debian/a@1?arch=amd64&distro=debian-12",
                "pkg:deb/debian/b@1:2%2Bx?arch=amd64&distro=debian-12"
            ]
        );
        assert_eq!(files(scanned), ["/opt/LICENSE"]);
        assert_eq!(scanned.scan.files[0].licenses.as_deref(), Some("ISC"));
    }
}

#[test]
fn a_package_belongs_to_the_layer_that_brought_it() {
    let tars = image();
    let scanned = scan_layers(&tars);
    let [a, b] = &scanned.scan.packages[..] else {
        panic!()
    };
    assert_eq!(a.locations[0].layer.as_deref(), Some(&*digest(&tars[0])));
    assert_eq!(b.locations[0].layer.as_deref(), Some(&*digest(&tars[1])));
    let layers = &scanned.scan.image.layers;
    assert_eq!(layers[1].created_by.as_deref(), Some("step 1"));
    assert_eq!(scanned.scan.image.digest, Some(digest(&config(&tars))));
}

#[test]
fn a_bare_path_is_known_by_its_content() {
    let place = Place::new();
    let tars = image();
    let docker = place.put("docker", docker_archive(&tars));
    let files = layout(&tars, &tars);
    let archive = files
        .iter()
        .fold(Layer::new(), |tar, (name, bytes)| tar.file(name, bytes))
        .tar();
    let oci = place.put("oci", &archive);
    let root = place.put("root", bzip2(&root()));
    for (path, format) in [
        (
            place.put("docker.gz", gzip(&docker_archive(&tars))),
            "docker-archive",
        ),
        (place.put("oci.zst", zstd(&archive)), "oci-archive"),
        (docker, "docker-archive"),
        (oci, "oci-archive"),
        (root, "tar"),
    ] {
        let scanned = scan_source(Source::Path(path.clone()));
        assert_eq!(scanned.scan.image.format, format);
        assert_eq!(
            scanned.scan.image.reference,
            format!("{format}:{}", path.display())
        );
    }
    let layout = Place::new();
    layout.put_all(&files);
    let scanned = scan_source(Source::Path(layout.path().to_owned()));
    assert_eq!(scanned.scan.image.format, "oci");
    assert!(scanned.scan.image.digest.is_some());
    let empty = Place::new();
    assert_eq!(
        scan_source(Source::Path(empty.path().to_owned()))
            .scan
            .image
            .format,
        "dir"
    );
}

#[test]
fn what_is_no_image_is_told_apart() {
    let place = Place::new();
    let missing = refused(Source::Path(place.path().join("missing")));
    assert!(matches!(missing, Error::Unreadable { .. }), "{missing}");
    let text = refused(Source::Path(place.put("text", "hello")));
    assert!(matches!(text, Error::NotAnImage { .. }), "{text}");
    let plain = refused(Source::Path(
        place.put("root.tar", Layer::new().file("a", "b").tar()),
    ));
    assert!(
        plain
            .to_string()
            .contains("neither manifest.json nor index.json"),
        "{plain}"
    );
    let elf = refused(Source::Path(place.put("a.out", "\x7fELF")));
    assert!(elf.to_string().contains("an ELF file"), "{elf}");
    let source = xz(&Layer::new().file("project-1.0/etc/README", "b").tar());
    let source = refused(Source::Path(place.put("a.tar.xz", source)));
    assert!(source.to_string().contains("manifest.json"), "{source}");
    assert!(
        [missing, text, plain, elf, source]
            .iter()
            .all(Error::is_target)
    );
}

#[test]
fn layers_of_a_docker_archive_may_be_links() {
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    let manifest = json!([{ "Config": "c.json", "Layers": ["x/layer.tar", "y/layer.tar"] }]);
    let archive = Layer::new()
        .file("x/layer.tar", &tar)
        .symlink("y/layer.tar", "../x/layer.tar")
        .file("c.json", config(&[tar.clone(), tar]))
        .file("manifest.json", manifest.to_string());
    let place = Place::new();
    let scanned = scan_source(Source::DockerArchive(place.put("image.tar", archive.tar())));
    assert_eq!(unknowns(&scanned), "");
    assert_eq!(
        (names(&scanned), scanned.scan.image.layers.len()),
        (vec!["a 1".to_owned()], 2)
    );
}

#[test]
fn the_order_of_a_compressed_archive_does_not_matter() {
    let tars = [
        Layer::new().file(STATUS, deb("a", "1")).tar(),
        Layer::new().file(STATUS, deb("b", "1")).tar(),
        Layer::new().file("var/lib/dpkg/.wh.status", "").tar(),
    ];
    let layers = ["x/layer.tar", "y/layer.tar", "z/layer.tar", "x/layer.tar"];
    let manifest = json!([{ "Config": "c.json", "Layers": layers }]).to_string();
    let in_order = [&tars[0], &tars[1], &tars[2], &tars[0]].map(Clone::clone);
    let archive = Layer::new()
        .file("manifest.json", manifest)
        .file("z/layer.tar", gzip(&tars[2]))
        .file("real/layer.tar", &tars[1])
        .link(tar::EntryType::Link, "y/layer.tar", "real/layer.tar")
        .symlink("x/layer.tar", "../first.tar")
        .file("first.tar", xz(&tars[0]))
        .file("c.json", config(&in_order))
        .file("other", "neither a document nor a tar");
    let place = Place::new();
    let path = place.put("image.tar.zst", zstd(&archive.tar()));
    let scanned = scan_source(Source::DockerArchive(path));
    assert_eq!(unknowns(&scanned), "");
    let digests = scanned
        .scan
        .image
        .layers
        .iter()
        .map(|layer| layer.diff_id.clone());
    let expected: Vec<_> = in_order.iter().map(|tar| Some(digest(tar))).collect();
    assert_eq!(digests.collect::<Vec<_>>(), expected);
    assert_eq!(names(&scanned), ["a 1"]);
}

#[test]
fn a_compressed_archive_that_was_cut_keeps_what_came_before() {
    let tars = image();
    let layers = ["0/layer.tar", "1/layer.tar"];
    let manifest = json!([{ "Config": "c.json", "Layers": layers }]).to_string();
    let noise: Vec<u8> = (0..200_000_u32)
        .map(|n| (n.wrapping_mul(n) >> 7) as u8)
        .collect();
    let archive = Layer::new()
        .file("manifest.json", manifest)
        .file("c.json", config(&tars))
        .file("0/layer.tar", &tars[0])
        .file("1/layer.tar", Layer::new().file("noise", noise).tar());
    let whole = gzip(&archive.tar());
    let place = Place::new();
    let path = place.put("cut.tar.gz", &whole[..whole.len() * 9 / 10]);
    let scanned = scan_source(Source::DockerArchive(path));
    assert!(!scanned.scan.complete);
    assert_eq!(names(&scanned), ["a 1"]);
}

#[test]
fn a_tar_of_a_root_file_system_has_the_digest_of_its_file() {
    let place = Place::new();
    let stored = gzip(&root());
    let path = place.put("root.tgz", &stored);
    let reference: Reference = format!("tar:{}", path.display()).parse().unwrap();
    let scanned = scan(&reference, &Options::default(), &Silent).unwrap();
    let image = scanned.scan.image;
    assert_eq!(image.reference, reference.to_string());
    assert_eq!(image.digest, Some(digest(&stored)));
    assert_eq!(image.layers[0].diff_id, Some(digest(&root())));
}

#[test]
fn an_index_is_followed_to_the_platform_and_the_tag() {
    let place = Place::new();
    let (this, other) = ("amd64", "arm64");
    let host = if cfg!(target_arch = "aarch64") {
        other
    } else {
        this
    };
    let mut manifests = Vec::new();
    for architecture in [this, other] {
        let tar = Layer::new().file(STATUS, deb(architecture, "1")).tar();
        let files = layout(slice::from_ref(&tar), slice::from_ref(&tar));
        place.put_all(&files);
        let mut descriptor = descriptor(&files[3].1);
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        manifests.push(descriptor);
    }
    manifests.push(json!({ "digest": digest(b""), "platform": { "os": "unknown", "architecture": "unknown" } }));
    let nested = json!({ "manifests": manifests }).to_string();
    place.put_all(&[blob(nested.as_bytes())]);
    let tagged = |tag: &str| {
        let mut descriptor = descriptor(nested.as_bytes());
        descriptor["annotations"] = json!({ "org.opencontainers.image.ref.name": tag });
        descriptor
    };
    place.put(
        "index.json",
        json!({ "manifests": [tagged("v1"), tagged("v2")] }).to_string(),
    );
    let at = |tag: Option<&str>| Source::OciLayout(place.path().to_owned(), tag.map(str::to_owned));
    assert_eq!(names(&scan_source(at(Some("v2")))), [format!("{host} 1")]);
    assert!(matches!(refused(at(None)), Error::Ambiguous { choices, .. } if choices == "v1, v2"));
    assert!(refused(at(Some("v3"))).to_string().contains("v1, v2"));
}

#[test]
fn a_document_with_another_digest_is_refused() {
    let tars = image();
    let place = Place::new();
    let mut files = layout(&tars, &tars);
    files[3].1.push(b' ');
    place.put_all(&files);
    let error = refused(Source::OciLayout(place.path().to_owned(), None));
    assert!(
        error.to_string().contains("the digest of a document"),
        "{error}"
    );
}

#[test]
fn layers_with_other_digests_or_none_make_a_scan_incomplete() {
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    let other = Layer::new().file(STATUS, deb("b", "1")).tar();
    let place = Place::new();
    let mut files = layout(slice::from_ref(&tar), slice::from_ref(&tar));
    files[4].1 = other;
    place.put_all(&files);
    let source = Source::OciLayout(place.path().to_owned(), None);
    let scanned = scan_source(source.clone());
    assert!(!scanned.scan.complete);
    assert!(unknowns(&scanned).contains("the digest of its stored bytes is"));
    assert!(unknowns(&scanned).contains("the digest of its plain tar is"));
    assert_eq!(names(&scanned), ["b 1"]);
    fs::remove_file(place.path().join(&files[4].0)).unwrap();
    let scanned = scan_source(source);
    assert!(!scanned.scan.complete && scanned.scan.packages.is_empty());
    assert_eq!(scanned.scan.image.layers[0].digest, Some(digest(&tar)));
}

#[test]
fn two_scans_are_equal() {
    let place = Place::new();
    let source = Source::DockerArchive(place.put("image.tar", docker_archive(&image())));
    assert_eq!(scan_source(source.clone()), scan_source(source));
}

#[test]
fn an_archive_that_names_blobs_is_checked_against_their_names() {
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    let (name, _) = blob(&tar);
    let config = config(slice::from_ref(&tar));
    let manifest = json!([{ "Config": blob(&config).0, "Layers": [&name] }]).to_string();
    let place = Place::new();
    for (layer, whole) in [
        (tar.clone(), true),
        (Layer::new().file("a", "b").tar(), false),
    ] {
        let archive = Layer::new()
            .file(&name, &layer)
            .file(&blob(&config).0, &config)
            .file("index.json", "{}")
            .file("manifest.json", &manifest);
        let scanned = scan_source(Source::Path(place.put("image.tar", archive.tar())));
        assert_eq!(scanned.scan.image.format, "docker-archive");
        assert_eq!(scanned.scan.complete, whole, "{}", unknowns(&scanned));
    }
}

#[derive(Default)]
struct Count {
    total: AtomicU64,
    read: AtomicU64,
    layers: AtomicU64,
}

impl Progress for Count {
    fn total(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }

    fn layer(&self, name: &str, place: usize, of: usize) {
        assert!(name.starts_with("sha256:") && (1..=of).contains(&place));
        self.layers.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self, bytes: u64) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
    }
}

#[test]
fn progress_adds_up() {
    let (place, tars, count) = (Place::new(), image(), Count::default());
    let source = Source::DockerArchive(place.put("image.tar", docker_archive(&tars)));
    scan(&Reference::from(source), &Options::default(), &count).unwrap();
    let size: usize = tars.iter().map(Vec::len).sum();
    assert_eq!(count.total.into_inner(), size as u64);
    assert_eq!(count.read.into_inner(), size as u64);
    assert_eq!(count.layers.into_inner(), 2);
}

#[test]
fn a_configuration_that_lies_about_a_layer_is_found_out_unless_it_is_to_be_believed() {
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    let other = Layer::new().file(STATUS, deb("b", "1")).tar();
    let scanned = |stored: &[u8], diff_ids| {
        let place = Place::new();
        place.put_all(&layout(slice::from_ref(&other), &[stored.to_vec()]));
        let source = Source::OciLayout(place.path().to_owned(), None);
        let options = Options {
            diff_ids,
            ..declared_only()
        };
        scan(&Reference::from(source), &options, &Silent).unwrap()
    };
    let checked = scanned(&gzip(&tar), DiffIds::Checked);
    assert!(unknowns(&checked).contains("the digest of its plain tar is"));
    let believed = scanned(&gzip(&tar), DiffIds::Promised);
    assert!(believed.scan.complete, "{}", unknowns(&believed));
    let layer = &believed.scan.image.layers[0];
    assert_eq!(layer.diff_id, Some(digest(&other)));
    assert_eq!(names(&believed), ["a 1"]);
    // What is stored as it is has one digest, which is taken in any case.
    let plain = scanned(&tar, DiffIds::Promised);
    assert!(unknowns(&plain).contains("the digest of its plain tar is"));
}

#[test]
fn stored_bytes_are_checked_even_where_a_configuration_is_believed() {
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    let other = gzip(&Layer::new().file(STATUS, deb("b", "1")).tar());
    let place = Place::new();
    let mut files = layout(slice::from_ref(&tar), &[gzip(&tar)]);
    files[4].1 = other;
    place.put_all(&files);
    let source = Source::OciLayout(place.path().to_owned(), None);
    let options = Options {
        diff_ids: DiffIds::Promised,
        ..declared_only()
    };
    let scanned = scan(&Reference::from(source), &options, &Silent).unwrap();
    assert!(unknowns(&scanned).contains("the digest of its stored bytes is"));
}
