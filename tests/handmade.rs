//! Small images that the tests write themselves, and their digests.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A path with control characters, which must not reach a terminal as they are.
pub const HOSTILE: &str = "usr/share/evil\u{1b}[2J/notice";

/// A digest without its prefix.
pub fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tar of these files.
pub fn tar(files: &[(&str, u32, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, mode, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(*mode);
        builder.append_data(&mut header, path, *bytes).unwrap();
    }
    builder.into_inner().unwrap()
}

/// A layer with two packages of Debian, one under MIT and one without a licence, and a file with
/// a hostile path.
pub fn debian() -> Vec<u8> {
    let status = "Package: good\nStatus: install ok installed\nVersion: 1.0-1\nArchitecture: amd64\n\n\
                  Package: silent\nStatus: install ok installed\nVersion: 2\nArchitecture: all\n\n";
    let copyright = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
                     Files: *\nCopyright: 2026 A\nLicense: MIT\n";
    tar(&[
        ("etc/os-release", 0o644, b"ID=debian\nVERSION_ID=\"12\"\n"),
        ("var/lib/dpkg/status", 0o644, status.as_bytes()),
        ("usr/share/doc/good/copyright", 0o644, copyright.as_bytes()),
        (HOSTILE, 0o644, b"SPDX-License-Identifier: ISC\n"),
    ])
}

/// The configuration of an image of at most one layer.
fn config(architecture: &str, config: &Value, layer: Option<&[u8]>) -> String {
    let diff_ids: Vec<String> = layer
        .iter()
        .map(|it| format!("sha256:{}", sha256(it)))
        .collect();
    let history: Vec<Value> = layer
        .iter()
        .map(|_| json!({"created_by": "COPY files /"}))
        .collect();
    let image = json!({
        "architecture": architecture, "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": diff_ids}, "history": history,
    });
    image.to_string()
}

/// [`debian`] as a docker-archive.
pub fn docker_archive(dir: &Path) -> PathBuf {
    let layer = debian();
    let config = config("amd64", &json!({}), Some(&layer));
    let name = format!("{}.json", sha256(config.as_bytes()));
    let manifest = json!([{
        "Config": name, "RepoTags": ["test:latest"], "Layers": ["layer/layer.tar"],
    }]);
    let archive = tar(&[
        (&name, 0o644, config.as_bytes()),
        ("layer/layer.tar", 0o644, &layer),
        ("manifest.json", 0o644, manifest.to_string().as_bytes()),
    ]);
    let path = dir.join("image.tar");
    fs::write(&path, archive).unwrap();
    path
}

/// An OCI layout of one image in this directory; returns the digest of its manifest.
pub fn layout(dir: &Path, architecture: &str, settings: &Value, layer: Option<&[u8]>) -> String {
    let blobs = dir.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap();
    let put = |kind: &str, bytes: &[u8]| {
        let hex = sha256(bytes);
        fs::write(blobs.join(&hex), bytes).unwrap();
        json!({"mediaType": format!("application/vnd.oci.image.{kind}"),
               "digest": format!("sha256:{hex}"), "size": bytes.len()})
    };
    let config = config(architecture, settings, layer);
    let layers: Vec<Value> = layer.iter().map(|it| put("layer.v1.tar", it)).collect();
    let manifest = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put("config.v1+json", config.as_bytes()), "layers": layers,
    });
    let mut manifest = put("manifest.v1+json", manifest.to_string().as_bytes());
    manifest["platform"] = json!({"os": "linux", "architecture": architecture});
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    fs::write(dir.join("index.json"), index.to_string()).unwrap();
    fs::write(dir.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    manifest["digest"].as_str().unwrap().to_owned()
}

/// Changes the manifest and the configuration of the one image of a layout; returns the digest that
/// the manifest has now.
pub fn changed(layout: &Path, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let read =
        |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    let of = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap();
        let hex = digest.trim_start_matches("sha256:");
        read(layout.join("blobs/sha256").join(hex))
    };
    let put = |descriptor: &mut Value, document: &Value| {
        let bytes = document.to_string();
        fs::write(blob(layout, bytes.as_bytes()), &bytes).unwrap();
        descriptor["digest"] = json!(format!("sha256:{}", sha256(bytes.as_bytes())));
        descriptor["size"] = json!(bytes.len());
    };
    let mut index = read(layout.join("index.json"));
    let mut manifest = of(&index["manifests"][0]);
    let mut config = of(&manifest["config"]);
    change(&mut manifest, &mut config);
    put(&mut manifest["config"], &config);
    put(&mut index["manifests"][0], &manifest);
    fs::write(layout.join("index.json"), index.to_string()).unwrap();
    index["manifests"][0]["digest"].as_str().unwrap().to_owned()
}

/// Where a layout has a blob.
pub fn blob(layout: &Path, bytes: &[u8]) -> PathBuf {
    layout.join("blobs/sha256").join(sha256(bytes))
}
