//! Builds layers and images; no tool of the host is needed.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use hpcctl_image::{LicenseFiles, Options, Reference, Scanned, Silent, Source, scan};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};
use tempfile::TempDir;

/// The text of the ISC licence, which is short.
pub const ISC: &str = "Permission to use, copy, modify, and/or distribute this software for any \
purpose with or without fee is hereby granted, provided that the above copyright notice and this \
permission notice appear in all copies.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\" AND THE AUTHOR \
DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF \
MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT, \
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR \
PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR \
IN CONNECTION WITH THE USE OR PERFORMANCE OF THIS SOFTWARE.\n";

/// A layer's tar while it is built.
pub struct Layer(Builder<Vec<u8>>);

impl Layer {
    pub fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let content = content.as_ref();
        let mut header = header(EntryType::Regular, content.len() as u64);
        self.0.append_data(&mut header, path, content).unwrap();
        self
    }

    pub fn directory(mut self, path: &str) -> Self {
        let mut header = header(EntryType::Directory, 0);
        self.0.append_data(&mut header, path, &b""[..]).unwrap();
        self
    }

    pub fn link(mut self, kind: EntryType, path: &str, target: &str) -> Self {
        let mut header = header(kind, 0);
        self.0.append_link(&mut header, path, target).unwrap();
        self
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.link(EntryType::Symlink, path, target)
    }

    /// An entry of these permission bits; a device is number 1:3.
    pub fn with_mode(mut self, kind: EntryType, path: &str, mode: u32, content: &[u8]) -> Self {
        let mut header = header(kind, content.len() as u64);
        header.set_mode(mode);
        if kind == EntryType::Char {
            header.set_device_major(1).unwrap();
            header.set_device_minor(3).unwrap();
        }
        self.0.append_data(&mut header, path, content).unwrap();
        self
    }

    /// A pax header of these records, then an entry of these stored bytes.
    pub fn pax(mut self, records: &[(&str, &str)], path: &str, stored: &[u8]) -> Self {
        let records = records.iter().map(|(key, value)| (*key, value.as_bytes()));
        self.0.append_pax_extensions(records).unwrap();
        self.file(path, stored)
    }

    /// An entry whose name the builder would refuse, with a size it may not have.
    pub fn raw(mut self, kind: EntryType, path: &[u8], size: u64, content: &[u8]) -> Self {
        let mut header = header(kind, size);
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.set_cksum();
        let inner = self.0.get_mut();
        inner.extend_from_slice(header.as_bytes());
        inner.extend_from_slice(content);
        let padded = inner.len().next_multiple_of(512);
        inner.resize(padded, 0);
        self
    }

    pub fn tar(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

pub fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

/// A way to compress.
pub type Compress = fn(&[u8]) -> Vec<u8>;

/// Every compression, with the end of its media type.
pub const COMPRESSIONS: &[(&str, Compress)] = &[
    ("tar", <[u8]>::to_vec),
    ("tar+gzip", gzip),
    ("tar+zstd", zstd),
    ("tar+bzip2", bzip2),
    ("tar+xz", xz),
    ("tar+lz4", lz4),
];

/// A configuration for layers by their plain tars.
pub fn config(tars: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<String> = tars.iter().map(|tar| digest(tar)).collect();
    let mut history: Vec<Value> = (0..tars.len())
        .map(|n| json!({ "created_by": format!("step {n}") }))
        .collect();
    history.insert(0, json!({ "created_by": "ENV A=b", "empty_layer": true }));
    let config = json!({
        "architecture": "amd64", "os": "linux",
        "rootfs": { "type": "layers", "diff_ids": diff_ids }, "history": history,
    });
    config.to_string().into_bytes()
}

/// A docker-archive of plain layers.
pub fn docker_archive(tars: &[Vec<u8>]) -> Vec<u8> {
    docker_archive_of(tars, tars)
}

/// A docker-archive of layers that are stored as `stored`.
pub fn docker_archive_of(tars: &[Vec<u8>], stored: &[Vec<u8>]) -> Vec<u8> {
    let names: Vec<String> = (0..tars.len()).map(|n| format!("{n}/layer.tar")).collect();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [], "Layers": names }]);
    let mut archive = Layer::new();
    for (name, bytes) in names.iter().zip(stored) {
        archive = archive.file(name, bytes);
    }
    let archive = archive.file("config.json", config(tars));
    archive.file("manifest.json", manifest.to_string()).tar()
}

