//! Images of a registry on the loopback, down to one that lies.

use std::collections::HashMap;
use std::slice;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use hpcctl_image::{Error, Options, Platform, Progress, Reference, Scanned, Silent, scan};
use serde_json::{Value, json};

use crate::build::*;
use crate::server::{Reply, Server};

/// A registry with one repository `a` of these manifests, by tag or digest, and these blobs.
struct Registry {
    manifests: HashMap<String, Vec<u8>>,
    blobs: HashMap<String, Vec<u8>>,
    /// After so many bytes of an answer the connection is closed.
    cut: usize,
}

impl Registry {
    fn new() -> Self {
        Self {
            manifests: HashMap::new(),
            blobs: HashMap::new(),
            cut: usize::MAX,
        }
    }

    /// Adds a manifest under its digest, and what it takes.
    fn image(&mut self, tars: &[Vec<u8>], stored: &[Vec<u8>]) -> Vec<u8> {
        let files = layout(tars, stored);
        for (name, bytes) in &files {
            if let Some(digest) = name.strip_prefix("blobs/") {
                self.blobs.insert(digest.replace('/', ":"), bytes.clone());
            }
        }
        // The index names the manifest first.
        let index: Value = serde_json::from_slice(&files[1].1).unwrap();
        let digest = index["manifests"][0]["digest"].as_str().unwrap();
        let manifest = self.blobs.remove(digest).unwrap();
        self.manifest(&manifest);
        manifest
    }

    fn manifest(&mut self, manifest: &[u8]) -> Value {
        self.manifests.insert(digest(manifest), manifest.to_vec());
        descriptor(manifest)
    }

    fn tag(mut self, tag: &str, manifest: impl Into<Vec<u8>>) -> Self {
        self.manifests.insert(tag.to_owned(), manifest.into());
        self
    }

