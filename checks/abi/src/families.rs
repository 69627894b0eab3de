//! Which libraries can stand for one another.
//!
//! The names are DT_SONAMEs as read from the libraries themselves: Debian's MPICH and Open MPI from
//! bullseye to sid, the wheels of Intel MPI and MPICH, and those of the MPICH ABI initiative
//! (<https://www.mpich.org/abi/>). Debian calls MPICH's library `libmpich.so.12`.

use hpcctl_image::{Linkage, is_cray_mpi};

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

/// What the libraries of a family are to one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Among {
    /// The same, under several names.
    Same,
    /// Others with each name: where whoever makes them says so.
    Others(&'static str),
    /// Others with each name, of which nobody says whether one stands for another.
    Untold,
}

/// Libraries that can stand for one another, as far as their names are the same library.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The name that people use.
    pub name: &'static str,
    /// What they are for.
    pub kind: Kind,
    /// The names of its libraries.
    pub sonames: &'static [&'static str],
    /// What those are to one another.
    pub among: Among,
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
        among: Among::Same,
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
    among: Among::Same,
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
        among: Among::Same,
        companions: &[
            &["libmpifort.so.12", "libmpichfort.so.12"],
            &["libmpicxx.so.12", "libmpichcxx.so.12"],
        ],
        plugins: &[],
    },
    OPEN_MPI,
    Family {
        name: BEFORE_3,
        // 2.x and 1.3 to 1.8; that of 1.10 has MPICH's name.
        sonames: &["libmpi.so.20", "libmpi.so.1"],
        among: Among::Others(NUMBERS),
        companions: &[],
        ..OPEN_MPI
    },
    Family {
        name: "MPI 5 ABI",
        kind: Kind::Mpi,
        sonames: &["libmpi_abi.so.1", "libmpi_abi.so.0"],
        among: Among::Others("MPI 5.0, chapter 20: the number is the major version of the ABI"),
        companions: &[],
        plugins: &[],
    },
    Family {
        name: CRAY,
        kind: Kind::Mpi,
        // One for each series of each compiler, see [`is_of_cray`].
        sonames: &[],
        among: Among::Untold,
        companions: &[],
        plugins: &[],
    },
    Family {
        name: "HPE MPT",
        kind: Kind::Mpi,
        sonames: &[MPT],
        among: Among::Same,
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
    Family {
        among: Among::Others(HIP),
        ..gpu(
            "HIP",
            &["libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5"],
        )
    },
    gpu("HSA", &["libhsa-runtime64.so.1"]),
    gpu("Level Zero", &["libze_loader.so.1"]),
];

/// The Open MPIs of before 3.0.
const BEFORE_3: &str = "Open MPI of before 3.0";

/// Cray's MPICH with names of its own.
const CRAY: &str = "Cray MPICH";

/// MPT's own library.
pub(crate) const MPT: &str = "libmpi.so";

/// Open MPI gives its libraries another number where what was built with one does not work with the
/// other.
const NUMBERS: &str = "https://docs.open-mpi.org/en/v5.0.x/version-numbering.html, 2026-11-30";

/// HIP 7 is "incompatible with prior releases", 6 "not backward compatible" with 5, the latter by the
/// release notes of ROCm 5.7.0; some of it no symbol shows.
const HIP: &str = "https://rocm.docs.amd.com/projects/HIP/en/latest/hip-7-changes.html, https://github.com/RadeonOpenCompute/ROCm/releases/tag/rocm-5.7.0, 2026-11-30";

/// Whether a name is that of a library of Cray's for one compiler: `libmpi_gnu_123.so.12`.
fn is_of_cray(soname: &str) -> bool {
    soname.strip_suffix(".so.12").is_some_and(is_cray_mpi)
}

/// The library that one for Fortran of Cray's comes with: `libmpifort_gnu_123.so.12`.
fn beside_of_cray(companion: &str) -> Option<String> {
    let rest = companion.strip_prefix("libmpifort_")?;
    Some(format!("libmpi_{rest}")).filter(|soname| is_of_cray(soname))
}

impl Family {
    /// The family of a name that programs ask for.
    pub fn named(soname: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| family.has(soname))
    }

    /// Whether a name is that of one of its libraries.
    pub fn has(&self, soname: &str) -> bool {
        self.sonames.contains(&soname) || (self.is_open() && is_of_cray(soname))
    }

    /// Whether it has names that only a directory tells.
    pub fn is_open(&self) -> bool {
        self.name == CRAY
    }

    /// Whether two names of its libraries are known to be the same library.
    pub(crate) fn is_same(&self, one: &str, other: &str) -> bool {
        one == other || (self.among == Among::Same && self.has(one) && self.has(other))
    }

    /// The names of the libraries that a companion comes with.
    pub(crate) fn beside(&self, companion: &str) -> Vec<String> {
        let named = self.sonames.iter().map(ToString::to_string);
        named.chain(beside_of_cray(companion)).collect()
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
            true => FAMILIES.iter().find(|family| family.name == BEFORE_3),
            false => Some(named),
        }
    }

    /// The family that a name belongs to, as a companion or itself.
    pub fn around(soname: &str) -> Option<&'static Self> {
        FAMILIES.iter().find(|family| {
            let mut companions = family.companions.iter();
            let is_of_cray = || family.is_open() && beside_of_cray(soname).is_some();
            family.has(soname) || companions.any(|set| set.contains(&soname)) || is_of_cray()
        })
    }

    /// Names that are the same library as `soname`, itself first.
    pub fn aliases<'n>(&'static self, soname: &'n str) -> Vec<&'n str> {
        let own = Some(&self.sonames).filter(|_| self.among == Among::Same);
        let mut sets = own.into_iter().chain(self.companions);
        let set = sets.find(|set| set.contains(&soname));
        let others = set.into_iter().copied().flatten().copied();
        let others = others.filter(|name| *name != soname);
        std::iter::once(soname).chain(others).collect()
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
        assert!(mpich.is_same("libmpi.so.12", "libmpich.so.12"));
    }

    #[test]
    fn releases_that_are_others_and_sets_of_compilers_are_not_the_same() {
        for (one, other) in [
            ("libamdhip64.so.6", "libamdhip64.so.7"),
            ("libmpi.so.1", "libmpi.so.20"),
            ("libmpi_abi.so.0", "libmpi_abi.so.1"),
            ("libmpi_gnu_91.so.12", "libmpi_cray.so.12"),
        ] {
            let family = Family::named(one).unwrap();
            assert_eq!(Family::named(other), Some(family), "{one}");
            assert!(!family.is_same(one, other), "{one}");
            assert_eq!(family.aliases(one), [one]);
        }
    }

    #[test]
    fn every_compiler_has_a_library_of_cray() {
        for set in [
            "gnu_82", "gnu_123", "amd", "aocc_30", "nvidia", "pgi", "intel", "cray",
        ] {
            let soname = format!("libmpi_{set}.so.12");
            assert_eq!(Family::named(&soname).unwrap().name, CRAY, "{soname}");
            let companion = format!("libmpifort_{set}.so.12");
            let around = Family::around(&companion).unwrap();
            assert_eq!(
                (around.name, around.beside(&companion)),
                (CRAY, vec![soname])
            );
            assert_eq!(around.aliases(&companion), [companion.as_str()]);
            assert!(Family::named(&companion).is_none());
        }
        assert!(Family::around("libmpi_gtl_hsa.so.0").is_none());
        assert!(Family::named("libmpi_gnu_82.so.40").is_none());
    }
}
