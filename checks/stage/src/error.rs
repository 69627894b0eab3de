//! Why an image could not be staged.

use std::io;
use std::path::{Path, PathBuf};

use crate::lock::Holder;

/// Why an image could not be staged; nothing that is there was changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The image cannot be read.
    #[error(transparent)]
    Image(#[from] hpcctl_image::Error),
    /// A file cannot be written or read.
    #[error("cannot use {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another process stages the same image and did not come to its end in time.
    #[error("it is being staged by {0}, and was not ready in time")]
    Busy(Holder),
    /// The registry lets nothing be pulled for now.
    #[error("the registry lets nothing be pulled now: {0}")]
    Spent(String),
    /// The file system could not be made.
    #[error("{tool} could not make the file system: {why}")]
    Tool {
        /// The program.
        tool: String,
        /// What it said, or how it ended.
        why: String,
    },
    /// The runtime that was asked for does not run what is staged.
    #[error("{runtime} does not run a {form}")]
    Runtime {
        /// The runtime.
        runtime: String,
        /// What is staged.
        form: &'static str,
    },
    /// No program is there that makes what was asked for.
    #[error("no program here makes a {0}: neither sqfstar nor mksquashfs 4.5 is in PATH")]
    NoTool(&'static str),
}

impl Error {
    /// What to do, where that is known.
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.advice(),
            Self::NoTool(_) => {
                Some("install squashfs-tools, or stage a layout: --as oci".to_owned())
            }
            Self::Runtime { .. } => Some("stage it as something else: --as FORM".to_owned()),
            Self::Spent(_) => Some(
                "stage it then, log in, or use a mirror of the site (registries.conf): a cluster behind one address shares one limit"
                    .to_owned(),
            ),
            Self::Busy(_) => Some("wait longer: --wait SECONDS".to_owned()),
            _ => None,
        }
    }

    /// Whether what was asked for makes no sense.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Runtime { .. })
    }

    /// Whether a file of the configuration is to blame.
    pub fn is_configuration(&self) -> bool {
        matches!(self, Self::Image(error) if error.is_configuration())
    }

    /// Whether it is a fault of this program.
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Image(hpcctl_image::Error::Internal(_)))
    }

    /// Puts the name of a file in front of an error of the system.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }
}
