//! Why an image could not be scanned at all.
//!
//! What is wrong inside an image that could be opened is never an error: it is an
//! [`hpcctl_model::Unknown`] beside what was found.

use std::io;
use std::path::PathBuf;

/// Why an image could not be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file or directory could not be opened or read.
    #[error("cannot read {path}")]
    Unreadable {
        /// What was to be read.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// It was read, and it is not an image of this format.
    #[error("{path} is not an image: {why}")]
    NotAnImage {
        /// What was read.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// It was named as a bill of materials, and it is none that can be read.
    #[error("{path} is no bill of materials that can be read: {why}")]
    NotABill {
        /// What was read.
        path: PathBuf,
        /// What is missing or wrong.
        why: String,
    },
    /// The image holds several images, and the reference does not say which.
    #[error(
        "{path} holds several images, of which one must be named by :NAME after the path: {choices}"
    )]
    Ambiguous {
        /// The layout.
        path: PathBuf,
        /// The names or tags that it has.
        choices: String,
    },
    /// The image is for other machines only.
    #[error("{path} has no image for {wanted}, only for {choices}")]
    NoPlatform {
        /// The layout.
        path: PathBuf,
        /// The platform of this machine.
        wanted: String,
        /// The platforms that it has.
        choices: String,
    },
    /// It holds no manifest whose bytes could be passed on.
    #[error("{0}")]
    NoManifest(String),
    /// There is no cataloger of that name.
    #[error("there is no cataloger {name}: there are {known}")]
    NoCataloger {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// What should be left out is no glob.
    #[error("{glob} is no glob: {why}")]
    BadGlob {
        /// What was asked for.
        glob: String,
        /// What is wrong with it.
        why: String,
    },
    /// A registry does not give it out.
    #[error(transparent)]
    Registry(#[from] hpcctl_registry::Error),
    /// What is made of the image cannot be written.
    #[error("cannot write what is made of it: {0}")]
    Writing(io::Error),
    /// A fault of this program.
    #[error("a fault of hpcctl: {0}")]
    Internal(String),
}

impl Error {
    /// Whether the image is to blame: it is not there, not readable or not an image.
    pub fn is_target(&self) -> bool {
        !matches!(self, Self::Internal(_)) && !self.is_usage()
    }

    /// Whether what was asked for makes no sense.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::NoCataloger { .. } | Self::BadGlob { .. })
    }

    /// What to do, where that is known.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Registry(error) => error.advice(),
            Self::NoManifest(_) => Some(
                "write it once with `skopeo copy TRANSPORT:IMAGE oci-archive:FILE`, such as docker-archive:image.tar for IMAGE, and go on with that file"
                    .to_owned(),
            ),
            Self::Unreadable { path, source } if source.kind() == io::ErrorKind::NotFound => {
                crate::reference::meant(path)
            }
            _ => None,
        }
    }

    /// Whether a file of the configuration is to blame.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Registry(error) if error.is_configuration())
    }

    pub(crate) fn unreadable(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        Self::Unreadable { path, source }
    }

    pub(crate) fn not_an_image(path: impl Into<PathBuf>, why: impl Into<String>) -> Self {
        let (path, why) = (path.into(), why.into());
        Self::NotAnImage { path, why }
    }
}
