//! What hostile inputs are made of: tars, streams that grow, images around layers.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const MIB: usize = 1024 * 1024;

/// The end of a tar.
pub const END: [u8; 1024] = [0; 1024];

/// The header of an entry, whose size may be any.
pub fn head(path: &str, size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_path(path).unwrap();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// An entry, padded.
pub fn entry(path: &str, content: &[u8]) -> Vec<u8> {
    let mut entry = head(path, content.len() as u64);
    entry.extend(content);
    entry.resize(entry.len().next_multiple_of(512), 0);
    entry
}

/// An entry of any path.
pub fn long_entry(path: &str, content: &[u8]) -> Vec<u8> {
    let record = |length: usize| format!("{length} path={path}\n");
    let mut length = record(0).len();
    while record(length).len() != length {
        length = record(length).len();
    }
    let record = record(length);
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::XHeader);
    header.set_size(record.len() as u64);
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend(record.as_bytes());
    out.resize(out.len().next_multiple_of(512), 0);
    out.extend(entry("x", content));
    out
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A layer with one file of so many MiB of zeros, compressed: streams that follow one another.
pub fn bomb(compress: fn(&[u8]) -> Vec<u8>, mebibytes: usize) -> Vec<u8> {
    const STEP: usize = 16;
    let zeros = compress(&vec![0; STEP * MIB]);
    let mut out = compress(&head("zeros", (mebibytes * MIB) as u64));
    for _ in 0..mebibytes / STEP {
        out.extend(&zeros);
    }
    out.extend(compress(&END));
    out
}

pub fn put(place: &Path, name: &str, bytes: &[u8]) -> String {
    let path = place.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn blob(place: &Path, bytes: &[u8]) -> Value {
    let digest = digest(bytes);
    put(place, &format!("blobs/{}", digest.replace(':', "/")), bytes);
    json!({"mediaType": "application/octet-stream", "digest": digest, "size": bytes.len()})
}

/// An OCI layout of these stored layers; each as often as is said.
pub fn layout(place: &Path, layers: &[(Vec<u8>, usize)]) -> String {
    let mut list = Vec::new();
    for (bytes, times) in layers {
        let descriptor = blob(place, bytes);
        list.extend(std::iter::repeat_n(descriptor, *times));
    }
    image(place, &list)
}

/// An OCI layout of these descriptors.
pub fn image(place: &Path, layers: &[Value]) -> String {
    let diff_ids: Vec<String> = layers.iter().map(|_| digest(b"")).collect();
    described(place, layers, &diff_ids, &json!([]))
}

/// An OCI layout of one layer with a file, and of that history.
pub fn configured(place: &Path, history: &Value) -> String {
    let layer = [entry("a", b"a"), END.to_vec()].concat();
    let layers = [blob(place, &layer)];
    described(place, &layers, &[digest(&layer)], history)
}

fn described(place: &Path, layers: &[Value], diff_ids: &[String], history: &Value) -> String {
    let config = json!({"architecture": "amd64", "os": "linux", "history": history,
        "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = blob(place, config.to_string().as_bytes());
    let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
    let manifest = blob(place, manifest.to_string().as_bytes());
    let index = json!({"schemaVersion": 2, "manifests": [manifest]});
    put(place, "index.json", index.to_string().as_bytes());
    put(place, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#);
    format!("oci:{}", place.display())
}

/// A tar of a root file system with these files.
pub fn root(place: &Path, files: &[(&str, &[u8])]) -> String {
    let mut tar: Vec<u8> = files
        .iter()
        .flat_map(|(path, content)| entry(path, content))
        .collect();
    tar.extend(END);
    format!("tar:{}", put(place, "root.tar", &tar))
}

/// The stanza of a package of Debian.
pub fn deb(name: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n")
}

pub const STATUS: &str = "var/lib/dpkg/status";
