//! An OCI image layout: `index.json`, manifests and blobs by their digests.
//!
//! The documents are those of the OCI image specification 1.1 ("Image Layout", "Image Index",
//! "Image Manifest").

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use hpcctl_registry::{Digest, Manifest, Repository};
use serde::Deserialize;

use super::{Opened, Session, registry};
use crate::archive::Archive;
use crate::blob::{Blob, sha256};
use crate::config::Config;
use crate::documents::{DocumentText, texts};
use crate::fault::Faults;
use crate::layer::{LayerSource, Partition, Plan, Stored};
use crate::sif::Sif;
use crate::squashfs;
use crate::{Error, Limits, Platform, Source};

/// Indexes that may lie in one another.
const NESTED: usize = 4;

/// Platforms that are named where none fits.
const CHOICES: usize = 40;

/// How an index is called in the places of its texts.
pub(crate) const INDEX: &str = "index";

/// The annotation that holds a tag.
const TAG: &str = "org.opencontainers.image.ref.name";

/// Where the blobs of a layout are.
pub(super) enum Layout {
    /// In a directory.
    Directory(PathBuf),
    /// In a tar.
    Archive(Archive),
    /// In a registry.
    Registry(Repository),
    /// In the objects of a SIF image.
    Sif(Sif),
}

/// A pointer to a blob.
#[derive(Debug, Clone, Deserialize)]
struct Descriptor {
    digest: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default)]
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<HashMap<String, String>>,
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
    /// Every string of it.
    #[serde(skip)]
    texts: Vec<DocumentText>,
}

/// Opens an image of a layout in a directory.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let layout = Layout::Directory(source.path().to_owned());
    open_layout(&layout, source, session.plan)
}

/// Opens an image of a layout.
pub(super) fn open_layout(layout: &Layout, source: &Source, plan: &Plan) -> Result<Opened, Error> {
    let opening = Opening::new(layout, source.path().to_owned(), plan);
    let top = opening.parse(&opening.named("index.json")?)?;
    let manifests = top
        .manifests
        .ok_or_else(|| opening.refuse("its index.json lists no images"))?;
    let tag = match source {
        Source::OciLayout(_, tag) => tag.as_deref(),
        _ => None,
    };
    let choice = opening.by_tag(manifests, tag)?;
    let mut document = opening.parse(&opening.manifest(&choice.chosen.digest)?)?;
    document.texts.extend(top.texts);
    opening.descend(choice, document)
}

/// Opens the image of a manifest or an index that a registry gave out.
pub(super) fn open_manifest(
    layout: &Layout,
    source: &Source,
    manifest: Manifest,
    plan: &Plan,
) -> Result<Opened, Error> {
    let name = match source {
        Source::Registry(name) => name.to_string(),
        other => other.path().display().to_string(),
    };
    let opening = Opening::new(layout, PathBuf::from(name), plan);
    let document = opening.parse(&manifest.bytes)?;
    let named = Descriptor {
        digest: manifest.digest.to_string(),
        size: None,
        platform: None,
        annotations: None,
    };
    let choice = Choice {
        chosen: named,
        others: Vec::new(),
    };
    opening.descend(choice, document)
}

/// The digest of the image for the platform that is asked for, of those that an index names; none
/// where the document is no index.
pub(crate) fn child(bytes: &[u8], path: &Path, plan: &Plan) -> Result<Option<String>, Error> {
    let layout = Layout::Directory(PathBuf::new());
    let opening = Opening::new(&layout, path.to_owned(), plan);
    let manifests = opening.parse(bytes)?.manifests;
    let choice = manifests.map(|all| opening.by_platform(all));
    Ok(choice.transpose()?.map(|choice| choice.chosen.digest))
}

/// What was chosen of an index.
struct Choice {
    chosen: Descriptor,
    /// The platforms, or digests, of the images that were not.
    others: Vec<String>,
}

struct Opening<'a> {
    layout: &'a Layout,
    /// Where the image is, for messages.
    path: PathBuf,
    limits: &'a Limits,
    /// The platform that is asked for.
    platform: Option<&'a Platform>,
}

