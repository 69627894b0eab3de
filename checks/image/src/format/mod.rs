//! The formats that images come in; a format is a row, and a bare path is known by its content.

mod apptainer_sandbox;
mod charliecloud;
mod containers_storage;
mod dir;
mod docker_archive;
mod docker_root;
mod ext;
mod oci;
mod oci_archive;
mod registry;
mod sif;
mod squashfs;
mod tar;

use std::path::{Path, PathBuf};

use crate::archive::{Archive, Look, look};
use crate::blob::Blob;
use crate::config::About;
use crate::fault::Faults;
use crate::layer::{LayerSource, Plan, Stored};
use crate::reference::is_layout;
use crate::{Error, Platform, Progress, Source, Store};

pub(crate) use dir::read as read_directory;
pub(crate) use oci::{INDEX, check_platform, child as child_for_platform};

/// An image that was opened: where its layers are.
#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// The digest of the image.
    pub(crate) digest: Option<String>,
    /// Whether the image is one file, whose digest is that of the image.
    pub(crate) is_one_file: bool,
    /// Its layers, lowest first.
    pub(crate) layers: Vec<LayerSource>,
    /// Whether names that begin with `.wh.` hide files of lower layers.
    pub(crate) whiteouts: bool,
    /// What its configuration says of it.
    pub(crate) config: About,
    /// What else the image holds, a sentence each.
    pub(crate) holds: Vec<String>,
    /// The platform that it is for, where its documents say so.
    pub(crate) platform: Option<Platform>,
    /// The other platforms, or digests, of the index that it was chosen from.
    pub(crate) other_platforms: Vec<String>,
    /// What could not be read.
    pub(crate) faults: Faults,
    /// Where it was found, when that says more than what was asked for.
    pub(crate) source: Option<Source>,
    /// What was decided on the way, a sentence each.
    pub(crate) notes: Vec<String>,
}

impl Opened {
    /// An image that is one tree without a digest.
    fn of_tree(stored: Stored) -> Self {
        let layer = LayerSource {
            stored: Ok(stored),
            digest: None,
            diff_id: None,
            created_by: None,
        };
        Self {
            layers: vec![layer],
            ..Self::default()
        }
    }

    /// An image that is one file.
    fn of_file(stored: Stored) -> Self {
        Self {
            is_one_file: true,
            ..Self::of_tree(stored)
        }
    }
}

/// What a scan goes by, and to whom it tells how far it is.
pub(crate) struct Session<'a> {
    /// What to take from each layer.
    pub(crate) plan: &'a Plan,
    /// Who is told.
    pub(crate) progress: &'a (dyn Progress + Sync),
}

