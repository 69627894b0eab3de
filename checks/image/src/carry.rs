//! One platform of an image, carried byte for byte into a layout in a directory.
//!
//! The documents are those of the OCI image specification 1.1 ("Image Layout", "Image Manifest").

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use hpcctl_registry::{Digest, Manifest, Source, SourceError, copy_blob};
use serde::Deserialize;
use serde_json::json;

use crate::blob::Blob;
use crate::config::Config;
use crate::format::{check_platform, child_for_platform};
use crate::layer::Plan;
use crate::{Error, Limits, Options, Platform, Progress};

/// Indexes that may lie in one another.
const NESTED: usize = 4;

/// The media type of a manifest that says none.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image for one platform, of which only the documents were read.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// Its manifest.
    pub manifest: Manifest,
    /// The documents that were read on the way to it, itself included.
    pub documents: usize,
    /// The configuration and the layers: digest and size.
    pub blobs: Vec<(Digest, u64)>,
    /// The platform that was asked for.
    pub platform: Option<Platform>,
}

#[derive(Deserialize)]
struct Descriptor {
    digest: Digest,
    size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(default)]
    media_type: Option<String>,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Chosen {
    /// Bytes of the blobs.
    pub fn bytes(&self) -> u64 {
        let sizes = self.blobs.iter().map(|(_, size)| size);
        sizes.fold(0, |sum: u64, size| sum.saturating_add(*size))
    }
}

/// Chooses the image for a platform, or for this machine.
///
/// # Errors
///
/// When there is none, or a document cannot be read.
pub fn choose(
    source: &dyn Source,
    platform: Option<&Platform>,
    limits: &Limits,
) -> Result<Chosen, Error> {
    let name = source.name();
    let path = Path::new(&name);
    let plan = Plan::new(&Options {
        platform: platform.cloned(),
        limits: limits.clone(),
        ..Options::default()
    })?;
    let mut manifest = source.root().clone();
    for documents in 1..=NESTED {
        match child_for_platform(&manifest.bytes, path, &plan)? {
            Some(child) => manifest = named(source, &child, limits)?,
            None => {
                let blobs = blobs(&mut manifest, limits);
                return Ok(Chosen {
                    blobs: blobs.map_err(|why| Error::not_an_image(path, why))?,
                    manifest,
                    documents,
                    platform: platform.cloned(),
                });
            }
        }
    }
    Err(Error::not_an_image(
        path,
        "its indexes are nested too deeply",
    ))
}

/// The manifest that an index names.
fn named(source: &dyn Source, digest: &str, limits: &Limits) -> Result<Manifest, Error> {
    let refuse = |why: String| Error::not_an_image(source.name(), why);
    let known = |()| refuse(format!("{digest:?} is not a digest that is known"));
    let digest: Digest = digest.parse().map_err(known)?;
    let bytes = source.manifest(&digest, limits.document_bytes);
    let bytes = bytes.map_err(|error| refuse(format!("{digest}: {error}")))?;
    let actual = digest.same_kind(&bytes);
    if actual != digest {
        let why = format!("the digest of a manifest is {actual}, not {digest}");
        return Err(refuse(why));
    }
    Ok(Manifest {
        bytes,
        digest,
        media_type: String::new(),
    })
}

/// The configuration and the layers that a manifest names, each once; its media type becomes the
/// one that it says itself.
fn blobs(manifest: &mut Manifest, limits: &Limits) -> Result<Vec<(Digest, u64)>, String> {
    let document: Document = serde_json::from_slice(&manifest.bytes)
        .map_err(|error| format!("its manifest: {error}"))?;
    if document.layers.len() > limits.layers {
        return Err(format!("it has more than {} layers", limits.layers));
    }
    if let Some(said) = document.media_type {
        manifest.media_type = said;
    }
    if manifest.media_type.is_empty() {
        MANIFEST.clone_into(&mut manifest.media_type);
    }
    let mut seen: Vec<(Digest, u64)> = Vec::new();
    for blob in std::iter::once(document.config).chain(document.layers) {
        if !seen.iter().any(|(digest, _)| *digest == blob.digest) {
            seen.push((blob.digest, blob.size));
        }
    }
    Ok(seen)
}

/// Writes an image into a new layout in a directory, each blob once and checked by its digest;
/// returns the environment that its configuration sets, `NAME=VALUE` each.
///
/// # Errors
///
/// When a blob cannot be read, is another than the manifest says, or cannot be written.
pub fn carry(
    source: &dyn Source,
    chosen: &Chosen,
    to: &Path,
    limits: &Limits,
    progress: &(dyn Progress + Sync),
) -> Result<Vec<String>, Error> {
    let name = source.name();
    let manifest = &chosen.manifest;
    progress.total(chosen.bytes());
    let mut set = Vec::new();
    for (place, (digest, size)) in chosen.blobs.iter().enumerate() {
        let wrong = |error: SourceError| Error::not_an_image(&name, format!("{digest}: {error}"));
        if *size > limits.layer_bytes {
            let why = format!("it is said to have {size} bytes");
            return Err(wrong(SourceError(why)));
        }
        progress.layer(&digest.to_string(), place + 1, chosen.blobs.len());
        let mut file = create(to, digest)?;
        let copied = copy_blob(source, digest, *size, &mut file, &|bytes| {
            progress.read(bytes);
        });
        copied.map_err(wrong)?;
        if place == 0 {
            // Before the layers, which are larger.
            let config = configuration(&to.join(path(digest)), &name, limits)?;
            let wanted = chosen.platform.as_ref();
            check_platform(wanted, config.platform(), Path::new(&name))?;
            set = config.environment();
        }
    }
    let writing = |error| Error::Writing(error);
    let mut file = create(to, &manifest.digest)?;
    file.write_all(&manifest.bytes).map_err(writing)?;
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": manifest.media_type,
            "digest": manifest.digest,
            "size": manifest.bytes.len(),
        }],
    });
    put(&to.join("index.json"), index.to_string().as_bytes()).map_err(writing)?;
    let version = json!({"imageLayoutVersion": "1.0.0"});
    put(&to.join("oci-layout"), version.to_string().as_bytes()).map_err(writing)?;
    Ok(set)
}

/// The configuration of an image, which lies in a file.
fn configuration(file: &Path, name: &str, limits: &Limits) -> Result<Config, Error> {
    let bytes = Blob::open(file)?.bytes(limits.document_bytes);
    let bytes = bytes.map_err(|error| Error::not_an_image(name, error.to_string()))?;
    Config::read(&bytes).map_err(|why| Error::not_an_image(name, why))
}

/// Where a blob lies in a layout.
fn path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm(), digest.hex())
}

fn create(to: &Path, digest: &Digest) -> Result<File, Error> {
    let path = to.join(path(digest));
    let above = path.parent().unwrap_or(to);
    let made = fs::create_dir_all(above).and_then(|()| File::create(&path));
    made.map_err(Error::Writing)
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create(path)?.write_all(bytes)
}