impl<'a> Opening<'a> {
    fn new(layout: &'a Layout, path: PathBuf, plan: &'a Plan) -> Self {
        Self {
            layout,
            path,
            limits: &plan.limits,
            platform: plan.platform.as_ref(),
        }
    }

    /// From an index down to an image.
    fn descend(&self, from: Choice, document: Document) -> Result<Opened, Error> {
        let (mut choice, mut document) = (from, document);
        for _ in 0..NESTED {
            let above = choice.others;
            match document.manifests {
                Some(manifests) => choice = self.by_platform(manifests)?,
                None => {
                    return Ok(Opened {
                        other_platforms: above,
                        ..self.image(choice.chosen, document)?
                    });
                }
            }
            choice.others.extend(above);
            let above = document.texts;
            document = self.parse(&self.manifest(&choice.chosen.digest)?)?;
            document.texts.extend(above);
        }
        Err(self.refuse("its indexes are nested too deeply"))
    }

    fn refuse(&self, why: impl Into<String>) -> Error {
        Error::not_an_image(&self.path, why)
    }

    fn parse(&self, bytes: &[u8]) -> Result<Document, Error> {
        let read = serde_json::from_slice(bytes);
        let read: Document = read.map_err(|error| self.refuse(error.to_string()))?;
        let name = match &read.manifests {
            Some(_) => INDEX,
            None => "manifest",
        };
        Ok(Document {
            texts: texts(name, bytes),
            ..read
        })
    }

    /// The bytes of a layer.
    fn layer(&self, layer: &Descriptor) -> Result<Stored, String> {
        let place = || self.place(&layer.digest).map_err(|error| error.to_string());
        match self.layout {
            Layout::Directory(path) => Blob::open(&path.join(place()?))
                .map(Stored::Tar)
                .map_err(|error| error.to_string()),
            Layout::Archive(archive) => archive.layer(&place()?),
            Layout::Sif(sif) => {
                let blob = sif.in_layout(&place()?);
                let blob = blob.ok_or_else(|| format!("the image has no {}", layer.digest))?;
                Ok(in_sif(blob))
            }
            Layout::Registry(repository) => {
                let most = self.limits.layer_bytes;
                registry::layer(repository, &layer.digest, layer.size, most).map(Stored::Tar)
            }
        }
    }

    fn named(&self, name: &str) -> Result<Vec<u8>, Error> {
        let bytes = match self.layout {
            Layout::Directory(path) => {
                Blob::open(&path.join(name))?.bytes(self.limits.document_bytes)
            }
            Layout::Archive(archive) => archive.document(name, self.limits),
            Layout::Sif(sif) => match sif.in_layout(name) {
                Some(blob) => blob.bytes(self.limits.document_bytes),
                None => Err(io::ErrorKind::NotFound.into()),
            },
            Layout::Registry(_) => {
                return Err(self.refuse(format!("a registry has no {name}")));
            }
        };
        bytes.map_err(|error| self.refuse(format!("{name}: {error}")))
    }

    /// A manifest or an index whose bytes have the digest by which it is named.
    fn manifest(&self, digest: &str) -> Result<Vec<u8>, Error> {
        match self.layout {
            Layout::Registry(repository) => {
                let digest = self.digest(digest)?.to_string();
                let manifest = repository.manifest(&digest, self.limits.document_bytes)?;
                Ok(manifest.bytes)
            }
            _ => self.blob(digest),
        }
    }

    fn digest(&self, text: &str) -> Result<Digest, Error> {
        let digest = text.parse();
        digest.map_err(|()| self.refuse(format!("{text:?} is not a digest that is known")))
    }