/// A format: what it is called and how it is opened.
pub(crate) struct Format {
    /// The name in reports.
    pub(crate) id: &'static str,
    /// Opens an image.
    pub(crate) open: fn(&Source, &Session<'_>) -> Result<Opened, Error>,
}

/// All formats.
static FORMATS: &[Format] = &[
    Format {
        id: "apptainer-sandbox",
        open: apptainer_sandbox::open,
    },
    Format {
        id: "charliecloud",
        open: charliecloud::open,
    },
    Format {
        id: "containers-storage",
        open: containers_storage::open,
    },
    Format {
        id: "dir",
        open: dir::open,
    },
    Format {
        id: "docker-archive",
        open: docker_archive::open,
    },
    Format {
        id: "docker-root",
        open: docker_root::open,
    },
    Format {
        id: "ext",
        open: ext::open,
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
    Format {
        id: "sif",
        open: sif::open,
    },
    Format {
        id: "squashfs",
        open: squashfs::open,
    },
    Format {
        id: "tar",
        open: tar::open,
    },
];

/// A file that is no tar: where its magic is, what it is called, and how it is read.
struct Magic {
    place: u64,
    bytes: &'static [u8],
    what: &'static str,
    source: Option<fn(PathBuf) -> Source>,
}

static MAGIC: &[Magic] = &[
    Magic {
        place: crate::sif::MAGIC.0,
        bytes: crate::sif::MAGIC.1,
        what: "a SIF image",
        source: Some(Source::Sif),
    },
    Magic {
        place: 0,
        bytes: crate::squashfs::MAGIC,
        what: "a squashfs image",
        source: Some(Source::Squashfs),
    },
    Magic {
        place: 0,
        bytes: b"sqsh",
        what: "a squashfs of a big-endian machine",
        source: None,
    },
    Magic {
        place: 0,
        bytes: b"\x7fELF",
        what: "an ELF file",
        source: None,
    },
    Magic {
        place: crate::ext::MAGIC.0,
        bytes: crate::ext::MAGIC.1,
        what: "an ext image",
        source: Some(Source::Ext),
    },
];

impl Magic {
    /// What a file is, if it is not to be taken for a tar.
    fn of(blob: &Blob) -> Option<&'static Self> {
        let has = |magic: &&Self| blob.has(magic.place, magic.bytes);
        // The magic of an ext file system is short: what begins like a tar is none.
        let is_tar = || blob.has(257, b"ustar");
        MAGIC.iter().find(has).filter(|_| !is_tar())
    }
}

/// Opens what a source names; also returns the source with its transport, and the format's name.
pub(crate) fn open(
    source: &Source,
    session: &Session<'_>,
) -> Result<(Opened, Source, &'static str), Error> {
    let (mut opened, source) = match source {
        Source::Path(path) => open_path(path, session)?,
        known => (open_known(known, session)?, known.clone()),
    };
    let id = source.format().unwrap_or_default();
    let source = opened.source.take().unwrap_or(source);
    Ok((opened, source, id))
}

fn open_known(source: &Source, session: &Session<'_>) -> Result<Opened, Error> {
    let id = source.format().unwrap_or_default();
    let format = FORMATS.iter().find(|format| format.id == id);
    let format = format.ok_or_else(|| Error::Internal(format!("no format {id}")))?;
    (format.open)(source, session)
}

/// Tells by its content what a path is, and opens it.
fn open_path(path: &Path, session: &Session<'_>) -> Result<(Opened, Source), Error> {
    let metadata = path
        .metadata()
        .map_err(|error| Error::unreadable(path, error))?;
    let known = if metadata.is_dir() {
        Some(directory(path))
    } else {
        file(path, session)?
    };
    if let Some(source) = known {
        return Ok((open_known(&source, session)?, source));
    }
    let archive = open_archive(path, session)?;
    if archive.has("manifest.json") {
        let opened = docker_archive::open_in(&archive, path, session)?;
        Ok((opened, Source::DockerArchive(path.to_owned())))
    } else if archive.has("index.json") {
        let source = Source::OciArchive(path.to_owned());
        Ok((oci_archive::open_in(archive, &source, session)?, source))
    } else {
        Err(neither(path, archive.fault))
    }
}

/// What a directory is.
fn directory(path: &Path) -> Source {
    if is_layout(path) {
        Source::OciLayout(path.to_owned(), None)
    } else if path.join(apptainer_sandbox::MARK).is_dir() {
        Source::ApptainerSandbox(path.to_owned())
    } else if containers_storage::is_storage(path) {
        Source::ContainersStorage(Store::at(path))
    } else if charliecloud::is_storage(path) {
        Source::Charliecloud(Store::at(path))
    } else if docker_root::is_storage(path) {
        Source::DockerRoot(Store::at(path))
    } else if is_layout(&path.join("blob")) {
        // The cache of Apptainer keeps the layers of what was pulled in a layout.
        Source::OciLayout(path.join("blob"), None)
    } else {
        Source::Directory(path.to_owned())
    }
}

/// What a file is; none for an archive, whose manifest must tell.
fn file(path: &Path, session: &Session<'_>) -> Result<Option<Source>, Error> {
    let blob = Blob::open(path)?;
    if let Some(magic) = Magic::of(&blob) {
        let refused = || Error::not_an_image(path, format!("it is {}", magic.what));
        let source = magic.source.ok_or_else(refused)?;
        return Ok(Some(source(path.to_owned())));
    }
    let look = look(&blob, &session.plan.limits);
    match look.map_err(|error| Error::unreadable(path, error))? {
        Look::Image => Ok(None),
        Look::Root => Ok(Some(Source::Tar(path.to_owned()))),
        Look::Neither(fault) => Err(neither(path, fault)),
    }
}

fn neither(path: &Path, fault: Option<String>) -> Error {
    // A walk that broke off may have missed them.
    let also = match fault {
        Some(fault) => format!(" ({fault})"),
        None => ", and is no tar of a root file system".to_owned(),
    };
    Error::not_an_image(
        path,
        format!("it has neither manifest.json nor index.json{also}"),
    )
}

/// Opens a tar that an image is stored in, or says what the file is instead.
fn open_archive(path: &Path, session: &Session<'_>) -> Result<Archive, Error> {
    let blob = Blob::open(path)?;
    if let Some(magic) = Magic::of(&blob) {
        return Err(Error::not_an_image(path, format!("it is {}", magic.what)));
    }
    Archive::open(blob, session).map_err(|error| Error::unreadable(path, error))
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
