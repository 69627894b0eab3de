//! Storages that keep images unpacked, laid out here as their owners lay them out.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use hpcctl_image::{Error, Options, Reference, Scanned, Silent, Source, Store, scan};
use serde_json::json;

use crate::build::*;

const LOWER: &str = "1111111111111111111111111111111111111111111111111111111111111111";
const UPPER: &str = "2222222222222222222222222222222222222222222222222222222222222222";

fn named(root: &Path, name: &str) -> Store {
    Store {
        name: name.to_owned(),
        ..Store::at(root)
    }
}

fn refused(source: Source) -> Error {
    scan(&Reference::from(source), &Options::default(), &Silent).unwrap_err()
}

/// A storage of containers/storage with one image of two layers, and one of the lower alone.
fn podman(driver: &str) -> Place {
    let place = Place::new();
    let config = config(&[b"lower".to_vec(), b"upper".to_vec()]);
    let id = digest(&config).replace("sha256:", "");
    let images = json!([
        { "id": id, "digest": digest(b"manifest"), "names": ["localhost/a:latest"], "layer": UPPER },
        { "id": LOWER, "names": ["docker.io/library/b:1"], "layer": LOWER },
    ]);
    place.put(&format!("{driver}-images/images.json"), images.to_string());
    place.put(&format!("{driver}-images/{id}/=config"), config);
    let layers = json!([
        { "id": UPPER, "parent": LOWER, "compressed-diff-digest": digest(b"u.gz"), "diff-digest": digest(b"upper") },
        { "id": LOWER, "diff-digest": digest(b"lower") },
    ]);
    place.put(&format!("{driver}-layers/layers.json"), layers.to_string());
    place
}

fn check_podman(scanned: &Scanned) {
    assert_eq!(unknowns(scanned), "");
    assert_eq!(names(scanned), ["b 2"]);
    let image = &scanned.scan.image;
    assert_eq!(image.format, "containers-storage");
    assert_eq!(image.digest, Some(digest(b"manifest")));
}

#[test]
fn an_image_of_podman_is_its_layers_over_one_another() {
    let place = podman("overlay");
    let put = |layer: &str, path: &str, content: &str| {
        place.put(&format!("overlay/{layer}/diff/{path}"), content);
    };
    put(LOWER, "etc/os-release", "ID=debian\n");
    put(LOWER, "var/lib/dpkg/status", &deb("a", "1"));
    put(LOWER, "var/lib/dpkg/status.d/gone", &deb("gone", "1"));
    put(UPPER, "var/lib/dpkg/status", &deb("b", "2"));
    put(UPPER, "var/lib/dpkg/status.d/.wh.gone", "");
    for name in ["a", "localhost/a", "a:latest"] {
        let scanned = scan_source(Source::ContainersStorage(named(place.path(), name)));
        check_podman(&scanned);
        let layers = &scanned.scan.image.layers;
        let made: Vec<_> = layers
            .iter()
            .map(|layer| layer.created_by.as_deref())
            .collect();
        assert_eq!(made, [Some("step 0"), Some("step 1")]);
        assert_eq!(layers[0].digest, Some(digest(b"lower")));
        assert_eq!(layers[1].digest, Some(digest(b"u.gz")));
        assert_eq!(
            scanned.scan.packages[0].locations[0].layer,
            Some(digest(b"u.gz"))
        );
    }
    let lower = scan_source(Source::ContainersStorage(named(place.path(), "b:1")));
    assert_eq!(names(&lower), ["a 1", "gone 1"]);
    let which = refused(Source::Path(place.path().to_owned()));
    assert!(which.to_string().contains("localhost/a:latest"), "{which}");
    let none = refused(Source::ContainersStorage(named(place.path(), "c")));
    assert!(none.to_string().contains("docker.io/library/b:1"), "{none}");
}

#[test]
fn an_image_of_the_vfs_driver_is_its_top_layer() {
    let place = podman("vfs");
    place.put(
        &format!("vfs/dir/{UPPER}/var/lib/dpkg/status"),
        deb("b", "2"),
    );
    place.put(&format!("vfs/dir/{UPPER}/var/lib/dpkg/status.d/.wh.x"), "");
    place.put(
        &format!("vfs/dir/{LOWER}/var/lib/dpkg/status"),
        deb("a", "1"),
    );
    let reference = format!("containers-storage:[vfs@{}]a", place.path().display());
    let reference: Reference = reference.parse().unwrap();
    let scanned = scan(&reference, &Options::default(), &Silent).unwrap();
    check_podman(&scanned);
    assert_eq!(scanned.scan.image.layers.len(), 1);
    assert_eq!(scanned.scan.image.reference, reference.to_string());
    let other = format!("containers-storage:[btrfs@{}]a", place.path().display());
    let other = other.parse::<Reference>().unwrap();
    let error = scan(&other, &Options::default(), &Silent).unwrap_err();
    assert!(error.to_string().contains("btrfs"), "{error}");
}

