//! What `docker save` and `podman save` write: a tar with a `manifest.json`.
//!
//! The manifest names the configuration and the layers, which lie in the tar as files or as
//! links to files (Docker's image specification 1.2, "Combined Image JSON + Filesystem
//! Changeset Format"). Newer archives hold an OCI layout as well; their manifest names its blobs.

use serde::Deserialize;

use std::path::Path;

use super::oci::check_platform;
use super::{Opened, Session, open_archive};
use crate::archive::Archive;
use crate::blob::sha256;
use crate::config::Config;
use crate::documents::texts;
use crate::fault::Faults;
use crate::layer::LayerSource;
use crate::{Error, Source};

/// One image of the manifest.
#[derive(Debug, Deserialize)]
struct Image {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "Layers", default)]
    layers: Option<Vec<String>>,
}

/// Opens the first image of an archive.
pub(super) fn open(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let archive = open_archive(source.path(), session)?;
    open_in(&archive, source.path(), session)
}

/// Opens the first image of an archive whose entries are known.
pub(super) fn open_in(
    archive: &Archive,
    path: &Path,
    session: &Session<'_>,
) -> Result<Opened, Error> {
    let limits = &session.plan.limits;
    let refuse = |why: String| Error::not_an_image(path, why);
    let document = |name: &str| {
        archive
            .document(name, limits)
            .map_err(|error| refuse(error.to_string()))
    };
    let manifest = document("manifest.json")?;
    let images: Vec<Image> = serde_json::from_slice(&manifest)
        .map_err(|error| refuse(format!("its manifest.json: {error}")))?;
    let mut faults = Faults::default();
    let image = images
        .first()
        .ok_or_else(|| refuse("its manifest.json names no image".into()))?;
    if images.len() > 1 {
        let why = format!(
            "the archive holds {} images; only the first was scanned",
            images.len()
        );
        faults.add("manifest.json", why);
    }
    let config = document(&image.config)?;
    let digest = sha256(&config);
    if let Some(named) = digest_in(&image.config).filter(|named| *named != digest) {
        faults.add(
            &image.config,
            format!("the digest of its bytes is {digest}, not {named}"),
        );
    }
    let config = Config::read(&config).map_err(refuse)?;
    check_platform(session.plan.platform.as_ref(), config.platform(), path)?;
    let names = image.layers.as_deref().unwrap_or_default();
    if names.len() > limits.layers {
        return Err(refuse(format!("it has more than {} layers", limits.layers)));
    }
    if names.len() != config.diff_ids().len() {
        let why = format!(
            "{} layers, but {} diff_ids",
            names.len(),
            config.diff_ids().len()
        );
        faults.add("configuration", why);
    }
    if let Some(fault) = &archive.fault {
        faults.add("archive", fault.clone());
    }
    let mut about = config.about();
    about.texts.extend(texts("manifest", &manifest));
    Ok(Opened {
        digest: Some(digest),
        platform: config.platform().cloned(),
        layers: layers(archive, names, &config),
        config: about,
        whiteouts: true,
        faults,
        ..Opened::default()
    })
}

fn layers(archive: &Archive, names: &[String], config: &Config) -> Vec<LayerSource> {
    let made = config.created_by(names.len());
    let layer = |(place, (name, created_by)): (usize, (&String, Option<String>))| LayerSource {
        stored: archive.layer(name),
        digest: digest_in(name),
        diff_id: config.diff_ids().get(place).cloned(),
        created_by,
    };
    names.iter().zip(made).enumerate().map(layer).collect()
}

/// The digest that is the name of a file: `blobs/sha256/HEX` or, of a configuration, `HEX.json`.
fn digest_in(name: &str) -> Option<String> {
    let hex = name
        .strip_prefix("blobs/sha256/")
        .or_else(|| name.strip_suffix(".json"))?;
    let is_digest = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| format!("sha256:{hex}"))
}
