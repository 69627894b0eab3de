//! The names of Cray MPICH's own libraries: one for each series of a compiler, such as
//! `libmpi_gnu_123.so.12`. They were read from what its packages have below
//! `/opt/cray/pe/mpich/VERSION/ofi/COMPILER/SERIES/lib`, from 8.0 to 9.1.

/// The names up to `.so`, what stands for the series left out.
pub(crate) const OF_COMPILERS: &[&str] = &[
    "libmpi_amd*",
    "libmpi_aocc*",
    "libmpi_cray*",
    "libmpi_gnu*",
    "libmpi_intel*",
    "libmpi_nvidia*",
    "libmpi_pgi*",
];

/// Whether a name up to `.so` is that of a library of one compiler.
pub fn is_cray_mpi(stem: &str) -> bool {
    let mut starts = OF_COMPILERS.iter().map(|name| name.trim_end_matches('*'));
    starts.any(|start| {
        let series = stem.strip_prefix(start);
        series.is_some_and(|series| series.is_empty() || series.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_compiler_has_its_own_and_other_names_are_none() {
        for name in [
            "libmpi_cray",
            "libmpi_gnu_82",
            "libmpi_aocc_30",
            "libmpi_pgi",
        ] {
            assert!(is_cray_mpi(name), "{name}");
        }
        for name in [
            "libmpi",
            "libmpi_abi",
            "libmpi_cxx",
            "libmpi_gtl_hsa",
            "libmpi_craypat",
        ] {
            assert!(!is_cray_mpi(name), "{name}");
        }
    }
}
