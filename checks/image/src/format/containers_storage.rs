//! The storage of Podman, Buildah, CRI-O and Skopeo, with the overlay and the vfs driver.
//!
//! `DRIVER-images/images.json` names the images and the top layer of each,
//! `DRIVER-layers/layers.json` the layers and the parent of each. The files of a layer lie in
//! `overlay/ID/diff` with the marks of overlayfs; `vfs/dir/ID` holds the whole tree.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Opened, Session};
use crate::blob::{Blob, sha256};
use crate::config::Config;
use crate::layer::{Directory, LayerSource, Stored};
use crate::named::{Named, choose, document, is_plain, is_real};
use crate::storage_conf::{Places, of_this_user};
use crate::{Error, Limits, Source, Store};

/// The drivers that are read.
const DRIVERS: &[&str] = &["overlay", "vfs"];

/// What to do where a file cannot be read.
const HINT: &str = "run hpcctl in `podman unshare` to read it";

/// Files beside an image that are looked at for its configuration.
const BIG_DATA: usize = 100;

#[derive(Debug, Deserialize)]
struct Image {
    id: String,
    #[serde(default)]
    digest: Option<String>,
    #[serde(default)]
    names: Option<Vec<String>>,
    #[serde(default)]
    layer: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Layer {
    id: String,
    #[serde(default)]
    parent: Option<String>,
    #[serde(default, rename = "compressed-diff-digest")]
    stored: Option<String>,
    #[serde(default, rename = "diff-digest")]
    plain: Option<String>,
}

/// A storage with one driver.
#[derive(Debug, Clone)]
struct Root {
    path: PathBuf,
    driver: &'static str,
}

/// Whether a directory is a storage.
pub(super) fn is_storage(path: &Path) -> bool {
    let has = |driver: &&str| path.join(format!("{driver}-images/images.json")).is_file();
    DRIVERS.iter().any(has)
}

/// Opens an image by its name.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let limits = &session.plan.limits;
    let store = source.store().cloned().unwrap_or_default();
    let places = places(&store);
    let roots = roots(&places)?;
    let mut images = Vec::new();
    let mut layers: HashMap<String, (Root, Layer)> = HashMap::new();
    for root in &roots {
        let images_at = root.file("images");
        for image in document::<Vec<Image>>(&images_at, limits)? {
            images.push(Named {
                names: image.names.clone().unwrap_or_default(),
                id: image.id.clone(),
                image: (root.clone(), image),
            });
        }
        for layer in document::<Vec<Layer>>(&root.file("layers"), limits)? {
            let entry = layers.entry(layer.id.clone());
            entry.or_insert_with(|| (root.clone(), layer));
        }
    }
    let (root, image) = choose(images, &store.name, &places.root)?.image;
    let chain = chain(&image.layer, &layers, limits);
    let chain = chain.map_err(|why| Error::not_an_image(&places.root, why))?;
    let config = config(&root, &image, limits);
    let mut opened = Opened {
        digest: image.digest,
        config: config.about(),
        ..Opened::default()
    };
    if root.driver == "vfs" {
        let top = chain.last().map(|(root, layer)| root.source(layer, None));
        opened.layers.extend(top);
    } else {
        let made = config.created_by(chain.len());
        let layers = chain.iter().zip(made);
        let sources = layers.map(|((root, layer), made)| root.source(layer, made));
        opened.layers.extend(sources);
        opened.whiteouts = true;
    }
    Ok(opened)
}

fn places(store: &Store) -> Places {
    let mut places = match &store.root {
        Some(root) => Places {
            root: root.clone(),
            driver: None,
            additional: Vec::new(),
        },
        None => of_this_user(),
    };
    if store.driver.is_some() {
        places.driver.clone_from(&store.driver);
    }
    places
}