/// The files of an OCI layout whose layers are stored as `stored`.
pub fn layout(tars: &[Vec<u8>], stored: &[Vec<u8>]) -> Vec<(String, Vec<u8>)> {
    let config = config(tars);
    let layers: Vec<Value> = stored.iter().map(|bytes| descriptor(bytes)).collect();
    let manifest = json!({ "schemaVersion": 2, "config": descriptor(&config), "layers": layers });
    let manifest = manifest.to_string().into_bytes();
    let index = json!({ "schemaVersion": 2, "manifests": [descriptor(&manifest)] });
    let mut files = vec![
        (
            "oci-layout".to_owned(),
            br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec(),
        ),
        ("index.json".to_owned(), index.to_string().into_bytes()),
    ];
    files.extend(
        [&config, &manifest]
            .into_iter()
            .chain(stored)
            .map(|bytes| blob(bytes)),
    );
    files
}

/// The header of an ELF file of a kind (elf(5), `e_type`), and nothing else.
pub fn elf(kind: u8) -> Vec<u8> {
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(64, 0);
    head[16] = kind;
    head
}

pub fn blob(bytes: &[u8]) -> (String, Vec<u8>) {
    (
        format!("blobs/{}", digest(bytes).replace(':', "/")),
        bytes.to_vec(),
    )
}

pub fn descriptor(bytes: &[u8]) -> Value {
    json!({ "mediaType": "application/octet-stream", "digest": digest(bytes), "size": bytes.len() })
}

/// A place for images, removed with it.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::File::create(&path)
            .unwrap()
            .write_all(bytes.as_ref())
            .unwrap();
        path
    }

    pub fn put_all(&self, files: &[(String, Vec<u8>)]) {
        for (name, bytes) in files {
            self.put(name, bytes);
        }
    }
}

pub fn scan_source(source: Source) -> Scanned {
    scan(&Reference::from(source), &Options::default(), &Silent).unwrap()
}

/// Scans plain layers as a docker-archive.
pub fn scan_layers(tars: &[Vec<u8>]) -> Scanned {
    scan_with(tars, &Options::default())
}

/// Scans plain layers as a docker-archive, with these options.
pub fn scan_with(tars: &[Vec<u8>], options: &Options) -> Scanned {
    let place = Place::new();
    let source = Source::DockerArchive(place.put("image.tar", docker_archive(tars)));
    scan(&Reference::from(source), options, &Silent).unwrap()
}

/// Scans one stored layer, which may be broken, in an OCI layout.
pub fn scan_stored(tar: &[u8], stored: &[u8]) -> Scanned {
    let place = Place::new();
    place.put_all(&layout(&[tar.to_vec()], &[stored.to_vec()]));
    scan_source(Source::OciLayout(place.path().to_owned(), None))
}

pub fn declared_only() -> Options {
    Options {
        licenses: LicenseFiles::Declared,
        ..Options::default()
    }
}

/// A stanza of a dpkg status file.
pub fn deb(name: &str, version: &str) -> String {
    format!(
        "Package: {name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {version}\n\
         Maintainer: M <m@example.org>\n\n"
    )
}

pub const STATUS: &str = "var/lib/dpkg/status";

/// The packages as `name version`.
pub fn names(scanned: &Scanned) -> Vec<String> {
    let packages = scanned.scan.packages.iter();
    packages
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

/// The paths of the files that bear a licence.
pub fn files(scanned: &Scanned) -> Vec<&str> {
    scanned.scan.files.iter().map(|file| &*file.path).collect()
}

/// All that could not be read, as one text.
pub fn unknowns(scanned: &Scanned) -> String {
    let lines = scanned
        .unknowns
        .iter()
        .map(|unknown| format!("{}: {}\n", unknown.what, unknown.why));
    lines.collect()
}
