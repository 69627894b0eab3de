//! An OCI image layout: `index.json`, manifests and blobs by their digests.
//!
//! The documents are those of the OCI image specification 1.1 ("Image Layout", "Image Index",
//! "Image Manifest").

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Contents, Opened};
use crate::archive::Archive;
use crate::blob::{Blob, sha256};
use crate::config::Config;
use crate::fault::Faults;
use crate::layer::LayerSource;
use crate::{Error, Limits};

/// Indexes that may lie in one another.
const NESTED: usize = 4;

/// The annotation that holds a tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// Where the blobs of a layout are.
pub(super) enum Layout {
    /// In a directory.
    Directory(PathBuf),
    /// In a tar.
    Archive(Archive),
}

/// A pointer to a blob.
#[derive(Debug, Clone, Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<HashMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Platform {
    os: String,
    architecture: String,
}

/// An index or a manifest: which it is shows in its fields.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    manifests: Option<Vec<Descriptor>>,
    #[serde(default)]
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Option<Vec<Descriptor>>,
}

/// Opens an image of a layout in a directory.
pub(super) fn open(path: &Path, tag: Option<&str>, limits: &Limits) -> Result<Opened, Error> {
    open_layout(&Layout::Directory(path.to_owned()), path, tag, limits)
}

/// Opens an image of a layout; `path` is for messages.
pub(super) fn open_layout(
    layout: &Layout,
    path: &Path,
    tag: Option<&str>,
    limits: &Limits,
) -> Result<Opened, Error> {
    let opening = Opening {
        layout,
        path,
        limits,
    };
    let top = opening.parse(&opening.named("index.json")?)?;
    let manifests = top
        .manifests
        .ok_or_else(|| opening.refuse("its index.json lists no images"))?;
    let mut chosen = opening.by_tag(manifests, tag)?;
    for _ in 0..NESTED {
        let document = opening.parse(&opening.blob(&chosen.digest)?)?;
        match document.manifests {
            Some(manifests) => chosen = opening.by_platform(manifests)?,
            None => return opening.image(&chosen.digest, document),
        }
    }
    Err(opening.refuse("its indexes are nested too deeply"))
}

struct Opening<'a> {
    layout: &'a Layout,
    path: &'a Path,
    limits: &'a Limits,
}

