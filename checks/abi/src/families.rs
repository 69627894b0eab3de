//! Which libraries can stand for one another.
//!
//! The names are DT_SONAMEs as read from the libraries themselves: Debian's MPICH and Open MPI from
//! bullseye to sid, the wheels of Intel MPI and MPICH, and those of the MPICH ABI initiative
//! (<https://www.mpich.org/abi/>). Debian calls MPICH's library `libmpich.so.12`.

use hpcctl_image::Linkage;

/// What a library is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The message passing interface.
    Mpi,
    /// What moves the messages.
    Fabric,
    /// The driver of a GPU.
    Gpu,
}

/// Libraries that can stand for one another.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The name that people use.
    pub name: &'static str,
    /// What they are for.
    pub kind: Kind,
    /// Names that are the same library.
    pub sonames: &'static [&'static str],
    /// Names of libraries that come with it, in sets that are the same library.
    pub companions: &'static [&'static [&'static str]],
    /// Directories beside it from which it loads parts of itself as it runs; those with what it
    /// reads for that are absolute.
    pub plugins: &'static [&'static str],
}

const fn fabric(name: &'static str, sonames: &'static [&'static str]) -> Family {
    Family {
        name,
        kind: Kind::Fabric,
        sonames,
        companions: &[],
        plugins: &[],
    }
}

const fn gpu(name: &'static str, sonames: &'static [&'static str]) -> Family {
    Family {
        kind: Kind::Gpu,
        ..fabric(name, sonames)
    }
}

const OPEN_MPI: Family = Family {
    name: "Open MPI",
    kind: Kind::Mpi,
    sonames: &["libmpi.so.40"],
    companions: &[
        &["libmpi_mpifh.so.40"],
        &["libmpi_usempif08.so.40"],
        &["libmpi_usempi_ignore_tkr.so.40"],
        &["libmpi_usempi.so.40"],
        &["libmpi_cxx.so.40"],
        &["libmpi_java.so.40"],
        &["libopen_mpi.so.40"],
        &["libopen-rte.so.40"],
        &["libopen-pal.so.40"],
        &["libopen-pal.so.80"],
        &["liboshmem.so.40"],
    ],
    plugins: &[
        "openmpi",
        "openmpi/lib/openmpi",
        "openmpi/lib/openmpi3",
        "openmpi/lib/openmpi40",
    ],
};

/// Every family that is known.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "MPICH ABI",
        kind: Kind::Mpi,
        sonames: &["libmpi.so.12", "libmpich.so.12"],
        companions: &[
            &["libmpifort.so.12", "libmpichfort.so.12"],
            &["libmpicxx.so.12", "libmpichcxx.so.12"],
        ],
        plugins: &[],
    },
    OPEN_MPI,
    Family {
        name: "Open MPI of before 3.0",
        sonames: &["libmpi.so.20", "libmpi.so.1"],
        companions: &[],
        ..OPEN_MPI
    },
    Family {
        name: "MPI 5 ABI",
        kind: Kind::Mpi,
        sonames: &["libmpi_abi.so.1", "libmpi_abi.so.0"],
        companions: &[],
        plugins: &[],
    },
    Family {
        name: "Cray MPICH",
        kind: Kind::Mpi,
        sonames: &[
            "libmpi_cray.so.12",
            "libmpi_gnu_91.so.12",
            "libmpi_gnu_103.so.12",
            "libmpi_gnu_112.so.12",
            "libmpi_gnu_123.so.12",
            "libmpi_intel.so.12",
        ],
        companions: &[],
        plugins: &[],
    },
    Family {
        name: "HPE MPT",
        kind: Kind::Mpi,
        sonames: &["libmpi.so"],
        companions: &[],
        plugins: &[],
    },
    Family {
        plugins: &["libfabric"],
        ..fabric("libfabric", &["libfabric.so.1"])
    },
    Family {
        companions: &[&["libucs.so.0"], &["libuct.so.0"], &["libucm.so.0"]],
        plugins: &["ucx"],
        ..fabric("UCX", &["libucp.so.0"])
    },
    Family {
        plugins: &["pmix"],
        ..fabric("PMIx", &["libpmix.so.2"])
    },
    fabric("PMI-2", &["libpmi2.so.0"]),
    fabric("PMI", &["libpmi.so.0"]),
    Family {
        plugins: &["libibverbs", "/etc/libibverbs.d"],
        ..fabric("verbs", &["libibverbs.so.1"])
    },
    fabric("RDMA CM", &["librdmacm.so.1"]),
    gpu("CUDA driver", &["libcuda.so.1"]),
    gpu("NVML", &["libnvidia-ml.so.1"]),
    gpu(
        "HIP",
        &["libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5"],
    ),
    gpu("HSA", &["libhsa-runtime64.so.1"]),
    gpu("Level Zero", &["libze_loader.so.1"]),
];

impl Family {
    /// The family of a name that programs ask for.
    pub fn named(soname: &str) -> Option<&'static Self> {
        FAMILIES
            .iter()
            .find(|family| family.sonames.contains(&soname))
    }

    /// The family that a library is of. Open MPI 1.10 called its library as MPICH does: what is
    /// inside tells.
    pub fn of(linkage: &Linkage) -> Option<&'static Self> {
        let named = Self::named(linkage.soname.as_deref()?)?;
        let is_open = linkage
            .symbols
            .as_ref()
            .is_some_and(|symbols| symbols.gives(OPEN_MARK, None));
        match named.name == FAMILIES[0].name && is_open {
            true => FAMILIES
                .iter()
                .find(|family| family.name == "Open MPI of before 3.0"),
            false => Some(named),
        }
    }

    /// The family that a name belongs to, as a companion or itself.
    pub fn around(soname: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| {
            let mut companions = family.companions.iter();
            family.sonames.contains(&soname) || companions.any(|set| set.contains(&soname))
        })
    }

    /// Names that are the same library as `soname`, itself first.
    pub fn aliases(&'static self, soname: &str) -> Vec<&'static str> {
        let mut sets = std::iter::once(&self.sonames).chain(self.companions);
        let set = sets
            .find(|set| set.contains(&soname))
            .copied()
            .unwrap_or(&[]);
        let (mut first, others): (Vec<_>, Vec<_>) = set.iter().partition(|name| **name == soname);
        first.extend(others);
        first
    }
}

/// What every library and program of Open MPI names.
const OPEN_MARK: &str = "ompi_mpi_comm_world";

/// Whether a symbol is one of MPI's, of C or of Fortran.
pub fn is_mpi_symbol(name: &str) -> bool {
    [
        "MPI_", "PMPI_", "MPIX_", "PMPIX_", "mpi_", "pmpi_", "ompi_", "MPI_F08", "mpifort_",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_family() {
        let mut all: Vec<&str> = Vec::new();
        for family in FAMILIES {
            all.extend(family.sonames);
        }
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn names_of_the_same_library_are_told() {
        let mpich = Family::named("libmpich.so.12").unwrap();
        assert_eq!(mpich.name, "MPICH ABI");
        assert_eq!(
            mpich.aliases("libmpich.so.12"),
            ["libmpich.so.12", "libmpi.so.12"]
        );
        assert_eq!(
            mpich.aliases("libmpifort.so.12"),
            ["libmpifort.so.12", "libmpichfort.so.12"]
        );
        assert_eq!(Family::around("libucs.so.0").unwrap().name, "UCX");
        assert!(Family::named("libucs.so.0").is_none());
        assert!(Family::named("libmpi.so.40").unwrap() != mpich);
    }
}
