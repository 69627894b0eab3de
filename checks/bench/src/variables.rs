//! Variables of the environment by which a program becomes slower or faster: those of the loader and the C library
//! (ld.so(8), mallopt(3), glibc's manual, "Tunables"), of threads, MPI, libfabric, UCX and GPUs.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash, Hasher};

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

/// The most of them, and the longest names and values; the agent says all of them in one line.
const MOST: usize = 128;
const LONGEST_NAME: usize = 128;
const LONGEST: usize = 1 << 10;

/// What is said of a longer value begins so.
const LONG: &str = "a long value: ";

/// The environment of this process as text; what is none is left out.
pub(crate) fn texts() -> impl Iterator<Item = (String, String)> {
    env::vars_os().filter_map(text)
}

fn text((name, value): (OsString, OsString)) -> Option<(String, String)> {
    Some((name.into_string().ok()?, value.into_string().ok()?))
}

/// Those of this process, as they are named among differences.
pub(crate) fn all() -> BTreeMap<String, String> {
    of(texts())
}

/// The first in the order of their names.
fn of(environment: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let of_note = environment.filter(|(name, _)| is_of_note(name) && name.len() <= LONGEST_NAME);
    let named = of_note.map(|(name, value)| (format!("{START}{name}"), said(value)));
    let sorted: BTreeMap<String, String> = named.collect();
    sorted.into_iter().take(MOST).collect()
}

/// A value, or what tells a long one from others.
fn said(value: String) -> String {
    if value.len() <= LONGEST {
        return value;
    }
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    format!("{LONG}{} bytes, hash {:016x}", value.len(), hasher.finish())
}

/// Whether a side that says so of its surroundings would name this one, if it had it: where it has more than it may
/// say, those behind the last are not known.
pub(crate) fn would_name(surroundings: &BTreeMap<String, String>, name: &str) -> bool {
    let own = || surroundings.keys().filter(|own| own.starts_with(START));
    !name.starts_with(START) || own().count() < MOST || own().any(|own| &**own >= name)
}

/// One that makes a difference, where there is no container to take them from.
pub(crate) fn planted() -> Difference {
    Difference {
        what: format!("{START}MALLOC_ARENA_MAX"),
        outside: Difference::ABSENT.into(),
        inside: "1".into(),
    }
}

fn is_of_note(name: &str) -> bool {
    NAMES.iter().any(|start| name.starts_with(start))
}

/// An environment with those of inside in place of those of outside, each `NAME=VALUE`; a long one stays as it is.
pub(crate) fn as_inside(environment: &[String], differences: &[Difference]) -> Vec<String> {
    let named = |it: &Difference| it.what.strip_prefix(START).map(str::to_owned);
    let known = |it: &&Difference| !it.inside.starts_with(LONG);
    let differences = || differences.iter().filter(known);
    let differing: Vec<String> = differences().filter_map(named).collect();
    let name = |pair: &str| pair.split_once('=').map(|(name, _)| name.to_owned());
    let same = environment
        .iter()
        .filter(|pair| name(pair).is_none_or(|name| !differing.contains(&name)));
    let inside = differences().filter(|it| it.is_inside());
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
    fn long_values_are_compared_and_what_is_no_text_is_left_out() {
        use std::os::unix::ffi::OsStringExt;

        let said = |end: &str| said("x".repeat(LONGEST) + end);
        assert_eq!(said("").len(), LONGEST);
        assert_eq!(said("a"), said("a"));
        assert_ne!(said("a"), said("b"));
        assert!(said("a").starts_with("a long value: 1025 bytes, hash "));
        let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        assert_eq!(text((bytes(b"LD_A"), bytes(b"\xff"))), None);
        assert!(text((bytes(b"LD_A"), bytes(b"1"))).is_some());
    }

    #[test]
    fn where_a_side_says_no_more_nothing_behind_the_last_is_missing() {
        let many = |count: usize| of((0..count).map(|n| (format!("OMP_{n:04}"), String::new())));
        let name = |n: usize| format!("{START}OMP_{n:04}");
        let few = many(MOST - 1);
        assert!(would_name(&few, &name(MOST)));
        let full = many(MOST + 9);
        assert_eq!(full.len(), MOST);
        assert!(would_name(&full, &name(MOST - 1)));
        assert!(!would_name(&full, &name(MOST)));
        assert!(would_name(&full, "Seccomp"));
    }

    #[test]
    fn what_differs_is_set_and_taken_away() {
        let differs = |what: &str, outside: &str, inside: &str| Difference {
            what: what.into(),
            outside: outside.into(),
            inside: inside.into(),
        };
        let environment = [
            "PATH=/bin",
            "LD_BIND_NOW=1",
            "OMP_NUM_THREADS=2",
            "LD_LIBRARY_PATH=/lib",
        ];
        let environment = environment.map(str::to_owned);
        let differences = [
            differs("variable LD_BIND_NOW", "1", Difference::ABSENT),
            differs("variable OMP_NUM_THREADS", "2", "1"),
            differs("variable MALLOC_ARENA_MAX", Difference::ABSENT, "1"),
            differs(
                "variable LD_LIBRARY_PATH",
                "/lib",
                &said("x".repeat(LONGEST + 1)),
            ),
            differs("Seccomp", "0", "2"),
        ];
        let expected = [
            "PATH=/bin",
            "LD_LIBRARY_PATH=/lib",
            "OMP_NUM_THREADS=1",
            "MALLOC_ARENA_MAX=1",
        ];
        assert_eq!(as_inside(&environment, &differences), expected);
        let with = as_inside(&environment, &[planted()]);
        assert_eq!(with.last().unwrap(), "MALLOC_ARENA_MAX=1");
    }
}
