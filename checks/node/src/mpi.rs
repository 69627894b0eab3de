//! MPI on the node: families of libraries, and the programs that start ranks.
//!
//! The sonames are those of the MPICH ABI initiative, of Open MPI, of the MPI 5 ABI and of
//! Cray MPICH, as read from the libraries themselves.

use hpcctl_host::libraries;

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

/// The MPI libraries of the node: path and family, each once.
pub fn libraries(site: &Site<'_>) -> Vec<(String, &'static Family)> {
    let mut found = Vec::new();
    for dir in libraries::directories(|name| site.host.env(name), &[]) {
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
