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
    /// A file or a directory that its content will tell.
    Path(PathBuf),
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
const NOT_YET: &[&str] = &[
    "sif:",
    "squashfs:",
    "containers-storage:",
    "charliecloud:",
    "docker-daemon:",
];

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
        let (transport, rest) = match text.split_once(':') {
            Some((
                transport @ ("docker-archive" | "oci-archive" | "oci" | "dir" | "sbom"),
                rest,
            )) => (transport, rest),
            _ => ("", text),
        };
        if rest.is_empty() {
            return Err(empty());
        }
        let path = PathBuf::from(rest);
        let source = match transport {
            "docker-archive" => Source::DockerArchive(path),
            "oci-archive" => Source::OciArchive(path),
            "oci" => layout(rest).ok_or_else(empty)?,
            "dir" => Source::Directory(path),
            "sbom" => Source::Sbom(path),
            _ => Source::Path(path),
        };
        Ok(Self { source })
    }
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
    /// The path of the file or directory; empty where the image is elsewhere.
    pub fn path(&self) -> &Path {
        match self {
            Self::Registry(_) => Path::new(""),
            Self::DockerArchive(path)
            | Self::OciArchive(path)
            | Self::OciLayout(path, _)
            | Self::Directory(path)
            | Self::Sbom(path)
            | Self::Path(path) => path,
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.source.path().display();
        match &self.source {
            Source::DockerArchive(_) => write!(f, "docker-archive:{path}"),
            Source::OciArchive(_) => write!(f, "oci-archive:{path}"),
            Source::OciLayout(_, None) => write!(f, "oci:{path}"),
            Source::OciLayout(_, Some(tag)) => write!(f, "oci:{path}:{tag}"),
            Source::Directory(_) => write!(f, "dir:{path}"),
            Source::Sbom(_) => write!(f, "sbom:{path}"),
            Source::Registry(name) => write!(f, "docker://{name}"),
            Source::Path(_) => write!(f, "{path}"),
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
    fn empty_references_are_refused() {
        for text in ["", "dir:", "oci:", "oci::tag", "docker-archive:"] {
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
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
    }
}
