//! The formats that images come in; a format is a row, and a bare path is known by its content.

mod dir;
mod docker_archive;
mod oci;
mod oci_archive;
mod registry;

use std::path::{Path, PathBuf};

use crate::archive::Archive;
use crate::blob::Blob;
use crate::fault::Faults;
use crate::layer::{LayerRead, LayerSource, Plan};
use crate::{Error, Limits, Source};

pub(crate) use dir::read as read_directory;

/// An image that was opened: where its layers are, before any of them is read.
#[derive(Debug)]
pub(crate) struct Opened {
    /// The digest of the image.
    pub(crate) digest: Option<String>,
    /// Where its files are.
    pub(crate) contents: Contents,
    /// What could not be read.
    pub(crate) faults: Faults,
    /// Where it was found, when that says more than what was asked for.
    pub(crate) source: Option<Source>,
    /// What was decided on the way, a sentence each.
    pub(crate) notes: Vec<String>,
}

/// Where the files of an image are.
#[derive(Debug)]
pub(crate) enum Contents {
    /// In layers, lowest first.
    Layers(Vec<LayerSource>),
    /// In a directory.
    Directory(PathBuf),
}

/// A format: what it is called and how it is opened.
pub(crate) struct Format {
    /// The name in reports.
    pub(crate) id: &'static str,
    /// Opens an image.
    pub(crate) open: fn(&Source, &Plan) -> Result<Opened, Error>,
}

/// All formats.
static FORMATS: &[Format] = &[
    Format {
        id: "dir",
        open: dir::open,
    },
    Format {
        id: "docker-archive",
        open: docker_archive::open,
    },
    Format {
        id: "oci",
        open: oci::open,
    },
    Format {
        id: "oci-archive",
        open: oci_archive::open,
    },
    Format {
        id: "registry",
        open: registry::open,
    },
];

/// What a file begins with that is no tar, and at which place.
static FOREIGN: &[(usize, &[u8], &str)] = &[
    (32, b"SIF_MAGIC", "a SIF image"),
    (0, b"hsqs", "a squashfs image"),
    (0, b"\x7fELF", "an ELF file"),
];

/// Compressions of a whole archive: magic, name, the program that undoes it.
static WHOLE: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b", "gzip", "gunzip -k"),
    (b"\x28\xb5\x2f\xfd", "zstd", "unzstd"),
    (b"\xfd7zXZ\0", "xz", "unxz -k"),
    (b"BZh", "bzip2", "bunzip2 -k"),
];

/// Opens what a source names; also returns the source with its transport, and the format's name.
pub(crate) fn open(source: &Source, plan: &Plan) -> Result<(Opened, Source, &'static str), Error> {
    let source = match source {
        Source::Path(path) => recognise(path, &plan.limits)?,
        known => known.clone(),
    };
    let id = match &source {
        Source::DockerArchive(_) => "docker-archive",
        Source::OciArchive(_) => "oci-archive",
        Source::OciLayout(..) => "oci",
        Source::Registry(_) => "registry",
        // A bill of materials is no format of an image; it was read before.
        Source::Directory(_) | Source::Path(_) | Source::Sbom(_) => "dir",
    };
    let format = FORMATS.iter().find(|format| format.id == id);
    let format = format.ok_or_else(|| Error::Internal(format!("no format {id}")))?;
    let mut opened = (format.open)(&source, plan)?;
    let source = opened.source.take().unwrap_or(source);
    Ok((opened, source, format.id))
}

/// Tells by its content what a path is.
fn recognise(path: &Path, limits: &Limits) -> Result<Source, Error> {
    let metadata = path
        .metadata()
        .map_err(|error| Error::unreadable(path, error))?;
    if metadata.is_dir() {
        let is_layout = path.join("index.json").is_file() && path.join("oci-layout").is_file();
        return Ok(if is_layout {
            Source::OciLayout(path.to_owned(), None)
        } else {
            Source::Directory(path.to_owned())
        });
    }
    let archive = open_archive(path, limits)?;
    if archive.get("manifest.json").is_some() {
        Ok(Source::DockerArchive(path.to_owned()))
    } else if archive.get("index.json").is_some() {
        Ok(Source::OciArchive(path.to_owned()))
    } else {
        // A walk that broke off may have missed them; one that did not may be a root file system.
        let also = match archive.fault {
            Some(fault) => format!(" ({fault})"),
            None => "; unpack a tar of a root file system and name its directory".to_owned(),
        };
        let why = format!("it has neither manifest.json nor index.json{also}");
        Err(Error::not_an_image(path, why))
    }
}

/// Opens a tar that an image is stored in, or says what the file is instead.
fn open_archive(path: &Path, limits: &Limits) -> Result<Archive, Error> {
    let blob = Blob::open(path)?;
    let head = blob
        .part(0, 64)
        .bytes(64)
        .map_err(|error| Error::unreadable(path, error))?;
    for (place, magic, what) in FOREIGN {
        if head
            .get(*place..)
            .is_some_and(|rest| rest.starts_with(magic))
        {
            return Err(Error::Unsupported {
                path: path.to_owned(),
                what,
            });
        }
    }
    for (magic, compression, program) in WHOLE {
        if head.starts_with(magic) {
            let command = format!("{program} {}", path.display());
            return Err(Error::CompressedArchive {
                path: path.to_owned(),
                compression,
                command,
            });
        }
    }
    Ok(Archive::index(blob, limits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_a_row() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/format");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .filter(|stem| stem != "mod")
            .map(|stem| stem.replace('_', "-"))
            .collect();
        found.sort();
        let listed: Vec<&str> = FORMATS.iter().map(|row| row.id).collect();
        assert_eq!(found, listed);
    }
}
