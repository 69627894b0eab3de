//! MPI on the node: families of libraries, and the programs that start ranks.
//!
//! The sonames are those of the MPICH ABI initiative, of Open MPI, of the MPI 5 ABI and of
//! Cray MPICH, as read from the libraries themselves.

use crate::Site;

/// A family of libraries that can stand for one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The name that people use.
    pub name: &'static str,
    /// The sonames, without those that are only alike.
    pub sonames: &'static [&'static str],
}

/// Every family that is known.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "MPICH ABI",
        sonames: &["libmpi.so.12", "libmpich.so.12"],
    },
    Family {
        name: "Open MPI",
        sonames: &["libmpi.so.40", "libmpi.so.80"],
    },
    Family {
        name: "MPI 5 ABI",
        sonames: &["libmpi_abi.so.0", "libmpi_abi.so.1"],
    },
    Family {
        name: "Cray MPICH",
        sonames: &[
            "libmpi_cray.so.12",
            "libmpi_gnu_91.so.12",
            "libmpi_gnu_123.so.12",
        ],
    },
];

/// Programs that start ranks, those of schedulers first.
pub static LAUNCHERS: &[&str] = &[
    "srun",
    "palsrun",
    "aprun",
    "jsrun",
    "prun",
    "mpiexec.hydra",
    "mpiexec",
    "mpirun",
];

/// Directories of libraries, by the habits of the distributions and of Cray's environment.
const DIRECTORIES: &[&str] = &[
    "/usr/lib64",
    "/usr/lib64/mpich/lib",
    "/usr/lib64/openmpi/lib",
    "/usr/lib64/mpi/gcc/openmpi4/lib64",
    "/usr/lib64/mpi/gcc/mpich/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/local/lib",
    "/opt/cray/pe/lib64",
];

/// Variables that name the place of an MPI.
const HOMES: &[&str] = &[
    "MPI_HOME",
    "MPI_ROOT",
    "I_MPI_ROOT",
    "CRAY_MPICH_DIR",
    "MPICH_HOME",
];

/// The most directories that are looked through.
const MOST: usize = 64;

/// The MPI libraries of the node: path and family, each once.
pub fn libraries(site: &Site<'_>) -> Vec<(String, &'static Family)> {
    let mut found = Vec::new();
    for dir in directories(site) {
        for family in FAMILIES {
            for soname in family.sonames {
                let path = format!("{dir}/{soname}");
                let known = found.iter().any(|(known, _)| *known == path);
                if !known && (site.host.stat(&path).is_ok() || site.host.read(&path).is_ok()) {
                    found.push((path, family));
                }
            }
        }
    }
    found
}

fn directories(site: &Site<'_>) -> Vec<String> {
    let paths = site.host.env("LD_LIBRARY_PATH").unwrap_or_default();
    let mut dirs: Vec<String> = paths
        .split(':')
        .filter(|dir| dir.starts_with('/'))
        .map(ToOwned::to_owned)
        .collect();
    for home in HOMES.iter().filter_map(|name| site.host.env(name)) {
        for below in ["lib", "lib64", "lib/release", "lib-abi-mpich"] {
            dirs.push(format!("{home}/{below}"));
        }
    }
    dirs.extend(DIRECTORIES.iter().map(ToString::to_string));
    dirs.truncate(MOST);
    dirs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::{Scripted, stat};

    #[test]
    fn the_environment_comes_before_the_usual_places() {
        let mut host = Scripted::new()
            .stat("/opt/mpi/lib/libmpi.so.12", stat(0o100755))
            .stat("/usr/lib64/libmpi.so.40", stat(0o100755));
        host.env.insert("MPI_HOME".into(), "/opt/mpi".into());
        let found = libraries(&Site::new(&host));
        let names: Vec<&str> = found.iter().map(|(_, family)| family.name).collect();
        assert_eq!(names, ["MPICH ABI", "Open MPI"]);
    }
}
