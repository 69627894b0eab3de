//! The signature, as other programs verify it.

use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hpcctl_registry::{Digest, Name};
use serde_json::Value;

use super::Site;
use crate::cli::Run;
use crate::push::Place;
use crate::real::real;

fn attached<'a>(report: &'a Value, title: &str) -> &'a Value {
    let attached = report["result"]["published"]["attached"]
        .as_array()
        .unwrap();
    attached
        .iter()
        .find(|document| document["title"] == title)
        .unwrap()
}

/// The bytes of the document of an artifact.
fn document(site: &Site, repository: &str, manifest: &str) -> Vec<u8> {
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
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify.py");
    let python = std::env::var_os("HPCCTL_PYTHON").unwrap();
    let others = |bundle: &Path, key: &str| {
        Run::of(
            Command::new(&python)
                .arg(script)
                .arg(bundle)
                .arg(site.path(key)),
        )
    };
    let good = others(&path, "site.pub");
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
        let bad = others(&path, "site.pub");
        assert_eq!(
            bad.stdout, "openssl: refused\nsecuresystemslib: refused\n",
            "{from}: {}",
            bad.stderr
        );
    }
}
