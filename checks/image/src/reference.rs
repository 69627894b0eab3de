//! What the user names: an image with its transport, or a path that is known by its content.
//!
//! The names of the transports are those of containers-transports(5); `sbom` is our own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hpcctl_registry::{Name, NameError};

/// A reference to an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    source: Source,
}

/// Where an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// What `docker save` writes.
    DockerArchive(PathBuf),
    /// A tar of an OCI layout.
    OciArchive(PathBuf),
    /// An OCI layout, and the tag of one of its images.
    OciLayout(PathBuf, Option<String>),
    /// An unpacked root file system.
    Directory(PathBuf),
    /// A bill of materials that some tool made of an image.
    Sbom(PathBuf),
    /// An image in a registry.
    Registry(Name),
    /// A tar of a root file system.
    Tar(PathBuf),
    /// A squashfs image.
    Squashfs(PathBuf),
    /// A SIF image of Apptainer or Singularity.
    Sif(PathBuf),
    /// An ext2, ext3 or ext4 image.
    Ext(PathBuf),
    /// An unpacked image of Apptainer.
    ApptainerSandbox(PathBuf),
    /// An image in the storage of Podman, Buildah, CRI-O or Skopeo.
    ContainersStorage(Store),
    /// An image in the storage of Charliecloud.
    Charliecloud(Store),
    /// An image in the data root of Docker.
    DockerRoot(Store),
    /// A file or a directory that its content will tell.
    Path(PathBuf),
}

/// An image by its name in a storage: `[DRIVER@ROOT]NAME`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Store {
    /// The directory of the storage; where none is given, that of this user.
    pub root: Option<PathBuf>,
    /// The driver, where the storage may have several.
    pub driver: Option<String>,
    /// The name or the id of the image; empty for the only one.
    pub name: String,
}

impl Store {
    /// An image of a storage that was found by its content.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self {
            root: Some(root.into()),
            ..Self::default()
        }
    }

    fn read(text: &str) -> Option<Self> {
        let Some(rest) = text.strip_prefix('[') else {
            let name = text.to_owned();
            return (!name.is_empty()).then_some(Self {
                name,
                ..Self::default()
            });
        };
        let (place, name) = rest.split_once(']')?;
        let (driver, place) = match place.split_once('@') {
            Some((driver, place)) if !driver.contains('/') => (Some(driver.to_owned()), place),
            _ => (None, place),
        };
        // The directory of what runs, and options, may follow; neither says where an image is.
        let root = place.split('+').next().unwrap_or_default();
        Some(Self {
            root: (!root.is_empty()).then(|| root.into()),
            driver,
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.driver, &self.root) {
            (None, None) => {}
            (driver, root) => {
                f.write_str("[")?;
                if let Some(driver) = driver {
                    write!(f, "{driver}@")?;
                }
                if let Some(root) = root {
                    write!(f, "{}", root.display())?;
                }
                f.write_str("]")?;
            }
        }
        f.write_str(&self.name)
    }
}

/// Why a reference cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing follows the transport, or nothing was given.
    #[error("the reference {0:?} names no image")]
    Empty(String),
    /// The name is none that a registry could have.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A transport that exists but is not read yet.
    #[error(
        "the transport {0} is not supported yet: save the image as docker-archive: or oci-archive:, for example with `skopeo copy`"
    )]
    Unsupported(&'static str),
}

/// The transports that are known by name but not read yet.
const NOT_YET: &[&str] = &["docker-daemon:"];

/// A transport: its name, and how what follows its colon is read.
type Transport = (&'static str, fn(&str) -> Option<Source>);

/// All transports.
const TRANSPORTS: &[Transport] = &[
    ("apptainer-sandbox", |text| {
        path(text, Source::ApptainerSandbox)
    }),
    ("charliecloud", |text| {
        Store::read(text).map(Source::Charliecloud)
    }),
    ("containers-storage", |text| {
        Store::read(text).map(Source::ContainersStorage)
    }),
    ("dir", |text| path(text, Source::Directory)),
    ("docker-archive", |text| path(text, Source::DockerArchive)),
    ("docker-root", |text| {
        Store::read(text).map(Source::DockerRoot)
    }),
    ("ext", |text| path(text, Source::Ext)),
    ("oci", layout),
    ("oci-archive", |text| path(text, Source::OciArchive)),
    ("sbom", |text| path(text, Source::Sbom)),
    ("sif", |text| path(text, Source::Sif)),
    ("squashfs", |text| path(text, Source::Squashfs)),
    ("tar", |text| path(text, Source::Tar)),
];

fn path(text: &str, source: fn(PathBuf) -> Source) -> Option<Source> {
    (!text.is_empty()).then(|| source(PathBuf::from(text)))
}

impl Reference {
    /// The bill of materials in the file `path`.
    pub fn bill(path: impl Into<PathBuf>) -> Self {
        let source = Source::Sbom(path.into());
        Self { source }
    }

    /// The directory `path` as a root file system, whatever is in it.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        let source = Source::Directory(path.into());
        Self { source }
    }

    /// Where the image is.
    pub fn source(&self) -> &Source {
        &self.source
    }
}

