//! Variables of the host that have to cross into a container for its MPI, fabric or GPU, and those
//! that must not.
//!
//! Each row has its source, which was looked up on the day that [`LOOKED_UP`] names; of long guides
//! only the passages that a search finds were read. What launchers really tell their ranks is
//! compared with the rows in `tests/abi/environment.rs`.

use hpcctl_model::abi::Variable;

use crate::families::{Family, Kind};

/// The day on which the sources were looked up.
const LOOKED_UP: &str = "2026-11-29";

/// For which libraries a row is.
enum For {
    /// All of them.
    All,
    /// Those of a kind.
    Kind(Kind),
    /// Those of a family.
    Family(&'static str),
}

struct Row {
    of: For,
    pattern: &'static str,
    crosses: bool,
    why: &'static str,
    source: &'static str,
}

const fn cross(of: For, pattern: &'static str, why: &'static str, source: &'static str) -> Row {
    Row {
        of,
        pattern,
        crosses: true,
        why,
        source,
    }
}

const fn stay(pattern: &'static str, why: &'static str) -> Row {
    Row {
        of: All,
        pattern,
        crosses: false,
        why,
        source: "ld.so(8)",
    }
}

use For::{All, Family as Of};

const MPI: For = For::Kind(Kind::Mpi);
const GPU: For = For::Kind(Kind::Gpu);
const MPICH: For = Of("MPICH ABI");
const CRAY: For = Of("Cray MPICH");
const OPEN: For = Of("Open MPI");
const ABI: For = Of("MPI 5 ABI");

const LAUNCHED: &str = "HPE's launcher tells each rank its number and whom to ask";

const CPE: &str = "https://cpe.ext.hpe.com/docs/latest/mpt/mpich/intro_mpi.html";
const WIRE: &str =
    "https://github.com/pmodels/mpich/blob/main/doc/wiki/design/PMI_v2_Wire_Protocol.md";
const CHANGES: &str = "https://github.com/pmodels/mpich/blob/main/CHANGES";
const INTEL: &str = "https://www.intel.com/content/www/us/en/docs/mpi-library/developer-reference-linux/current/other-environment-variables.html";
const OMPI: &str = "https://docs.open-mpi.org/en/main/tuning-apps/environment-var.html";
const PALS: &str =
    "https://github.com/SchedMD/slurm/blob/master/src/plugins/mpi/cray_shasta/mpi_cray_shasta.c";
const NVIDIA: &str =
    "https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html";
const ROCM: &str = "https://rocm.docs.amd.com/en/docs-6.1.2/conceptual/gpu-isolation.html";

/// Every row, in report order. HPE advises for Cray to hand on all that is about MPI, which the
/// rows of that family add up to.
static ROWS: &[Row] = &[
    cross(
        MPI,
        "PMI_*",
        "the launcher tells each rank its number and whom to ask (PMI-1, PMI-2)",
        WIRE,
    ),
    cross(
        MPI,
        "PMIX_*",
        "the launcher tells each rank its number and whom to ask (PMIx)",
        "https://github.com/openpmix/openpmix/blob/master/docs/man/man3/PMIx_server_setup_fork.3.rst",
    ),
    cross(
        MPI,
        "SLURM_*",
        "srun tells each task where it is; its PMI and Cray's read it",
        "https://slurm.schedmd.com/srun.html",
    ),
    cross(CRAY, "PALS_*", LAUNCHED, PALS),
    cross(MPICH, "PALS_*", LAUNCHED, PALS),
    cross(
        MPICH,
        "MPI_LOCAL*",
        "Hydra tells each rank its number on the node",
        "https://github.com/pmodels/mpich/tree/main/src/pm/hydra",
    ),
    cross(
        MPICH,
        "MPICH_*",
        "settings of MPICH and of Cray MPICH, such as MPICH_GPU_SUPPORT_ENABLED",
        CPE,
    ),
    cross(
        CRAY,
        "MPICH_*",
        "settings of Cray MPICH, such as MPICH_GPU_SUPPORT_ENABLED",
        CPE,
    ),
    cross(MPICH, "MPIR_*", "settings of MPICH, MPIR_CVAR_*", CHANGES),
    cross(
        MPICH,
        "I_MPI_*",
        "settings of Intel MPI, and what its launcher tells each rank",
        INTEL,
    ),
    cross(
        MPICH,
        "MV2_*",
        "settings of MVAPICH2",
        "http://mvapich.cse.ohio-state.edu/support/user_guide_mvapich2-1.9.html",
    ),
    cross(
        MPICH,
        "MVP_*",
        "settings of MVAPICH 3 and later",
        "the source of MVAPICH 3 (names of its variables)",
    ),
    cross(
        ABI,
        "MPICH_*",
        "settings of MPICH, where the library is its",
        CPE,
    ),
    cross(
        ABI,
        "MPIR_*",
        "settings of MPICH, where the library is its",
        CHANGES,
    ),
    cross(
        ABI,
        "I_MPI_*",
        "settings of Intel MPI, where the library is its",
        INTEL,
    ),
    cross(
        ABI,
        "OMPI_*",
        "settings of Open MPI, where the library is its",
        OMPI,
    ),
    cross(
        OPEN,
        "OMPI_*",
        "settings of Open MPI, and what its launcher tells each rank",
        OMPI,
    ),
    cross(
        OPEN,
        "PRTE_*",
        "settings of the launcher of Open MPI 5",
        "https://github.com/openpmix/prrte/blob/master/src/mca/plm/slurm/help-plm-slurm.txt",
    ),
    cross(
        Of("Open MPI of before 3.0"),
        "OMPI_*",
        "settings of Open MPI, and what its launcher tells each rank",
        OMPI,
    ),
    cross(
        Of("HPE MPT"),
        "MPI_*",
        "settings of MPT, and what its launcher tells each rank",
        "http://www.ibiblio.org/gferg/ldp/man/man1/MPI.1.html",
    ),
    cross(
        MPI,
        "FI_*",
        "settings of libfabric and its providers, such as FI_CXI_*",
        "https://ofiwg.github.io/libfabric/main/man/fabric.7.html",
    ),
    cross(
        MPI,
        "UCX_*",
        "settings of UCX",
        "https://docs.nvidia.com/doca/archive/2-9-0/DOCA+UCX",
    ),
    cross(
        GPU,
        "CUDA_*",
        "which devices are seen, and settings of the driver",
        NVIDIA,
    ),
    cross(GPU, "ROCR_VISIBLE_DEVICES", "which devices are seen", ROCM),
    cross(GPU, "HIP_VISIBLE_DEVICES", "which devices are seen", ROCM),
    cross(
        GPU,
        "ZE_AFFINITY_MASK",
        "which devices are seen",
        "https://oneapi-src.github.io/level-zero-spec/level-zero/latest/core/PROG.html#environment-variables",
    ),
    stay(
        "LD_LIBRARY_PATH",
        "it names directories of the host; the image's own are found without it, and what is bound by what is set here",
    ),
    stay(
        "LD_PRELOAD",
        "the object is not in the image, or made for another C library",
    ),
    stay(
        "LD_AUDIT",
        "the object is not in the image, or made for another C library",
    ),
];

/// The rows that matter for these families.
pub(crate) fn crossing(families: &[&Family]) -> Vec<Variable> {
    let matters = |row: &&Row| match &row.of {
        All => !families.is_empty(),
        For::Kind(kind) => families.iter().any(|family| family.kind == *kind),
        Of(name) => families.iter().any(|family| family.name == *name),
    };
    let mut found: Vec<Variable> = Vec::new();
    for row in ROWS.iter().filter(matters) {
        // Two families that name one variable name it once.
        if !found.iter().any(|known| known.pattern == row.pattern) {
            found.push(Variable {
                pattern: row.pattern.to_owned(),
                crosses: row.crosses,
                why: row.why.to_owned(),
                source: format!("{}, {LOOKED_UP}", row.source),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families::FAMILIES;

    #[test]
    fn every_row_is_of_a_family_that_there_is_and_names_its_source() {
        for row in ROWS {
            if let Of(name) = row.of {
                assert!(FAMILIES.iter().any(|family| family.name == name), "{name}");
            }
            let is_source = row.source.starts_with("http") || row.source.ends_with(')');
            assert!(is_source && !row.why.is_empty(), "{}", row.pattern);
        }
    }

    #[test]
    fn what_crosses_goes_by_the_family() {
        let of = |soname: &str| {
            let rows = crossing(&[Family::named(soname).unwrap()]);
            let names: Vec<String> = rows
                .into_iter()
                .filter(|row| row.crosses)
                .map(|row| row.pattern)
                .collect();
            names.join(" ")
        };
        assert!(of("libmpi.so.40").contains("OMPI_*"));
        assert!(!of("libmpi.so.40").contains("I_MPI_*"));
        for wanted in ["MPICH_*", "PALS_*", "PMI_*", "FI_*", "SLURM_*"] {
            assert!(of("libmpi_gnu_123.so.12").contains(wanted), "{wanted}");
        }
        assert_eq!(of("libcuda.so.1").split(' ').next(), Some("CUDA_*"));
        assert!(crossing(&[]).is_empty());
    }
}