/// The storages that there are, that of the user first.
fn roots(places: &Places) -> Result<Vec<Root>, Error> {
    if let Some(driver) = &places.driver
        && !DRIVERS.contains(&driver.as_str())
    {
        let why = format!(
            "its driver {driver} is not read: only {}",
            DRIVERS.join(" and ")
        );
        return Err(Error::not_an_image(&places.root, why));
    }
    let mut roots = Vec::new();
    for path in std::iter::once(&places.root).chain(&places.additional) {
        for driver in DRIVERS {
            let root = Root {
                path: path.clone(),
                driver,
            };
            let is_asked_for = places
                .driver
                .as_deref()
                .is_none_or(|asked| asked == *driver);
            if is_asked_for && root.file("images").is_file() {
                roots.push(root);
            }
        }
    }
    if roots.is_empty() {
        let why = "no images.json of the overlay or the vfs driver is in it";
        return Err(Error::not_an_image(&places.root, why));
    }
    Ok(roots)
}

/// The layers from the lowest to `top`.
fn chain<'l>(
    top: &str,
    layers: &'l HashMap<String, (Root, Layer)>,
    limits: &Limits,
) -> Result<Vec<&'l (Root, Layer)>, String> {
    let mut chain = Vec::new();
    let mut next = Some(top).filter(|top| !top.is_empty());
    while let Some(id) = next {
        if chain.len() >= limits.layers {
            return Err(format!("the image has more than {} layers", limits.layers));
        }
        let layer = layers.get(id);
        let layer = layer.ok_or_else(|| format!("its layers.json has no layer {id:?}"))?;
        chain.push(layer);
        next = layer.1.parent.as_deref().filter(|id| !id.is_empty());
    }
    chain.reverse();
    Ok(chain)
}

/// The configuration: the file beside the image whose digest is the id of the image.
fn config(root: &Root, image: &Image, limits: &Limits) -> Config {
    let wanted = format!("sha256:{}", image.id);
    let folder = root.path.join(format!("{}-images", root.driver));
    let entries = is_plain(&image.id).then(|| folder.join(&image.id).read_dir());
    let Some(Ok(entries)) = entries else {
        return Config::default();
    };
    let read = |path: PathBuf| Blob::open(&path).ok()?.bytes(limits.document_bytes).ok();
    let files = entries.flatten().take(BIG_DATA);
    let mut files = files.filter_map(|entry| read(entry.path()));
    let found = files.find(|bytes| sha256(bytes) == wanted);
    found
        .and_then(|bytes| Config::read(&bytes).ok())
        .unwrap_or_default()
}

impl Root {
    fn file(&self, what: &str) -> PathBuf {
        self.path
            .join(format!("{}-{what}", self.driver))
            .join(what)
            .with_extension("json")
    }

    /// Where the files of a layer are; digests are those that the storage remembers.
    fn source(&self, layer: &Layer, created_by: Option<String>) -> LayerSource {
        let below = match self.driver {
            "vfs" => ["vfs", "dir", &layer.id],
            _ => ["overlay", &layer.id, "diff"],
        };
        let is_there = is_plain(&layer.id) && is_real(&self.path, &below);
        let path = below
            .iter()
            .fold(self.path.clone(), |path, name| path.join(name));
        let is_overlay = self.driver == "overlay";
        let stored = match is_there {
            true => Ok(Stored::Directory(Directory {
                overlay: is_overlay,
                owners: self.belongs_to_root(),
                hint: Some(HINT),
                path,
            })),
            false => Err(format!("{} is not a directory", path.display())),
        };
        LayerSource {
            stored,
            digest: layer
                .stored
                .clone()
                .or_else(|| layer.plain.clone())
                .filter(|_| is_overlay),
            diff_id: layer.plain.clone().filter(|_| is_overlay),
            created_by,
        }
    }

    /// Whether the owners of files are those of the image; in the storage of a user they are
    /// shifted by the map of the user's namespace.
    fn belongs_to_root(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.path
            .metadata()
            .is_ok_and(|metadata| metadata.uid() == 0)
    }
}
