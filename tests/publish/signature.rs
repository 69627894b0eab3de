//! The signature, as other programs verify it, and as `hpcctl verify` does where it was changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpcctl_registry::{Digest, Name};
use serde_json::{Value, json};

use super::Site;
use crate::cli::Run;
use crate::push::Place;
use crate::real::real;

pub(super) fn attached<'a>(report: &'a Value, title: &str) -> &'a Value {
    let attached = report["result"]["published"]["attached"]
        .as_array()
        .unwrap();
    attached
        .iter()
        .find(|document| document["title"] == title)
        .unwrap()
}

/// The bytes of the document of an artifact.
pub(super) fn document(site: &Site, repository: &str, manifest: &str) -> Vec<u8> {
    let port = site.place.registry.port;
    let name: Name = format!("127.0.0.1:{port}/{repository}@{manifest}")
        .parse()
        .unwrap();
    let found = site.place.client(port).find(&name, 1 << 20).unwrap();
    let manifest: Value = serde_json::from_slice(&found.manifest.bytes).unwrap();
    let digest: Digest = manifest["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    found.repository.document(&digest, 1 << 30).unwrap()
}

/// What others say of a bundle and a key.
fn others(site: &Site, bundle: &Path, key: &str) -> Run {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify.py");
    let python = std::env::var_os("HPCCTL_PYTHON").unwrap();
    let mut verify = Command::new(python);
    Run::of(verify.arg(script).arg(bundle).arg(site.path(key)))
}

/// Makes another payload of what a statement says.
type Change<'a> = &'a dyn Fn(&mut Value);

/// A bundle with another payload, and with what else is changed in it.
fn forged(bundle: &Value, payload: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut bundle = bundle.clone();
    bundle["dsseEnvelope"]["payload"] = json!(STANDARD.encode(payload));
    change(&mut bundle["dsseEnvelope"]);
    serde_json::to_vec(&bundle).unwrap()
}

/// Bundles that differ from a good one, and what differs.
fn changed(bundle: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let payload = STANDARD.decode(payload).unwrap();
    let said: Value = serde_json::from_slice(&payload).unwrap();
    let changes: [(&str, Change<'_>); 3] = [
        ("the time", &|said| {
            said["predicate"]["now"] = json!("2027-01-01T00:00:00Z");
        }),
        ("the digest", &|said| {
            said["subject"][0]["digest"]["sha256"] = json!("0".repeat(64));
        }),
        ("the destination", &|said| {
            said["predicate"]["destination"]["name"] = json!("127.0.0.1:1/b");
        }),
    ];
    let payloads = changes.into_iter().map(|(what, change)| {
        let mut said = said.clone();
        change(&mut said);
        let payload = serde_json::to_vec(&said).unwrap();
        (what, forged(bundle, &payload, |_| {}))
    });
    let envelopes = [
        (
            "a space more",
            forged(bundle, &[&payload[..], b" "].concat(), |_| {}),
        ),
        (
            "no signature",
            forged(bundle, &payload, |it| it["signatures"] = json!([])),
        ),
        (
            "an empty signature",
            forged(bundle, &payload, |it| {
                it["signatures"][0]["sig"] = json!("")
            }),
        ),
        (
            "the type of the payload",
            forged(bundle, &payload, |it| {
                it["payloadType"] = json!("application/json")
            }),
        ),
    ];
    payloads.chain(envelopes).collect()
}

/// The storage of the registry of a site, in which a stranger writes.
struct Storage {
    of_registry: PathBuf,
    repository: PathBuf,
}

impl Storage {
    fn new(site: &Site, repository: &str) -> Self {
        let of_registry = site.place.registry.storage().join("docker/registry/v2");
        Self {
            repository: of_registry.join("repositories").join(repository),
            of_registry,
        }
    }

    /// Puts bytes there, as a layer or a manifest of the repository; answers their digest.
    fn put(&self, bytes: &[u8], kind: &str) -> String {
        let digest = Digest::sha256(bytes).to_string();
        write(&self.data(&digest), bytes);
        let link = self.repository.join(kind).join(digest.replace(':', "/"));
        write(&link.join("link"), digest.as_bytes());
        digest
    }

    /// Makes a manifest the one under a tag.
    fn tag(&self, tag: &str, manifest: &Value) {
        let bytes = serde_json::to_vec(manifest).unwrap();
        let digest = self.put(&bytes, "_manifests/revisions");
        write(&self.current(tag), digest.as_bytes());
    }

    /// The manifest with a digest.
    fn manifest(&self, digest: &str) -> Value {
        serde_json::from_slice(&fs::read(self.data(digest)).unwrap()).unwrap()
    }

    /// The list of what is attached, with another bundle in the place of the published one.
    fn listing(&self, listed: &Value, published: &str, artifact: &Value, bundle: &[u8]) -> Value {
        let mut artifact = artifact.clone();
        artifact["layers"][0]["digest"] = json!(self.put(bundle, "_layers"));
        artifact["layers"][0]["size"] = json!(bundle.len());
        let bytes = serde_json::to_vec(&artifact).unwrap();
        let digest = self.put(&bytes, "_manifests/revisions");
        let mut list = listed.clone();
        for one in list["manifests"].as_array_mut().unwrap() {
            if one["digest"] == published {
                (one["digest"], one["size"]) = (json!(digest), json!(bytes.len()));
            }
        }
        list
    }

    fn tagged(&self, tag: &str) -> Value {
        self.manifest(&fs::read_to_string(self.current(tag)).unwrap())
    }

    /// The file with the bytes of a digest.
    fn data(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        let blobs = self.of_registry.join("blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }

    /// The file with the digest of the manifest under a tag.
    fn current(&self, tag: &str) -> PathBuf {
        let tags = self.repository.join("_manifests/tags");
        tags.join(tag).join("current/link")
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// A bundle that was changed and attached with all digests right is refused, with either kind of key;
/// the one that was published verifies, also by others.
#[test]
fn changed_bundles_are_refused_with_either_kind_of_key() {
    if !real("changed_bundles_are_refused_with_either_kind_of_key") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let port = site.place.registry.port;
    let tag = site.digest("good").replace(':', "-");
    for key in ["site", "stranger"] {
        let (from, to) = (
            format!("{}:good", site.layout),
            format!("127.0.0.1:{port}/{key}:v1"),
        );
        let (secret, policy) = (site.path(&format!("{key}.key")), site.path("lenient.toml"));
        let args = [
            "publish", &from, &to, "--key", &secret, "--policy", &policy, "-o", "json",
        ];
        let run = site.hpcctl(&[port], &args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report = run.json();
        let published = attached(&report, "statement.sigstore.json")["manifest"]
            .as_str()
            .unwrap();
        let bundle = document(&site, key, published);
        let public = format!("{key}.pub");
        let path = site.place.home.put("bundle.json", &bundle);
        let run = others(&site, &path, &public);
        assert_eq!(
            run.stdout, "openssl: verified\nsecuresystemslib: verified\n",
            "{}",
            run.stderr
        );

        let storage = Storage::new(&site, key);
        let (listed, artifact) = (storage.tagged(&tag), storage.manifest(published));
        let attach = |bundle: &[u8]| {
            let list = storage.listing(&listed, published, &artifact, bundle);
            storage.tag(&tag, &list);
        };
        let verify = || site.verify(&format!("{key}:v1"), &public);
        let good: Value = serde_json::from_slice(&bundle).unwrap();
        for (what, changed) in changed(&good) {
            attach(&changed);
            let run = verify();
            assert_eq!(run.code, 1, "{key}, {what}: {}{}", run.stdout, run.stderr);
            let path = site.place.home.put("changed.json", &changed);
            let run = others(&site, &path, &public);
            assert_eq!(
                run.stdout, "openssl: refused\nsecuresystemslib: refused\n",
                "{key}, {what}: {}",
                run.stderr
            );
        }
        attach(&bundle);
        let run = verify();
        assert_eq!(run.code, 0, "{key}: {}{}", run.stdout, run.stderr);
    }
}

#[test]
fn others_verify_the_signature() {
    if !real("others_verify_the_signature") {
        return;
    }
    let site = Site::new(Place::with_tls());
    let run = site.publish(&format!("{}:good", site.layout), "a:v1", "lenient.toml");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = run.json();
    let manifest = attached(&report, "statement.sigstore.json")["manifest"]
        .as_str()
        .unwrap();
    let bundle = document(&site, "a", manifest);
    let path = site.place.home.put("bundle.json", bundle);
    let good = others(&site, &path, "site.pub");
    assert_eq!(good.code, 0, "{}{}", good.stdout, good.stderr);
    assert_eq!(
        good.stdout,
        "openssl: verified\nsecuresystemslib: verified\n"
    );
    let text = fs::read_to_string(&path).unwrap();
    let bundle: Value = serde_json::from_str(&text).unwrap();
    let payload = bundle["dsseEnvelope"]["payload"].as_str().unwrap();
    let said = String::from_utf8(STANDARD.decode(payload).unwrap()).unwrap();
    let digest = site.digest("good");
    let other = site.digest("other");
    for (from, to) in [
        (
            digest.trim_start_matches("sha256:"),
            other.trim_start_matches("sha256:"),
        ),
        ("/a\"", "/b\""),
        ("allow", "allow "),
    ] {
        let changed = said.replace(from, to);
        assert_ne!(changed, said, "{from}");
        let changed = text.replace(payload, &STANDARD.encode(changed));
        let path = site.place.home.put("changed.json", changed);
        let bad = others(&site, &path, "site.pub");
        assert_eq!(
            bad.stdout, "openssl: refused\nsecuresystemslib: refused\n",
            "{from}: {}",
            bad.stderr
        );
    }
}