    fn start(self) -> Server {
        Server::start(move |seen, _| {
            let found = |all: &HashMap<String, Vec<u8>>, name: &str| match all.get(name) {
                Some(bytes) => Reply::ok(bytes.as_slice()),
                None => Reply::new(404, r#"{"errors":[{"code":"UNKNOWN"}]}"#),
            };
            if let Some(name) = seen.path.strip_prefix("/v2/a/manifests/") {
                return found(&self.manifests, name);
            }
            match seen.path.strip_prefix("/v2/a/blobs/") {
                Some(name) if seen.from() > 0 => {
                    let (from, bytes) = (seen.from(), &self.blobs[name]);
                    let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
                    let reply = Reply::new(206, &bytes[from..]).cut(self.cut);
                    reply.header("Content-Range", range)
                }
                Some(name) => found(&self.blobs, name).cut(self.cut),
                None => Reply::ok("{}"),
            }
        })
    }
}

fn try_scan(server: &Server, reference: &str, options: &Options) -> Result<Scanned, Error> {
    let reference: Reference = format!("docker://{}/a{reference}", server.address)
        .parse()
        .unwrap();
    scan(&reference, options, &Silent)
}

fn for_platform(platform: &str) -> Options {
    Options {
        platform: Some(platform.parse::<Platform>().unwrap()),
        ..Options::default()
    }
}

fn tars() -> Vec<Vec<u8>> {
    vec![
        Layer::new()
            .file(STATUS, deb("a", "1"))
            .file("usr/share/doc/a/LICENSE", ISC)
            .tar(),
        Layer::new()
            .file(STATUS, deb("a", "1") + &deb("b", "2"))
            .tar(),
    ]
}

#[test]
fn a_registry_gives_what_an_archive_gives() {
    let tars = tars();
    let zipped: Vec<_> = tars.iter().map(|tar| gzip(tar)).collect();
    let mut registry = Registry::new();
    let manifest = registry.image(&tars, &zipped);
    let server = registry.tag("v1", manifest.clone()).start();
    let scanned = try_scan(&server, ":v1", &Options::default()).unwrap();
    let archive = scan_layers(&tars);
    assert_eq!(unknowns(&scanned), "");
    assert_eq!(names(&scanned), names(&archive));
    assert_eq!(scanned.scan.verdict, archive.scan.verdict);
    let image = &scanned.scan.image;
    assert_eq!(image.format, "registry");
    assert_eq!(image.reference, format!("docker://{}/a:v1", server.address));
    assert_eq!(image.digest, Some(digest(&manifest)));
    assert_eq!(image.layers[0].digest, Some(digest(&zipped[0])));
    let named = format!("@{}", digest(&manifest));
    let by_digest = try_scan(&server, &named, &Options::default()).unwrap();
    assert_eq!(by_digest.scan.packages, scanned.scan.packages);
    // A name without a tag is the latest, which is not there.
    let error = try_scan(&server, "", &Options::default()).unwrap_err();
    assert!(
        error.is_target()
            && error
                .to_string()
                .contains("/latest: there is no such image"),
        "{error}"
    );
}

#[test]
fn a_layer_goes_on_where_the_connection_broke_off() {
    let noise: Vec<u8> = (0..50_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    let tars = vec![
        Layer::new()
            .file("noise", noise)
            .file(STATUS, deb("a", "1"))
            .tar(),
    ];
    let zipped = vec![gzip(&tars[0])];
    let mut registry = Registry::new();
    registry.cut = zipped[0].len() / 2 + 1;
    let manifest = registry.image(&tars, &zipped);
    let server = registry.tag("v1", manifest).start();
    let scanned = try_scan(&server, ":v1", &Options::default()).unwrap();
    assert_eq!(
        (unknowns(&scanned).as_str(), names(&scanned)),
        ("", vec!["a 1".to_owned()])
    );
    assert_eq!(server.seen_at(&digest(&zipped[0])).len(), 2);
}

#[test]
fn progress_counts_the_bytes_that_come() {
    #[derive(Default)]
    struct Counted(AtomicU64, AtomicU64, Mutex<Vec<String>>);
    impl Progress for Counted {
        fn total(&self, bytes: u64) {
            self.0.store(bytes, Ordering::Relaxed);
        }
        fn layer(&self, name: &str, _place: usize, _of: usize) {
            self.2.lock().unwrap().push(name.to_owned());
        }
        fn read(&self, bytes: u64) {
            self.1.fetch_add(bytes, Ordering::Relaxed);
        }
    }
    let tars = tars();
    let mut registry = Registry::new();
    let manifest = registry.image(&tars, &tars);
    let server = registry.tag("v1", manifest).start();
    let reference: Reference = format!("docker://{}/a:v1", server.address).parse().unwrap();
    let counted = Counted::default();
    scan(&reference, &Options::default(), &counted).unwrap();
    let bytes: usize = tars.iter().map(Vec::len).sum();
    assert_eq!(counted.0.into_inner(), bytes as u64);
    assert_eq!(counted.1.into_inner(), bytes as u64);
    assert_eq!(counted.2.into_inner().unwrap().len(), 2);
}

#[test]
fn the_platform_is_chosen_in_an_index() {
    let mut registry = Registry::new();
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64", "ppc64le"] {
        let tar = Layer::new().file(STATUS, deb(architecture, "1")).tar();
        let manifest = registry.image(slice::from_ref(&tar), slice::from_ref(&tar));
        let mut descriptor = descriptor(&manifest);
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        manifests.push(descriptor);
    }
    let index = json!({ "schemaVersion": 2, "manifests": manifests }).to_string();
    let server = registry.tag("v1", index).start();
    for (platform, package) in [
        ("linux/ppc64le", "ppc64le 1"),
        ("linux/aarch64/v8", "arm64 1"),
    ] {
        let scanned = try_scan(&server, ":v1", &for_platform(platform)).unwrap();
        assert_eq!(names(&scanned), [package]);
    }
    let error = try_scan(&server, ":v1", &for_platform("linux/riscv64")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(
            "no image for linux/riscv64, only for linux/amd64, linux/arm64, linux/ppc64le"
        ),
        "{text}"
    );
}

#[test]
fn a_single_image_for_another_platform_is_refused_where_one_is_asked_for() {
    let tars = tars();
    let mut registry = Registry::new();
    let manifest = registry.image(&tars, &tars);
    let server = registry.tag("v1", manifest).start();
    try_scan(&server, ":v1", &for_platform("linux/amd64")).unwrap();
    let place = Place::new();
    let archive = place.put("a.tar", docker_archive(&tars));
    let archive: Reference = format!("docker-archive:{}", archive.display())
        .parse()
        .unwrap();
    let other = for_platform("linux/arm64");
    let in_registry = try_scan(&server, ":v1", &other).unwrap_err();
    let in_archive = scan(&archive, &other, &Silent).unwrap_err();
    for error in [in_registry, in_archive] {
        assert!(
            matches!(&error, Error::NoPlatform { choices, .. } if choices == "linux/amd64"),
            "{error}"
        );
    }
}

#[test]
fn indexes_in_indexes_end() {
    let tars = tars();
    let mut registry = Registry::new();
    let mut inner = registry.image(&tars, &tars);
    for _ in 0..20 {
        let below = registry.manifest(&inner);
        inner = json!({ "schemaVersion": 2, "manifests": [below] })
            .to_string()
            .into_bytes();
    }
    let server = registry.tag("v1", inner).start();
    let error = try_scan(&server, ":v1", &Options::default()).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
    assert!(server.seen_at("manifests").len() < 10);
}

#[test]
fn a_document_larger_than_the_limit_is_refused() {
    let mut options = Options::default();
    options.limits.document_bytes = 1000;
    let server = Registry::new().tag("v1", " ".repeat(2000)).start();
    let error = try_scan(&server, ":v1", &options).unwrap_err();
    assert!(
        error.to_string().contains("larger than 1000 bytes"),
        "{error}"
    );
}

/// Scans an image of one layer whose descriptor a test bends, and says what was not known.
fn bent(bend: impl Fn(&mut Value, &mut Registry)) -> String {
    let tars = tars();
    let mut registry = Registry::new();
    let manifest = registry.image(&tars, &tars);
    let mut manifest: Value = serde_json::from_slice(&manifest).unwrap();
    bend(&mut manifest["layers"][1], &mut registry);
    let server = registry.tag("v1", manifest.to_string()).start();
    let scanned = try_scan(&server, ":v1", &Options::default()).unwrap();
    // What the other layer holds is there all the same.
    assert!(names(&scanned).contains(&"a 1".to_owned()));
    assert!(!scanned.scan.complete);
    unknowns(&scanned)
}

#[test]
fn a_layer_that_cannot_be_had_is_told() {
    let gone = bent(|layer, registry| {
        registry.blobs.remove(layer["digest"].as_str().unwrap());
    });
    assert!(gone.contains("there is no such blob (UNKNOWN)"), "{gone}");
    assert_eq!(gone.matches("UNKNOWN").count(), 1, "{gone}");
    let nonsense = bent(|layer, _| layer["digest"] = json!("sha256:../../x"));
    assert!(nonsense.contains("is not a digest"), "{nonsense}");
}

#[test]
fn a_layer_that_is_not_what_the_manifest_says_is_told() {
    let huge = bent(|layer, _| layer["size"] = json!(u64::MAX));
    assert!(
        huge.contains("it is said to have 18446744073709551615 bytes"),
        "{huge}"
    );
    let sizeless = bent(|layer, _| drop(layer.as_object_mut().unwrap().remove("size")));
    assert!(sizeless.contains("does not give its size"), "{sizeless}");
    let short = bent(|layer, _| layer["size"] = json!(5000));
    assert!(short.contains("but the manifest says 5000"), "{short}");
    let changed = bent(|layer, registry| {
        let bytes = registry
            .blobs
            .get_mut(layer["digest"].as_str().unwrap())
            .unwrap();
        let last = bytes.len() - 1;
        bytes[last] = 1;
    });
    assert!(
        changed.contains("the digest of its stored bytes is"),
        "{changed}"
    );
}
