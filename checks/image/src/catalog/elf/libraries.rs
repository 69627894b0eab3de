//! The libraries of high-performance computing that are known by their names.
//!
//! SONAMEs, symbols and texts were read from the packages of Debian and from wheels, and for what
//! is not published there from the sources and manuals of its makers. A licence is that of the
//! files named COPYING, COPYRIGHT or LICENSE in the sources; it is given only where all releases
//! have it, or all from one on.

/// A library.
#[derive(Debug)]
pub(super) struct Library {
    /// The name that package managers of this field give it.
    pub(super) name: &'static str,
    /// The SONAMEs, up to `.so`; a `*` at the end stands for anything.
    sonames: &'static [&'static str],
    /// A text that is in every release, where others have the same SONAME.
    pub(super) marker: Option<&'static str>,
    /// What is in the names of its symbols, where others have the same SONAME.
    pub(super) symbols: Option<&'static str>,
    /// Who makes it.
    pub(super) supplier: &'static str,
    /// Its licence.
    pub(super) license: Option<&'static str>,
    /// The first release that has this licence, where earlier ones have another.
    pub(super) since: Option<&'static str>,
    /// The wheel that is this library and nothing else, up to the release of CUDA in its name.
    pub(super) wheel: Option<&'static str>,
    /// Where its version is, the surest way first.
    pub(super) version: &'static [Way],
}

/// Where a version is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Way {
    /// Behind this text.
    After(&'static str),
    /// In a text of its own that begins so.
    Alone(&'static [&'static str]),
    /// In the name of the file, behind `.so.`.
    FileName,
    /// In the name of the file, behind `.so.` and the two numbers of the interface.
    BehindInterface,
    /// The series of the compiler that the library is a part of: that of the latest node of
    /// versions among its symbols, which begins so. Only nodes of one series are listed.
    Series(&'static str, &'static [(&'static str, &'static str)]),
    /// It is that of the compiler, which the library is a part of.
    Compiler,
}

impl Library {
    /// Whether a name, up to `.so`, is one of the library's.
    pub(super) fn is_called(&self, stem: &str) -> bool {
        self.sonames
            .iter()
            .any(|name| match name.strip_suffix('*') {
                Some(start) => stem.starts_with(start),
                None => stem == *name,
            })
    }

    /// Whether more than its SONAME tells that it is this one.
    #[cfg(test)]
    fn is_told(&self) -> bool {
        self.marker.is_some() || self.symbols.is_some()
    }

    /// Whether something is looked for in the texts of the file.
    pub(super) fn has_text(&self) -> bool {
        let is_text = |way: &Way| matches!(way, After(_) | Alone(_));
        self.marker.is_some() || self.version.iter().any(is_text)
    }

    /// Whether the path may tell the version: not where another file of the library does.
    pub(super) fn tells_version(&self) -> bool {
        let mut same = LIBRARIES.iter().filter(|row| row.name == self.name);
        !self.version.is_empty() || same.all(|row| row.version.is_empty())
    }

    const fn new(
        name: &'static str,
        supplier: &'static str,
        sonames: &'static [&'static str],
        version: &'static [Way],
    ) -> Self {
        Self {
            name,
            sonames,
            marker: None,
            symbols: None,
            supplier,
            license: None,
            since: None,
            wheel: None,
            version,
        }
    }

    /// One of the toolkit of CUDA, of which NVIDIA has a wheel.
    const fn of_cuda(
        name: &'static str,
        sonames: &'static [&'static str],
        wheel: &'static str,
    ) -> Self {
        Self::new(name, NVIDIA, sonames, &[FileName])
            .under(CUDA_EULA)
            .in_wheel(wheel)
    }

    const fn marked(mut self, marker: &'static str) -> Self {
        self.marker = Some(marker);
        self
    }

    const fn with_symbols(mut self, part: &'static str) -> Self {
        self.symbols = Some(part);
        self
    }

    const fn under(mut self, license: &'static str) -> Self {
        self.license = Some(license);
        self
    }

    const fn since(mut self, release: &'static str) -> Self {
        self.since = Some(release);
        self
    }

    const fn in_wheel(mut self, name: &'static str) -> Self {
        self.wheel = Some(name);
        self
    }
}