impl From<Source> for Reference {
    fn from(source: Source) -> Self {
        Self { source }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if let Some(transport) = NOT_YET.iter().find(|name| text.starts_with(**name)) {
            return Err(ReferenceError::Unsupported(transport));
        }
        if let Some(name) = text.strip_prefix("docker://") {
            let source = Source::Registry(name.parse()?);
            return Ok(Self { source });
        }
        let empty = || ReferenceError::Empty(text.to_owned());
        let known = text.split_once(':').and_then(|(name, rest)| {
            let (_, read) = TRANSPORTS.iter().find(|(known, _)| *known == name)?;
            Some(read(rest))
        });
        let source = known.unwrap_or_else(|| path(text, Source::Path));
        let source = source.ok_or_else(empty)?;
        Ok(Self { source })
    }
}

/// Ends of names that files have, and images of registries hardly do.
const ENDS: &[&str] = &[
    ".gz",
    ".img",
    ".json",
    ".sfs",
    ".sif",
    ".simg",
    ".spdx",
    ".sqfs",
    ".squashfs",
    ".tar",
    ".tgz",
    ".xml",
    ".xz",
    ".zst",
];

/// What a path that is not there may be meant for: a tag of a layout, or an image by its name.
pub(crate) fn meant(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    if let Some((directory, tag)) = text.split_once(':')
        && is_layout(Path::new(directory))
    {
        return Some(format!(
            "{directory} is an OCI layout; did you mean oci:{directory}:{tag}?"
        ));
    }
    let is_path = text.starts_with(['/', '.']) || ENDS.iter().any(|end| text.ends_with(end));
    if is_path || text.parse::<Name>().is_err() {
        return None;
    }
    Some(format!(
        "did you mean docker://{text} (in a registry) or containers-storage:{text} (of podman)?"
    ))
}

/// Whether a directory is an OCI layout.
pub(crate) fn is_layout(path: &Path) -> bool {
    ["index.json", "oci-layout"]
        .iter()
        .all(|name| path.join(name).is_file())
}

/// Reads `DIR[:TAG]`; the first colon ends the directory, as in containers-transports(5).
fn layout(text: &str) -> Option<Source> {
    let (dir, tag) = match text.split_once(':') {
        Some((dir, tag)) => (dir, Some(tag)),
        None => (text, None),
    };
    let tag = tag.filter(|tag| !tag.is_empty()).map(str::to_owned);
    (!dir.is_empty()).then(|| Source::OciLayout(PathBuf::from(dir), tag))
}

impl Source {
    /// The path of the file or directory; empty where the image is elsewhere, or in the storage
    /// of this user.
    pub fn path(&self) -> &Path {
        match self {
            Self::Registry(_) => Path::new(""),
            Self::DockerArchive(path)
            | Self::OciArchive(path)
            | Self::OciLayout(path, _)
            | Self::Directory(path)
            | Self::Sbom(path)
            | Self::Tar(path)
            | Self::Squashfs(path)
            | Self::Sif(path)
            | Self::Ext(path)
            | Self::ApptainerSandbox(path)
            | Self::Path(path) => path,
            Self::ContainersStorage(store)
            | Self::Charliecloud(store)
            | Self::DockerRoot(store) => store.root.as_deref().unwrap_or(Path::new("")),
        }
    }

    /// The tag of an image in a layout.
    pub(crate) fn tag(&self) -> Option<&str> {
        match self {
            Self::OciLayout(_, tag) => tag.as_deref(),
            _ => None,
        }
    }

    /// The image in a storage.
    pub(crate) fn store(&self) -> Option<&Store> {
        match self {
            Self::ContainersStorage(store)
            | Self::Charliecloud(store)
            | Self::DockerRoot(store) => Some(store),
            _ => None,
        }
    }

