//! The data root of Docker (`/var/lib/docker`) with the overlay2, fuse-overlayfs and vfs drivers;
//! no daemon is asked.
//!
//! `image/DRIVER/repositories.json` names the images, `imagedb` holds their configurations, and
//! `layerdb` tells by the chain of digests where the files of a layer are (Docker's
//! `layer/filestore.go`; the chain is that of the OCI image specification, "Layer ChainID").

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Opened, Session};
use crate::blob::{Blob, sha256};
use crate::config::Config;
use crate::layer::{Directory, LayerSource, Stored};
use crate::named::{Named, choose, document, is_plain, is_real};
use crate::{Error, Limits, Source};

/// Where the daemon of root keeps images.
const DEFAULT: &str = "/var/lib/docker";

/// The drivers that are read, and where the files of a layer lie.
const DRIVERS: &[&str] = &["overlay2", "fuse-overlayfs", "vfs"];

/// What to do where a file cannot be read.
const HINT: &str = "the data root of Docker can be read by root only";

/// The longest name of a directory in a file of `layerdb`.
const CACHE_ID: u64 = 256;

#[derive(Debug, Deserialize)]
struct Repositories {
    #[serde(rename = "Repositories", default)]
    repositories: HashMap<String, HashMap<String, String>>,
}

/// Whether a directory is a data root.
pub(super) fn is_storage(path: &Path) -> bool {
    DRIVERS
        .iter()
        .any(|driver| repositories(path, driver).is_file())
}

fn repositories(root: &Path, driver: &str) -> PathBuf {
    root.join("image").join(driver).join("repositories.json")
}

/// Opens an image by its name.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let limits = &session.plan.limits;
    let store = source.store().cloned().unwrap_or_default();
    let root = store.root.unwrap_or_else(|| PathBuf::from(DEFAULT));
    let mut drivers = DRIVERS.iter();
    let driver = drivers.find(|driver| repositories(&root, driver).is_file());
    let Some(driver) = driver else {
        let why = "no repositories.json of a driver is in it; images of the containerd store are \
                   read after `docker save`";
        return Err(Error::not_an_image(root, why));
    };
    let named: Repositories = document(&repositories(&root, driver), limits)?;
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for (name, id) in named.repositories.into_values().flatten() {
        names.entry(id).or_default().push(name);
    }
    let mut all: Vec<Named<String>> = Vec::new();
    for (digest, mut names) in names {
        names.sort();
        let id = digest.trim_start_matches("sha256:").to_owned();
        let image = digest;
        all.push(Named { names, id, image });
    }
    let image = choose(all, &store.name, &root)?;
    let opening = Opening {
        meta: root.join("image").join(driver),
        root,
        driver,
        limits,
    };
    opening.image(&image)
}

struct Opening<'a> {
    root: PathBuf,
    meta: PathBuf,
    driver: &'static str,
    limits: &'a Limits,
}

impl Opening<'_> {
    fn image(&self, image: &Named<String>) -> Result<Opened, Error> {
        let refuse = |why: String| Error::not_an_image(&self.root, why);
        if !is_plain(&image.id) {
            return Err(refuse(format!("{:?} is not the id of an image", image.id)));
        }
        let path = self.meta.join("imagedb/content/sha256").join(&image.id);
        let bytes = Blob::open(&path)?.bytes(self.limits.document_bytes);
        let bytes = bytes.map_err(|error| Error::unreadable(&path, error))?;
        let digest = sha256(&bytes);
        if digest != image.image {
            let why = format!(
                "the digest of a configuration is {digest}, not {}",
                image.image
            );
            return Err(refuse(why));
        }
        let config = Config::read(&bytes).map_err(refuse)?;
        let count = config.diff_ids().len();
        if count > self.limits.layers {
            return Err(refuse(format!(
                "it has more than {} layers",
                self.limits.layers
            )));
        }
        let mut chain = String::new();
        let mut layers = Vec::new();
        for (diff_id, created_by) in config.diff_ids().iter().zip(config.created_by(count)) {
            chain = match chain.as_str() {
                "" => diff_id.clone(),
                below => sha256(format!("{below} {diff_id}").as_bytes()),
            };
            layers.push(LayerSource {
                stored: self.stored(&chain),
                digest: Some(diff_id.clone()),
                diff_id: Some(diff_id.clone()),
                created_by,
            });
        }
        let is_vfs = self.driver == "vfs";
        if is_vfs {
            layers.drain(..count.saturating_sub(1));
        }
        Ok(Opened {
            digest: Some(digest),
            layers,
            config: config.about(),
            whiteouts: !is_vfs,
            ..Opened::default()
        })
    }

    /// Where the files of the layer that ends a chain are.
    fn stored(&self, chain: &str) -> Result<Stored, String> {
        let hex = chain.strip_prefix("sha256:").filter(|hex| is_plain(hex));
        let hex = hex.ok_or_else(|| format!("{chain:?} is not a digest"))?;
        let path = self.meta.join("layerdb/sha256").join(hex).join("cache-id");
        let bytes = Blob::open(&path).map_err(|error| error.to_string())?;
        let bytes = bytes.bytes(CACHE_ID).map_err(|error| error.to_string())?;
        let id = String::from_utf8_lossy(&bytes).trim().to_owned();
        let below = match self.driver {
            "vfs" => ["vfs", "dir", &id],
            driver => [driver, &id, "diff"],
        };
        if !is_plain(&id) || !is_real(&self.root, &below) {
            return Err(format!("the directory {id:?} of its files is not there"));
        }
        let path = below
            .iter()
            .fold(self.root.clone(), |path, name| path.join(name));
        Ok(Stored::Directory(Directory {
            overlay: self.driver != "vfs",
            hint: Some(HINT),
            ..Directory::plain(path)
        }))
    }
}