    /// A document whose bytes have the digest by which it is named.
    fn blob(&self, digest: &str) -> Result<Vec<u8>, Error> {
        if let Layout::Registry(repository) = self.layout {
            let digest = self.digest(digest)?;
            return Ok(repository.document(&digest, self.limits.document_bytes)?);
        }
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

    fn by_tag(&self, mut all: Vec<Descriptor>, tag: Option<&str>) -> Result<Choice, Error> {
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
                all.dedup_by(|a, b| a.digest == b.digest);
                if all.len() > 1 && all.iter().all(|one| one.platform.is_none()) {
                    let why = format!("{} images of it have the tag {tag:?}", all.len());
                    return Err(self.refuse(why));
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

    /// The image for the platform that is asked for, or for Linux on this machine; a single
    /// image is taken whatever it is for, unless one is asked for.
    fn by_platform(&self, mut all: Vec<Descriptor>) -> Result<Choice, Error> {
        // Attestations lie beside images, for a platform that does not exist.
        let is_image = |one: &Descriptor| one.platform.as_ref().is_none_or(|p| p.os != "unknown");
        all.retain(is_image);
        all.dedup_by(|a, b| a.digest == b.digest);
        let here = Platform::here();
        let wanted = self.platform.unwrap_or(&here);
        let offered: Vec<_> = all.iter().map(|one| one.platform.as_ref()).collect();
        let place = match (all.len(), self.platform) {
            (0, _) => return Err(self.refuse("an index of it lists no images")),
            (1, None) => 0,
            // What does not say what it is for shows it in its configuration.
            (1, Some(_)) if offered[0].is_none() => 0,
            _ => match wanted.choose(&offered) {
                Some(place) => place,
                None => return Err(self.no_platform(wanted, &all)),
            },
        };
        let chosen = all.remove(place);
        all.retain(|one| one.digest != chosen.digest);
        let others = platforms(&all);
        Ok(Choice { chosen, others })
    }

    fn no_platform(&self, wanted: &Platform, all: &[Descriptor]) -> Error {
        let mut choices = platforms(all);
        choices.truncate(CHOICES);
        Error::NoPlatform {
            path: self.path.clone(),
            wanted: wanted.to_string(),
            choices: choices.join(", "),
        }
    }

    fn image(&self, chosen: Descriptor, manifest: Document) -> Result<Opened, Error> {
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
        if chosen.platform.is_none() {
            check_platform(self.platform, config.platform(), &self.path)?;
        }
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
                .map(|(place, (layer, created_by))| LayerSource {
                    stored: self.layer(&layer),
                    digest: Some(layer.digest),
                    diff_id: config.diff_ids().get(place).cloned(),
                    created_by,
                });
        let platform = chosen.platform.or_else(|| config.platform().cloned());
        let mut about = config.about();
        about.texts.extend(manifest.texts);
        Ok(Opened {
            config: about,
            digest: Some(chosen.digest),
            platform,
            layers: sources.collect(),
            whiteouts: true,
            faults,
            ..Opened::default()
        })
    }
}

/// What images are for, each once; of one that does not say so its digest.
fn platforms(all: &[Descriptor]) -> Vec<String> {
    let mut seen = HashSet::new();
    let names = all.iter().map(|one| {
        let platform = one.platform.as_ref().map(ToString::to_string);
        platform.unwrap_or_else(|| one.digest.clone())
    });
    names.filter(|name| seen.insert(name.clone())).collect()
}

/// A layer of an OCI image in a SIF image, which is mostly a squashfs
/// (`application/vnd.sylabs.image.layer.v1.squashfs`).
fn in_sif(blob: Blob) -> Stored {
    if !blob.has(0, squashfs::MAGIC) {
        return Stored::Tar(blob);
    }
    Stored::Squashfs(Partition {
        is_layer: true,
        ..Partition::whole(blob)
    })
}

/// Refuses an image that is for another platform than the one that is asked for.
pub(crate) fn check_platform(
    wanted: Option<&Platform>,
    offered: Option<&Platform>,
    path: &Path,
) -> Result<(), Error> {
    match (wanted, offered) {
        (Some(wanted), Some(offered)) if !wanted.takes(offered) => Err(Error::NoPlatform {
            path: path.to_owned(),
            wanted: wanted.to_string(),
            choices: offered.to_string(),
        }),
        _ => Ok(()),
    }
}