use Way::{After, Alone, BehindInterface, Compiler, FileName, Series};

const ANL: &str = "Argonne National Laboratory";
const OSU: &str = "The Ohio State University";
const OPEN_MPI: &str = "The Open MPI Project";
const INTEL: &str = "Intel Corporation";
const NVIDIA: &str = "NVIDIA Corporation";
const AMD: &str = "Advanced Micro Devices";
const HPE: &str = "Hewlett Packard Enterprise";
const UNIDATA: &str = "University Corporation for Atmospheric Research/Unidata";
const FSF: &str = "Free Software Foundation";
const NETLIB: &str = "University of Tennessee";

const GCC_RUNTIME: &str = "GPL-3.0-or-later WITH GCC-exception-3.1";
const CUDA_EULA: &str = "LicenseRef-NVIDIA-CUDA-EULA";
const OF_OPEN_MPI: &str = "BSD-3-Clause-Open-MPI";
/// LAPACK's and ScaLAPACK's is the same text.
const OF_NETLIB: &str = OF_OPEN_MPI;
const OF_INTEL: &str = "LicenseRef-Intel-Simplified";

/// `libgfortran/gfortran.map` of GCC: 10.2 and 11 end with the same node, and 15 has the last one.
const GFORTRAN: Way = Series(
    "GFORTRAN_",
    &[
        ("8", "8"),
        ("9", "9"),
        ("9.2", "9"),
        ("10", "10"),
        ("12", "12"),
        ("13", "13"),
        ("14", "14"),
    ],
);

/// The table of `GLIBCXX` in the manual of libstdc++ ("ABI Policy and Guidelines"): 9.3 and 10 end
/// with the same node, and 15 has the last one.
const GLIBCXX: Way = Series(
    "GLIBCXX_3.4.",
    &[
        ("21", "5"),
        ("22", "6"),
        ("23", "7"),
        ("24", "7"),
        ("25", "8"),
        ("26", "9"),
        ("27", "9"),
        ("29", "11"),
        ("30", "12"),
        ("31", "13"),
        ("32", "13"),
        ("33", "14"),
    ],
);

