//! Where the MPI of a node lies, and what is beside it: by the environment, then by the habits of
//! the distributions and of Cray's environment.

use std::path::Path;

/// Directories of libraries that every node is looked through for.
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

/// The directories below such a place.
const BELOW: [&str; 4] = ["lib", "lib64", "lib/release", "lib-abi-mpich"];

/// The most directories that are looked through.
const MOST: usize = 64;

/// The directories in the order in which they count; `more` are those of the caller, last.
pub fn directories(env: impl Fn(&str) -> Option<String>, more: &[&str]) -> Vec<String> {
    let paths = env("LD_LIBRARY_PATH").unwrap_or_default();
    let paths = paths.split(':').filter(|dir| dir.starts_with('/'));
    let mut dirs: Vec<String> = paths.map(ToOwned::to_owned).collect();
    for home in HOMES.iter().filter_map(|name| env(name)) {
        dirs.extend(BELOW.map(|below| Path::new(&home).join(below).display().to_string()));
    }
    dirs.extend(DIRECTORIES.iter().chain(more).map(ToString::to_string));
    // What a module put in front of a user is not always told by a variable of its own.
    let programs = env("PATH").unwrap_or_default();
    let prefixes = programs
        .split(':')
        .filter_map(|dir| dir.strip_suffix("/bin"));
    let prefixes = prefixes.filter(|prefix| prefix.starts_with('/'));
    let beside = prefixes.flat_map(|prefix| [format!("{prefix}/lib"), format!("{prefix}/lib64")]);
    let mut beside: Vec<String> = beside.filter(|dir| !dirs.contains(dir)).collect();
    dirs.append(&mut beside);
    dirs.truncate(MOST);
    dirs
}
