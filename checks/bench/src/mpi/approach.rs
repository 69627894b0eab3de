//! The approaches to MPI with containers: whose launcher starts the ranks, and whose library they use.
//!
//! The library of the node is brought along as the ranks of the node have it mapped, with all that it has loaded itself; of
//! the C library that of the container stays, so a library that is too new for it says so.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hpcctl_host::kit;
use serde::{Deserialize, Serialize};

/// An approach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approach {
    /// Launcher and library of the container, which holds both ranks.
    #[default]
    Container,
    /// The launcher of the node, and the library of the container.
    HostLauncher,
    /// Launcher and library of the node.
    HostLibrary,
}

/// An approach with its name, which is that of the way of `abi`.
struct Row {
    approach: Approach,
    name: &'static str,
}

static APPROACHES: [Row; 3] = [
    Row {
        approach: Approach::Container,
        name: "container-only",
    },
    Row {
        approach: Approach::HostLauncher,
        name: "host-launcher",
    },
    Row {
        approach: Approach::HostLibrary,
        name: "host-library",
    },
];

impl Approach {
    /// Every name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        APPROACHES.iter().map(|row| row.name)
    }

    /// The approach of that name.
    pub fn named(name: &str) -> Option<Self> {
        let row = APPROACHES.iter().find(|row| row.name == name);
        row.map(|row| row.approach)
    }

    /// As the command line and reports name it.
    pub(crate) fn name(self) -> &'static str {
        let mut rows = APPROACHES.iter();
        // Every approach has a row, which a test sees to.
        rows.find(|row| row.approach == self)
            .map_or("", |row| row.name)
    }
}

/// Ranks inside that the launcher of the node starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ranks {
    /// The command that makes our program one of them, in its container.
    pub(crate) command: Vec<String>,
    /// The library of the node, as it is named inside.
    pub(crate) library: Option<PathBuf>,
}

/// The libraries that the ranks of the node have mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mapped {
    /// The MPI itself.
    pub(crate) mpi: PathBuf,
    /// All others.
    pub(crate) others: Vec<PathBuf>,
}

impl Mapped {
    /// What this process has mapped, which has opened that MPI.
    pub(super) fn here(mpi: &Path) -> io::Result<Self> {
        let mpi = fs::canonicalize(mpi)?;
        let mut others = kit::here()?;
        others.retain(|path| *path != mpi);
        Ok(Self { mpi, others })
    }

    /// Copies it to a directory, those below that of the MPI where they lie there, each by the name by which it is looked for,
    /// but for the parts of the C library and what this program itself has mapped: the name of the MPI in it.
    pub(crate) fn bring(&self, own: &[PathBuf], dir: &Path) -> io::Result<PathBuf> {
        let home = self.mpi.parent().unwrap_or(Path::new("/"));
        let name = kit::name(&self.mpi);
        fs::create_dir(dir)?;
        for library in self.others.iter().filter(|path| !own.contains(path)) {
            let name = kit::name(library);
            if kit::is_of_c_library(&name.to_string_lossy()) {
                continue;
            }
            let below = library.parent().and_then(|it| it.strip_prefix(home).ok());
            let to = dir.join(below.unwrap_or(Path::new("")));
            fs::create_dir_all(&to)?;
            fs::copy(library, to.join(name))?;
        }
        fs::copy(&self.mpi, dir.join(&name))?;
        Ok(PathBuf::from(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_approach_has_its_row() {
        for row in &APPROACHES {
            assert_eq!(Approach::named(row.name), Some(row.approach));
            assert_eq!(row.approach.name(), row.name);
        }
        assert_eq!(Approach::named("nonesuch"), None);
    }

    #[test]
    fn libraries_keep_their_places_below_the_mpi() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        fs::create_dir_all(at("opt/lib/mpich")).unwrap();
        for path in [
            "opt/lib/libmpi.so.12",
            "opt/lib/mpich/libucp.so.0",
            "libx.so",
            "libown.so",
            "libdl.so.2",
        ] {
            fs::File::create(at(path)).unwrap();
        }
        let mapped = Mapped {
            mpi: at("opt/lib/libmpi.so.12"),
            others: [
                "opt/lib/mpich/libucp.so.0",
                "libx.so",
                "libown.so",
                "libdl.so.2",
            ]
            .map(at)
            .to_vec(),
        };
        let to = at("copy");
        let name = mapped.bring(&[at("libown.so")], &to).unwrap();
        assert_eq!(name, Path::new("libmpi.so.12"));
        for path in ["libmpi.so.12", "mpich/libucp.so.0", "libx.so"] {
            assert!(to.join(path).is_file(), "{path}");
        }
        assert!(!to.join("libown.so").exists() && !to.join("libdl.so.2").exists());
    }
}
