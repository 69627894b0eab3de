//! Directories with libraries for newer processors, into which glibc looks before the one that they
//! are in: ld.so(8), "glibc-hwcaps"; their names are those of `sysdeps/*/dl-hwcaps-subdirs.c`.
//!
//! Which of them are looked into is told by the processor of this machine. What is bound is bound over
//! the libraries in each, so that it is in use on the others, too.

/// The directory that they are in.
pub(crate) const DIRECTORY: &str = "glibc-hwcaps";

/// The first release of glibc that looks there.
const SINCE: (u32, u32, u32) = (2, 33, 0);

/// The directories of a machine, the newest first.
const LEVELS: &[(&str, &[&str])] = &[
    ("x86_64", &["x86-64-v4", "x86-64-v3", "x86-64-v2"]),
    ("ppc64le", &["power10", "power9"]),
    ("s390x", &["z16", "z15", "z14", "z13"]),
];

/// All of a machine.
fn all(machine: &str) -> &'static [&'static str] {
    let found = LEVELS.iter().find(|(known, _)| *known == machine);
    found.map_or(&[], |(_, levels)| levels)
}

/// Those that a release of glibc looks into here; of a release that is not known, as a new one does.
pub(crate) fn levels(machine: &str, release: Option<(u32, u32, u32)>) -> Vec<&'static str> {
    let looks = release.is_none_or(|release| release >= SINCE);
    let levels = all(machine).iter().copied();
    levels.filter(|level| looks && has(level)).collect()
}

/// Whether the processor of this machine is of a level; of another kind of machine it is not known.
#[cfg(target_arch = "x86_64")]
fn has(level: &str) -> bool {
    use std::arch::is_x86_feature_detected as has;
    let second = || has!("cmpxchg16b") && has!("popcnt") && has!("sse4.2") && has!("ssse3");
    let third = || {
        let vectors = has!("avx2") && has!("f16c") && has!("fma");
        second() && vectors && has!("bmi1") && has!("bmi2") && has!("lzcnt") && has!("movbe")
    };
    match level {
        "x86-64-v2" => second(),
        "x86-64-v3" => third(),
        "x86-64-v4" => {
            let more = has!("avx512f") && has!("avx512bw") && has!("avx512cd");
            third() && more && has!("avx512dq") && has!("avx512vl")
        }
        _ => true,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn has(_level: &str) -> bool {
    true
}

/// The level that a path is of.
pub(crate) fn level(path: &str) -> Option<&str> {
    let (_, below) = path.split_once(&format!("/{DIRECTORY}/"))?;
    below.split('/').next()
}

/// The paths at which other processors look for the library at a path, and its own.
pub(crate) fn alike(machine: &str, path: &str) -> Vec<String> {
    let Some((dir, name)) = path.rsplit_once('/') else {
        return Vec::new();
    };
    let dir = match dir.split_once(&format!("/{DIRECTORY}/")) {
        Some((above, _)) => above,
        None => dir,
    };
    let special = all(machine).iter();
    let special = special.map(|level| format!("{dir}/{DIRECTORY}/{level}/{name}"));
    special.chain([format!("{dir}/{name}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_processor_has_its_place() {
        for path in ["/usr/lib/a.so.1", "/usr/lib/glibc-hwcaps/x86-64-v2/a.so.1"] {
            let places = alike("x86_64", path);
            assert_eq!(places.len(), 4, "{path}");
            assert_eq!(places[1], "/usr/lib/glibc-hwcaps/x86-64-v3/a.so.1");
            assert_eq!(places[3], "/usr/lib/a.so.1");
        }
        assert_eq!(alike("aarch64", "/lib/a"), ["/lib/a"]);
        assert_eq!(level("/lib/glibc-hwcaps/z14/a"), Some("z14"));
        assert_eq!(level("/lib/a"), None);
        assert!(levels("x86_64", Some((2, 31, 0))).is_empty());
    }
}