impl Opening<'_> {
    fn refuse(&self, why: impl Into<String>) -> Error {
        Error::not_an_image(self.path, why)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Document, Error> {
        serde_json::from_slice(bytes).map_err(|error| self.refuse(error.to_string()))
    }

    fn find(&self, name: &str) -> Result<Blob, Error> {
        match self.layout {
            Layout::Directory(path) => Blob::open(&path.join(name)),
            Layout::Archive(archive) => archive
                .get(name)
                .ok_or_else(|| self.refuse(format!("it has no {name}"))),
        }
    }

    fn named(&self, name: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.find(name)?.bytes(self.limits.document_bytes);
        bytes.map_err(|error| self.refuse(format!("{name}: {error}")))
    }

    /// A document whose bytes have the digest by which it is named.
    fn blob(&self, digest: &str) -> Result<Vec<u8>, Error> {
        let bytes = self.named(&self.place(digest)?)?;
        let actual = sha256(&bytes);
        if actual == digest {
            return Ok(bytes);
        }
        Err(self.refuse(format!(
            "the digest of a document is {actual}, not {digest}"
        )))
    }

    /// The path of a blob; a digest that is not one never becomes a path.
    fn place(&self, digest: &str) -> Result<String, Error> {
        let (kind, hex) = digest.split_once(':').unwrap_or_default();
        let plain =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if plain(kind) && plain(hex) && hex.len() <= 128 {
            Ok(format!("blobs/{kind}/{hex}"))
        } else {
            Err(self.refuse(format!("{digest:?} is not a digest")))
        }
    }

    fn by_tag(&self, mut all: Vec<Descriptor>, tag: Option<&str>) -> Result<Descriptor, Error> {
        let of = |one: &Descriptor| one.annotations.as_ref()?.get(TAG).cloned();
        let mut tags: Vec<String> = all.iter().filter_map(of).collect();
        tags.sort();
        tags.dedup();
        let choices = tags.join(", ");
        match tag {
            Some(tag) => {
                all.retain(|one| of(one).as_deref() == Some(tag));
                if all.is_empty() {
                    return Err(
                        self.refuse(format!("it has no tag {tag:?}; its tags are: {choices}"))
                    );
                }
            }
            None if tags.len() > 1 => {
                return Err(Error::Ambiguous {
                    path: self.path.to_owned(),
                    choices,
                });
            }
            None => {}
        }
        self.by_platform(all)
    }

    /// The image for Linux on this machine; a single image is taken whatever it is for.
    fn by_platform(&self, mut all: Vec<Descriptor>) -> Result<Descriptor, Error> {
        // Attestations lie beside images, for a platform that does not exist.
        let is_image = |one: &Descriptor| one.platform.as_ref().is_none_or(|p| p.os != "unknown");
        all.retain(is_image);
        all.dedup_by(|a, b| a.digest == b.digest);
        let wanted = Platform {
            os: "linux".into(),
            architecture: architecture().into(),
        };
        if all.len() > 1 {
            let place = all
                .iter()
                .position(|one| one.platform.as_ref() == Some(&wanted));
            let Some(place) = place else {
                return Err(self.no_platform(&all));
            };
            return Ok(all.swap_remove(place));
        }
        all.pop()
            .ok_or_else(|| self.refuse("an index of it lists no images"))
    }

    fn no_platform(&self, all: &[Descriptor]) -> Error {
        let platforms = all.iter().map(|one| match &one.platform {
            Some(platform) => format!("{}/{}", platform.os, platform.architecture),
            None => one.digest.clone(),
        });
        let choices = platforms.collect::<Vec<_>>().join(", ");
        Error::NoPlatform {
            path: self.path.to_owned(),
            wanted: format!("linux/{}", architecture()),
            choices,
        }
    }

    fn image(&self, digest: &str, manifest: Document) -> Result<Opened, Error> {
        let mut faults = Faults::default();
        let config = manifest
            .config
            .ok_or_else(|| self.refuse("its manifest has no config"))?;
        let layers = manifest
            .layers
            .ok_or_else(|| self.refuse("its manifest has no layers"))?;
        if layers.len() > self.limits.layers {
            return Err(self.refuse(format!("it has more than {} layers", self.limits.layers)));
        }
        // Without a configuration the layers can still be read, but not checked in full.
        let config = match self
            .blob(&config.digest)
            .and_then(|bytes| Config::read(&bytes).map_err(|why| self.refuse(why)))
        {
            Ok(config) => config,
            Err(error) => {
                faults.add("configuration", error.to_string());
                Config::default()
            }
        };
        if layers.len() != config.diff_ids().len() {
            let why = format!(
                "{} layers, but {} diff_ids",
                layers.len(),
                config.diff_ids().len()
            );
            faults.add("configuration", why);
        }
        let made = config.created_by(layers.len());
        let sources =
            layers
                .into_iter()
                .zip(made)
                .enumerate()
                .map(|(place, (layer, created_by))| {
                    let blob = self.place(&layer.digest).and_then(|name| self.find(&name));
                    LayerSource {
                        blob: blob.map_err(|error| error.to_string()),
                        digest: Some(layer.digest),
                        diff_id: config.diff_ids().get(place).cloned(),
                        created_by,
                    }
                });
        let contents = Contents::Layers(sources.collect());
        Ok(Opened {
            digest: Some(digest.to_owned()),
            contents,
            faults,
        })
    }
}

/// This machine's architecture, as images name it (Go's `GOARCH`).
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        "x86" => "386",
        other => other,
    }
}
