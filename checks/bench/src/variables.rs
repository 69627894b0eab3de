//! Variables of the environment by which a program becomes slower or faster: those of the loader and the C library
//! (ld.so(8), mallopt(3), glibc's manual, "Tunables"), of threads, MPI, libfabric, UCX and GPUs.

use std::collections::BTreeMap;
use std::env;

use hpcctl_model::bench::Difference;

/// What is in front of a name among differences.
pub(crate) const START: &str = "variable ";

/// What the names begin with.
const NAMES: [&str; 24] = [
    "GLIBC_TUNABLES",
    "LD_",
    "MALLOC_",
    "OMP_",
    "GOMP_",
    "KMP_",
    "MKL_",
    "OPENBLAS_",
    "OMPI_MCA_",
    "PMIX_MCA_",
    "PRTE_MCA_",
    "MPICH_",
    "MPIR_CVAR_",
    "I_MPI_",
    "MV2_",
    "FI_",
    "UCX_",
    "NCCL_",
    "RCCL_",
    "CUDA_",
    "HIP_",
    "ROCR_",
    "HSA_",
    "POCL_",
];

/// The most of them, and the longest; the agent says all of them in one line.
const MOST: usize = 48;
const LONGEST: usize = 4 << 10;

/// Those of this process, as they are named among differences.
pub(crate) fn all() -> BTreeMap<String, String> {
    let texts = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let of_note = texts.filter(|(name, value)| is_of_note(name) && value.len() <= LONGEST);
    let named = of_note.map(|(name, value)| (format!("{START}{name}"), value));
    // In the order of their names, so that both sides leave out the same.
    let sorted: BTreeMap<String, String> = named.collect();
    sorted.into_iter().take(MOST).collect()
}

fn is_of_note(name: &str) -> bool {
    NAMES.iter().any(|start| name.starts_with(start))
}

/// An environment with those of inside in place of those of outside; each is `NAME=VALUE`.
pub(crate) fn as_inside(environment: &[String], differences: &[Difference]) -> Vec<String> {
    let named = |it: &Difference| it.what.strip_prefix(START).map(str::to_owned);
    let differing: Vec<String> = differences.iter().filter_map(named).collect();
    let name = |pair: &str| pair.split_once('=').map(|(name, _)| name.to_owned());
    let same = environment
        .iter()
        .filter(|pair| name(pair).is_none_or(|name| !differing.contains(&name)));
    let inside = differences.iter().filter(|it| it.is_inside());
    let inside = inside.filter_map(|it| Some(format!("{}={}", named(it)?, it.inside)));
    same.cloned().chain(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_matter_are_told() {
        for name in [
            "GLIBC_TUNABLES",
            "LD_BIND_NOW",
            "OMP_NUM_THREADS",
            "UCX_TLS",
        ] {
            assert!(is_of_note(name), "{name}");
        }
        for name in ["PATH", "HOME", "OLDPWD", "SECRET_TOKEN"] {
            assert!(!is_of_note(name), "{name}");
        }
        assert!(all().keys().all(|name| name.starts_with(START)));
    }

    #[test]
    fn what_differs_is_set_and_taken_away() {
        let differs = |what: &str, outside: &str, inside: &str| Difference {
            what: what.into(),
            outside: outside.into(),
            inside: inside.into(),
        };
        let environment = ["PATH=/bin", "LD_BIND_NOW=1", "OMP_NUM_THREADS=2"].map(str::to_owned);
        let differences = [
            differs("variable LD_BIND_NOW", "1", Difference::ABSENT),
            differs("variable OMP_NUM_THREADS", "2", "1"),
            differs("variable MALLOC_ARENA_MAX", Difference::ABSENT, "1"),
            differs("Seccomp", "0", "2"),
        ];
        let expected = ["PATH=/bin", "OMP_NUM_THREADS=1", "MALLOC_ARENA_MAX=1"];
        assert_eq!(as_inside(&environment, &differences), expected);
    }
}
