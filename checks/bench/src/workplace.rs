//! The directory of a run: what both sides read, and where a container's root is mounted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hpcctl_host::kit;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::Error;
use crate::fs::tree;
use crate::launch::program;
use crate::libc::bare;

/// The directory of a run, removed with it.
#[derive(Debug)]
pub(crate) struct Workplace {
    dir: TempDir,
    /// Our own program.
    pub(crate) agent: PathBuf,
}

impl Workplace {
    /// Makes it, with the tree that is read and the program that is launched.
    pub(crate) fn new() -> Result<Self, Error> {
        let failed = |what: &str| {
            let what = what.to_owned();
            |source| Error::Workplace { what, source }
        };
        let dir = tempfile::Builder::new()
            .prefix("hpcctl-bench-")
            .tempdir()
            .map_err(failed("a temporary directory"))?;
        let agent = std::env::current_exe().map_err(failed("a copy of this program"))?;
        let place = Self { dir, agent };
        fs::create_dir(place.root()).map_err(failed("a mount point"))?;
        fs::create_dir(place.shared()).map_err(failed("a directory to share"))?;
        fs::create_dir(place.shared().join(WRITTEN)).map_err(failed("a directory to write to"))?;
        tree::make(&place.shared()).map_err(failed("the files to read"))?;
        program::write(&place.shared().join(PROGRAM)).map_err(failed("the program to launch"))?;
        bare::write(&place.shared().join(bare::NAME)).map_err(failed("the bare program"))?;
        Ok(place)
    }

    /// Where a root may be mounted.
    pub(crate) fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// What both sides see.
    pub(crate) fn shared(&self) -> PathBuf {
        self.dir.path().join("shared")
    }

    /// What both sides see, as it is mounted inside: nobody there writes over the program that the next pair starts.
    pub(crate) fn binds(&self, inside: &Path) -> [Bind; 2] {
        let bind = |outside: PathBuf, inside: PathBuf, read_only| Bind {
            outside,
            inside,
            read_only,
        };
        let shared = self.shared();
        let written = shared.join(WRITTEN);
        [
            bind(shared, inside.into(), true),
            bind(written, inside.join(WRITTEN), false),
        ]
    }

    /// A new directory for a tree of its own.
    pub(crate) fn tree(&self) -> Result<PathBuf, Error> {
        let tree = tempfile::Builder::new()
            .prefix("tree-")
            .tempdir_in(self.dir.path());
        let made = tree.map_err(|source| Error::Workplace {
            what: "a directory for an image".into(),
            source,
        })?;
        // It is removed with the directory above it.
        Ok(made.keep())
    }

    /// Puts our program and the libraries that it runs with into the shared directory; the
    /// command that runs it, where that directory is at `inside`.
    pub(crate) fn kit(&self, inside: &Path) -> io::Result<Kit> {
        let kit = self.shared().join("kit");
        if !kit.exists() {
            kit::make(&kit, &self.agent)?;
        }
        Ok(Kit {
            with_own: kit::command(&kit, &inside.join("kit"))?,
            with_theirs: vec![inside.join("kit").join(kit::AGENT).display().to_string()],
        })
    }
}

/// A directory of the node that is mounted inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Bind {
    /// Its path outside.
    pub(crate) outside: PathBuf,
    /// Its path inside.
    pub(crate) inside: PathBuf,
    /// Whether nothing is written to it by this path.
    pub(crate) read_only: bool,
}

impl Bind {
    /// As options of most runtimes have it: both paths, and `ro` where it is.
    pub(crate) fn words(&self) -> String {
        let (outside, inside) = (self.outside.display(), self.inside.display());
        let read_only = if self.read_only { ":ro" } else { "" };
        format!("{outside}:{inside}{read_only}")
    }
}

/// In what both sides see, the one directory that is written to.
pub(crate) const WRITTEN: &str = "written";

/// The name of the program that is launched.
pub(crate) const PROGRAM: &str = "program";

/// How the agent is run in an image.
#[derive(Debug, Clone)]
pub(crate) struct Kit {
    /// With the libraries of the host, which it brings along.
    pub(crate) with_own: Vec<String>,
    /// With those of the image.
    pub(crate) with_theirs: Vec<String>,
}