    /// The name of the format, which is that of the transport but for a registry; a bare path
    /// has none.
    pub(crate) fn format(&self) -> Option<&'static str> {
        Some(match self {
            Self::Registry(_) => "registry",
            Self::Sbom(_) => "sbom",
            Self::DockerArchive(_) => "docker-archive",
            Self::OciArchive(_) => "oci-archive",
            Self::OciLayout(..) => "oci",
            Self::Directory(_) => "dir",
            Self::Tar(_) => "tar",
            Self::Squashfs(_) => "squashfs",
            Self::Sif(_) => "sif",
            Self::Ext(_) => "ext",
            Self::ApptainerSandbox(_) => "apptainer-sandbox",
            Self::ContainersStorage(_) => "containers-storage",
            Self::Charliecloud(_) => "charliecloud",
            Self::DockerRoot(_) => "docker-root",
            Self::Path(_) => return None,
        })
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Source::Registry(name) = &self.source {
            return write!(f, "docker://{name}");
        }
        if let Some(transport) = self.source.format() {
            write!(f, "{transport}:")?;
        }
        match self.source.store() {
            Some(store) => write!(f, "{store}")?,
            None => write!(f, "{}", self.source.path().display())?,
        }
        match self.source.tag() {
            Some(tag) => write!(f, ":{tag}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Source, ReferenceError> {
        text.parse::<Reference>().map(|reference| reference.source)
    }

    #[test]
    fn transports_are_read() {
        assert_eq!(
            parse("docker-archive:a.tar"),
            Ok(Source::DockerArchive("a.tar".into()))
        );
        assert_eq!(
            parse("oci-archive:/b:c"),
            Ok(Source::OciArchive("/b:c".into()))
        );
        assert_eq!(parse("oci:dir"), Ok(Source::OciLayout("dir".into(), None)));
        let tagged = Source::OciLayout("dir".into(), Some("host/name:v1".into()));
        assert_eq!(parse("oci:dir:host/name:v1"), Ok(tagged));
        assert_eq!(parse("dir:/"), Ok(Source::Directory("/".into())));
        assert_eq!(parse("./x:y.tar"), Ok(Source::Path("./x:y.tar".into())));
    }

    #[test]
    fn a_storage_is_named_in_brackets() {
        let store = Store::read("[overlay@/graph+/run:option]name:tag@x").unwrap();
        assert_eq!(store.root.as_deref(), Some(Path::new("/graph")));
        assert_eq!(store.driver.as_deref(), Some("overlay"));
        assert_eq!(store.name, "name:tag@x");
        let store = Store::read("[/a@b]n").unwrap();
        assert_eq!((store.driver, store.root), (None, Some("/a@b".into())));
    }

    #[test]
    fn known_transports_that_are_not_read_are_named() {
        for name in NOT_YET {
            let error = parse(&format!("{name}anything")).unwrap_err();
            assert_eq!(error, ReferenceError::Unsupported(name));
        }
    }

    #[test]
    fn names_of_registries_are_checked() {
        let name = "localhost/a:v1".parse().unwrap();
        assert_eq!(parse("docker://localhost/a:v1"), Ok(Source::Registry(name)));
        for text in ["docker://", "docker://A", "docker://h.example/a b"] {
            assert!(
                matches!(parse(text), Err(ReferenceError::Name(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_there_may_be_meant_for_an_image() {
        let place = tempfile::tempdir().unwrap();
        for name in ["index.json", "oci-layout"] {
            std::fs::File::create(place.path().join(name)).unwrap();
        }
        let of = |text: &str| meant(Path::new(text)).unwrap_or_default();
        assert!(of("debian:12").contains("docker://debian:12"));
        assert!(of("h.example/a/b").contains("docker://h.example/a/b"));
        let layout = format!("{}:v1", place.path().display());
        assert!(of(&layout).contains(&format!("oci:{layout}")));
        for text in ["./debian", "/debian:12", "image.tar", "a b"] {
            assert_eq!(of(text), "", "{text}");
        }
    }

    #[test]
    fn empty_references_are_refused() {
        for text in [
            "",
            "dir:",
            "oci:",
            "oci::tag",
            "docker-archive:",
            "sif:",
            "containers-storage:",
            "charliecloud:[/dir",
        ] {
            assert_eq!(parse(text), Err(ReferenceError::Empty(text.into())));
        }
    }

    #[test]
    fn a_reference_prints_as_it_was_given() {
        for text in [
            "docker-archive:a",
            "oci-archive:b",
            "oci:c",
            "oci:c:d",
            "dir:e",
            "sbom:g.json",
            "docker://h.example:5000/a/b:v1",
            "docker://alpine",
            "f",
            "tar:g",
            "sif:h",
            "squashfs:i",
            "ext:j",
            "apptainer-sandbox:k",
            "containers-storage:localhost/l:latest",
            "containers-storage:[vfs@/m]n",
            "charliecloud:debian:12",
            "docker-root:[/var/lib/docker]o@sha256:p",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }
}