/// All of them. Of those with the same SONAME, the first whose marker is there counts.
pub(super) static LIBRARIES: &[Library] = &[
    // MPI.
    Library::new(
        "cray-mpich",
        HPE,
        &["libmpi", "libmpi_abi"],
        &[After("CRAY MPICH version ")],
    )
    .marked("CRAY MPICH version "),
    Library::new(
        "cray-mpich",
        HPE,
        crate::cray::OF_COMPILERS,
        &[After("CRAY MPICH version ")],
    )
    .marked("CRAY MPICH version "),
    Library::new(
        "hpe-mpt",
        HPE,
        &["libmpi", "libmpi_mt"],
        &[After("HPE MPT ")],
    )
    .marked("HPE MPT "),
    Library::new(
        "intel-mpi",
        INTEL,
        &["libmpi", "libmpi_abi", "libmpi_mt"],
        &[Alone(&["20"])],
    )
    .marked("Intel(R) MPI Library")
    .under(OF_INTEL)
    .since("2021"),
    // Its functions for Fortran say so nowhere else.
    Library::new("intel-mpi", INTEL, &["libmpifort", "libmpifort_abi"], &[])
        .with_symbols("__I_MPI_"),
    Library::new(
        "mvapich",
        OSU,
        &["libmpi", "libmpich"],
        &[After("MVAPICH2 Version:\t"), Alone(&["2.", "3.", "4."])],
    )
    .marked("MVAPICH")
    .under("BSD-3-Clause"),
    Library::new(
        "openmpi",
        OPEN_MPI,
        &["libmpi", "libmpi_abi"],
        &[Alone(&["1.", "2.", "3.", "4.", "5.", "6."])],
    )
    .marked("Open MPI v")
    .under(OF_OPEN_MPI),
    Library::new(
        "openmpi",
        OPEN_MPI,
        &[
            "libmca_common_*",
            "libmpi_cxx",
            "libmpi_java",
            "libmpi_mpifh*",
            "libmpi_usempi*",
            "libompitrace",
            "libopen-pal",
            "libopen-rte",
            "libopen_mpi",
            "liboshmem",
        ],
        &[],
    )
    .under(OF_OPEN_MPI),
    Library::new(
        "mpich",
        ANL,
        &["libmpi", "libmpi_abi", "libmpich"],
        &[Alone(&["1.", "3.", "4.", "5."])],
    )
    .marked("MPICH Version:")
    .under("mpich2"),
    Library::new(
        "mpich",
        ANL,
        &["libmpichcxx*", "libmpichf90*", "libmpichfort*"],
        &[],
    )
    .under("mpich2"),
    // What MPI is built on.
    Library::new(
        "libfabric",
        "OpenFabrics Alliance",
        &["libfabric"],
        &[Alone(&["1.", "2."])],
    )
    .under("BSD-2-Clause OR GPL-2.0-only"),
    Library::new(
        "ucx",
        "Unified Communication Framework Consortium",
        &[
            "libucm", "libucm_*", "libucp", "libucs", "libucs_*", "libuct", "libuct_*",
        ],
        &[After("/ucx-")],
    )
    .marked("/ucx-")
    .under("BSD-3-Clause"),
    Library::new(
        "ucx",
        "Unified Communication Framework Consortium",
        &["libucp"],
        &[Alone(&["1."])],
    )
    .under("BSD-3-Clause"),
    Library::new(
        "ucx",
        "Unified Communication Framework Consortium",
        &[
            "libucm", "libucm_*", "libucs", "libucs_*", "libuct", "libuct_*",
        ],
        &[],
    )
    .under("BSD-3-Clause"),
    Library::new(
        "ucc",
        "Unified Communication Framework Consortium",
        &["libucc"],
        &[After("/ucc-")],
    )
    .under("BSD-3-Clause"),
    Library::new(
        "pmix",
        "The OpenPMIx Project",
        &["libpmix"],
        &[After("OpenPMIx "), After("PMIx ")],
    )
    .under(OF_OPEN_MPI),
    Library::new(
        "prrte",
        "The OpenPMIx Project",
        &["libprrte"],
        &[Alone(&["1.", "2.", "3.", "4."])],
    )
    .under(OF_OPEN_MPI),
    Library::new(
        "hwloc",
        OPEN_MPI,
        &["libhwloc"],
        &[Alone(&["1.", "2.", "3."])],
    )
    .under("BSD-3-Clause"),
    Library::new(
        "rdma-core",
        "Linux RDMA",
        &[
            "libefa",
            "libibumad",
            "libibverbs",
            "libmlx4",
            "libmlx5",
            "librdmacm",
        ],
        &[BehindInterface],
    )
    .under("GPL-2.0-only OR Linux-OpenIB"),
    // Data.
    Library::new(
        "hdf5",
        "The HDF Group",
        &["libhdf5", "libhdf5_*", "libhdf5hl*"],
        &[After("HDF5 library version: ")],
    )
    .under("HDF5")
    .since("1.10.1"),
    Library::new(
        "netcdf-c",
        UNIDATA,
        &[
            "libnetcdf",
            "libnetcdf_mpi",
            "libnetcdf_pnetcdf",
            "libnetcdf_serial",
        ],
        &[Alone(&["4.", "5."])],
    )
    .under("BSD-3-Clause"),
    Library::new(
        "netcdf-cxx4",
        UNIDATA,
        &["libnetcdf-cxx4", "libnetcdf_c++4*"],
        &[],
    ),
    Library::new(
        "netcdf-fortran",
        UNIDATA,
        &["libnetcdff", "libnetcdff_*"],
        &[],
    )
    .under("Apache-2.0 AND NetCDF"),
    Library::new(
        "parallel-netcdf",
        "Northwestern University and Argonne National Laboratory",
        &["libpnetcdf"],
        &[After("PnetCDF library version ")],
    )
    .under("NetCDF"),
    // Linear algebra.
    Library::new(
        "openblas",
        "The OpenBLAS Project",
        &["libblas", "liblapack", "libopenblas*", "libscipy_openblas*"],
        &[After("OpenBLAS ")],
    )
    .marked("OpenBLAS ")
    .under("BSD-3-Clause"),
    // What only passes on to it, under the names of others.
    Library::new(
        "openblas",
        "The OpenBLAS Project",
        &["libblas", "libcblas", "liblapack", "liblapacke"],
        &[],
    )
    .with_symbols("blas_memory_alloc")
    .under("BSD-3-Clause"),
    Library::new(
        "atlas",
        "The ATLAS Project",
        &[
            "libatlas",
            "libblas",
            "libcblas",
            "libf77blas",
            "liblapack",
            "liblapack_atlas",
            "libptcblas",
            "libptf77blas",
            "libsatlas",
            "libtatlas",
        ],
        &[Alone(&["3."]), FileName],
    )
    .with_symbols("ATL_")
    .under("BSD-3-Clause"),
    Library::new(
        "blis",
        "The University of Texas at Austin",
        &["libblas", "libblis*"],
        &[
            After("AOCL-BLIS "),
            Alone(&["0.", "1.", "2.", "3.", "4.", "5."]),
        ],
    )
    .marked("BLIS_")
    .under("BSD-3-Clause"),
    Library::new(
        "lapack",
        NETLIB,
        &["libblas", "libcblas", "liblapack", "liblapacke"],
        &[FileName],
    )
    .under(OF_NETLIB)
    .since("3.5"),
    Library::new("scalapack", NETLIB, &["libscalapack*"], &[FileName]).under(OF_NETLIB),
    Library::new(
        "fftw",
        "Massachusetts Institute of Technology",
        &["libfftw3*"],
        &[After("fftw-")],
    )
    .under("GPL-2.0-or-later"),
    Library::new("petsc", ANL, &["libpetsc", "libpetsc_*"], &[FileName]).under("BSD-2-Clause"),
    // CUDA.
    Library::new(
        "cuda-driver",
        NVIDIA,
        &[
            "libcuda",
            "libcudadebugger",
            "libnvidia-ml",
            "libnvidia-ptxjitcompiler",
        ],
        &[FileName],
    )
    .under("LicenseRef-NVIDIA-Proprietary"),
    Library::of_cuda("cuda-cudart", &["libcudart"], "nvidia-cuda-runtime"),
    Library::of_cuda("cuda-cupti", &["libcupti"], "nvidia-cuda-cupti"),
    Library::of_cuda("cuda-nvrtc", &["libnvrtc*"], "nvidia-cuda-nvrtc"),
    Library::of_cuda("cublas", &["libcublas", "libcublasLt"], "nvidia-cublas"),
    Library::of_cuda("cufft", &["libcufft", "libcufftw"], "nvidia-cufft"),
    Library::of_cuda("cufile", &["libcufile*"], "nvidia-cufile"),
    Library::of_cuda("curand", &["libcurand"], "nvidia-curand"),
    Library::of_cuda(
        "cusolver",
        &["libcusolver", "libcusolverMg"],
        "nvidia-cusolver",
    ),
    Library::of_cuda("cusparse", &["libcusparse"], "nvidia-cusparse"),
    Library::new("cusparselt", NVIDIA, &["libcusparseLt"], &[FileName])
        .in_wheel("nvidia-cusparselt"),
    Library::of_cuda("nvjitlink", &["libnvJitLink"], "nvidia-nvjitlink"),
    Library::of_cuda("npp", &["libnpp*"], "nvidia-npp"),
    Library::new("cudnn", NVIDIA, &["libcudnn", "libcudnn_*"], &[FileName])
        .in_wheel("nvidia-cudnn"),
    Library::new(
        "nccl",
        NVIDIA,
        &["libnccl"],
        &[After("NCCL version "), FileName],
    )
    .in_wheel("nvidia-nccl"),
    Library::new(
        "nvshmem",
        NVIDIA,
        &["libnvshmem", "libnvshmem_host"],
        &[After("NVSHMEM v"), FileName],
    )
    .in_wheel("nvidia-nvshmem"),
    // ROCm.
    Library::new(
        "hip",
        AMD,
        &["libamdhip64", "libhiprtc", "libhiprtc-builtins"],
        &[FileName],
    )
    .under("MIT"),
    Library::new("hsa-rocr-dev", AMD, &["libhsa-runtime64"], &[FileName]).under("NCSA"),
    Library::new("hipblas", AMD, &["libhipblas"], &[FileName]).under("MIT"),
    Library::new("hipblaslt", AMD, &["libhipblaslt"], &[FileName]).under("MIT"),
    Library::new("miopen-hip", AMD, &["libMIOpen"], &[FileName]).under("MIT"),
    Library::new(
        "rccl",
        AMD,
        &["librccl"],
        &[After("RCCL version "), FileName],
    ),
    Library::new("rocblas", AMD, &["librocblas"], &[FileName]),
    Library::new("rocfft", AMD, &["librocfft*"], &[FileName]).under("MIT"),
    Library::new("rocm-smi-lib", AMD, &["librocm_smi64"], &[FileName]),
    Library::new("rocsolver", AMD, &["librocsolver"], &[FileName]),
    Library::new("rocsparse", AMD, &["librocsparse"], &[FileName]).under("MIT"),
    // oneAPI.
    Library::new("mkl", INTEL, &["libmkl_*"], &[]),
    Library::new("oneccl", INTEL, &["libccl"], &[After("Gold-")]),
    Library::new(
        "intel-openmp",
        INTEL,
        &["libiomp5"],
        &[After("OMP version: ")],
    ),
    Library::new("dpcpp-runtime", INTEL, &["libsycl", "libsycl-preview"], &[]),
    Library::new(
        "tbb",
        INTEL,
        &["libtbb"],
        &[After("TBB: VERSION\t\t"), Alone(&["20"])],
    )
    .under("Apache-2.0"),
    Library::new(
        "oneapi-level-zero",
        INTEL,
        &[
            "libze_loader",
            "libze_tracing_layer",
            "libze_validation_layer",
        ],
        &[FileName],
    )
    .under("MIT"),
    // The run-time libraries of compilers.
    Library::new("libgcc", FSF, &["libgcc_s"], &[Compiler]).under(GCC_RUNTIME),
    Library::new("libgfortran", FSF, &["libgfortran"], &[Compiler, GFORTRAN]).under(GCC_RUNTIME),
    Library::new("libgomp", FSF, &["libgomp"], &[Compiler]).under(GCC_RUNTIME),
    Library::new("libquadmath", FSF, &["libquadmath"], &[Compiler]),
    Library::new("libstdc++", FSF, &["libstdc++"], &[Compiler, GLIBCXX]).under(GCC_RUNTIME),
    // Schedulers.
    Library::new(
        "munge",
        "The MUNGE Project",
        &["libmunge"],
        &[Alone(&["0."])],
    )
    .under("LGPL-3.0-or-later"),
    Library::new("openpbs", "Altair Engineering", &["libpbs"], &[]),
    Library::new(
        "slurm",
        "SchedMD",
        &["libslurm", "libslurm_pmi", "libslurmdb", "libslurmfull"],
        &[Alone(&[
            "14.", "15.", "16.", "17.", "18.", "19.", "20.", "21.", "22.", "23.", "24.", "25.",
            "26.",
        ])],
    )
    .under("GPL-2.0-or-later"),
    Library::new("torque", "Adaptive Computing", &["libtorque"], &[]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use hpcctl_license_db::expression;

    #[test]
    fn a_row_behind_one_for_everything_of_its_name_would_never_count() {
        for (place, row) in LIBRARIES.iter().enumerate() {
            for name in row.sonames {
                let stem = name.trim_end_matches('*');
                let earlier = LIBRARIES[..place]
                    .iter()
                    .find(|earlier| !earlier.is_told() && earlier.is_called(stem));
                assert!(earlier.is_none(), "{name} of {}: {earlier:?}", row.name);
            }
        }
    }

    #[test]
    fn licences_are_expressions() {
        for license in LIBRARIES.iter().filter_map(|row| row.license) {
            assert_eq!(expression::normalise(license).as_deref(), Some(license));
        }
    }
}