#[test]
fn a_layer_that_is_not_there_or_is_a_link_is_told() {
    let place = podman("overlay");
    let outside = Place::new();
    outside.put("var/lib/dpkg/status", deb("outside", "1"));
    fs::create_dir_all(place.path().join("overlay").join(UPPER)).unwrap();
    let diff = place.path().join("overlay").join(UPPER).join("diff");
    symlink(outside.path(), diff).unwrap();
    let scanned = scan_source(Source::ContainersStorage(named(place.path(), "a")));
    assert!(!scanned.scan.complete);
    assert!(names(&scanned).is_empty());
    let layers = json!([{ "id": UPPER, "parent": UPPER }]);
    place.put("overlay-layers/layers.json", layers.to_string());
    let endless = refused(Source::ContainersStorage(named(place.path(), "a")));
    assert!(endless.to_string().contains("layers"), "{endless}");
    place.put("overlay-layers/layers.json", "[");
    refused(Source::ContainersStorage(named(place.path(), "a")));
}

#[test]
fn an_image_of_charliecloud_is_a_tree() {
    let place = Place::new();
    for (image, package) in [("host%debian+12", "a"), ("b+latest", "b")] {
        place.put(
            &format!("img/{image}/var/lib/dpkg/status"),
            deb(package, "1"),
        );
    }
    place.put("version", "7");
    fs::create_dir(place.path().join("dlcache")).unwrap();
    for (name, package) in [
        ("host/debian:12", "a 1"),
        ("debian:12", "a 1"),
        ("b", "b 1"),
    ] {
        let scanned = scan_source(Source::Charliecloud(named(place.path(), name)));
        assert_eq!(names(&scanned), [package]);
        assert_eq!(scanned.scan.image.format, "charliecloud");
    }
    let which = refused(Source::Path(place.path().to_owned()));
    assert!(which.to_string().contains("host/debian:12"), "{which}");
    refused(Source::Charliecloud(named(place.path(), "../..")));
}

/// A data root of Docker with one image of two layers.
fn docker() -> Place {
    let place = Place::new();
    let config = config(&[b"lower".to_vec(), b"upper".to_vec()]);
    let id = digest(&config);
    let repositories = json!({ "Repositories": { "a": { "a:1": id, "a@sha256:0": id } } });
    let meta = "image/overlay2";
    place.put(
        &format!("{meta}/repositories.json"),
        repositories.to_string(),
    );
    let hex = |digest: &str| digest.replace("sha256:", "");
    place.put(
        &format!("{meta}/imagedb/content/sha256/{}", hex(&id)),
        config,
    );
    let lower = digest(b"lower");
    let upper = digest(format!("{lower} {}", digest(b"upper")).as_bytes());
    for (chain, cache) in [(&lower, LOWER), (&upper, UPPER)] {
        place.put(
            &format!("{meta}/layerdb/sha256/{}/cache-id", hex(chain)),
            cache,
        );
    }
    place.put(
        &format!("overlay2/{LOWER}/diff/var/lib/dpkg/status"),
        deb("a", "1"),
    );
    place.put(
        &format!("overlay2/{UPPER}/diff/var/lib/dpkg/status"),
        deb("b", "2"),
    );
    place
}

#[test]
fn an_image_of_docker_is_found_by_the_chain_of_its_digests() {
    let place = docker();
    let scanned = scan_source(Source::Path(place.path().to_owned()));
    assert_eq!(unknowns(&scanned), "");
    assert_eq!(names(&scanned), ["b 2"]);
    let image = &scanned.scan.image;
    assert_eq!(image.layers[1].diff_id, Some(digest(b"upper")));
    assert_eq!(image.layers[1].created_by.as_deref(), Some("step 1"));
    let cache = format!("../../{UPPER}");
    let upper = digest(format!("{} {}", digest(b"lower"), digest(b"upper")).as_bytes());
    let upper = upper.replace("sha256:", "");
    place.put(
        &format!("image/overlay2/layerdb/sha256/{upper}/cache-id"),
        cache,
    );
    let scanned = scan_source(Source::DockerRoot(named(place.path(), "a:1")));
    assert!(!scanned.scan.complete);
    assert_eq!(names(&scanned), ["a 1"]);
}

#[test]
fn a_sandbox_of_apptainer_tells_what_it_was_built_from() {
    let place = Place::new();
    place.put(
        ".singularity.d/Singularity",
        "bootstrap: docker\nfrom: debian:12\n",
    );
    place.put("var/lib/dpkg/status", deb("a", "1"));
    let scanned = scan_source(Source::Path(place.path().to_owned()));
    assert_eq!(names(&scanned), ["a 1"]);
    let image = scanned.scan.image;
    assert_eq!(image.format, "apptainer-sandbox");
    let made = image.layers[0].created_by.as_deref();
    assert_eq!(made, Some("bootstrap: docker from: debian:12"));
}

#[test]
fn the_cache_of_apptainer_is_its_layout() {
    let place = Place::new();
    let tar = Layer::new().file(STATUS, deb("a", "1")).tar();
    for (name, bytes) in layout(std::slice::from_ref(&tar), std::slice::from_ref(&tar)) {
        place.put(&format!("blob/{name}"), bytes);
    }
    let scanned = scan_source(Source::Path(place.path().to_owned()));
    assert_eq!(names(&scanned), ["a 1"]);
    assert_eq!(scanned.scan.image.format, "oci");
}
