//! Which variables have to cross, compared with those that launchers of three MPIs really tell a rank.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Made, library, program};
use crate::cli::Run;
use crate::real::real;

/// What begins so is for the launcher's own processes, or for where an MPI is installed.
const OWN: &[&str] = &[
    "GFORTRAN_",
    "HOME",
    "HYDI_",
    "HYDRA_",
    "LD_LIBRARY_PATH",
    "OPAL_",
    "OLDPWD",
    "PATH",
    "PWD",
    "SHLVL",
    "_",
];

/// Where an MPI is that was moved, by each one's own name for it.
const ROOTS: &[&str] = &["I_MPI_ROOT", "OPAL_PREFIX", "PRTE_PREFIX", "PMIX_PREFIX"];

/// An MPI of PyPI: the words that start a rank, where it is told that it is, the library.
const LAUNCHERS: &[(&str, &str, &[&str], &str)] = &[
    (
        "impi-rt",
        "bin/mpiexec.hydra",
        &["-bootstrap", "fork"],
        "libmpi.so.12",
    ),
    (
        "mpich",
        "bin/mpiexec.hydra",
        &["-launcher", "fork"],
        "libmpi.so.12",
    ),
    (
        "openmpi",
        "bin/mpiexec",
        &["--allow-run-as-root", "--oversubscribe"],
        "libmpi.so.40",
    ),
];

/// The names of the variables of a rank.
fn told(prefix: &Path, launcher: &str, words: &[&str]) -> Vec<String> {
    let mut command = Command::new(prefix.join(launcher));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", "/tmp");
    for name in ROOTS {
        command.env(name, prefix);
    }
    command.env("LD_LIBRARY_PATH", prefix.join("lib"));
    let run = Run::of(command.args(words).args(["-n", "1", "env"]));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run.stdout.lines().filter_map(|line| line.split_once('='));
    let lines = lines.filter(|(name, _)| !ROOTS.contains(name));
    lines.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn what_launchers_tell_their_ranks_crosses() {
    if !real("abi: variables of launchers") {
        return;
    }
    let suites = PathBuf::from(std::env::var_os("HPCCTL_SUITES").expect("tests/run sets it"));
    for (name, launcher, words, soname) in LAUNCHERS {
        let made = Made::new();
        let own = made.image("usr/lib").join(soname);
        library(&own, soname, &[]);
        program(&made.image("usr/bin/app"), &own, &[]);
        let host = made.host("lib").join(soname);
        library(&host, soname, &[]);
        let (_, result) = made.judge(&format!("lib/{soname}"));
        let rows = result["environment"].as_array().unwrap();
        let crosses = |variable: &str| {
            let mut rows = rows.iter().filter(|row| row["crosses"] == true);
            rows.any(|row| {
                variable.starts_with(row["pattern"].as_str().unwrap().trim_end_matches('*'))
            })
        };
        let told = told(&suites.join("wheels/opt").join(name), launcher, words);
        let is_own = |variable: &str| OWN.iter().any(|start| variable.starts_with(start));
        let lost: Vec<&String> = told
            .iter()
            .filter(|one| !crosses(one) && !is_own(one))
            .collect();
        assert!(lost.is_empty(), "{name}: {lost:?}");
        let crossing = told.iter().filter(|one| crosses(one)).count();
        assert!(crossing >= 5, "{name}: {told:?}");
    }
}
