//! Directories with libraries for special processors, into which glibc looks before the one that they
//! are in: ld.so(8), "glibc-hwcaps" and "Hardware capabilities"; their names are those of
//! `sysdeps/*/dl-hwcaps-subdirs.c`, and for x86-64 of what was there before, `sysdeps/x86/cpu-features.c`.
//!
//! Which of them are looked into is told by the processor of this machine. What is bound is bound over
//! the libraries in each, so that it is in use on the others, too.

use std::sync::OnceLock;

use hpcctl_host::file;

/// The directory that those of newer releases are in.
const DIRECTORY: &str = "glibc-hwcaps";

/// The first release of glibc that looks there, and the first that no longer looks into older ones.
const SINCE: (u32, u32, u32) = (2, 33, 0);
const UNTIL: (u32, u32, u32) = (2, 37, 0);

/// The directories of a machine, the newest first.
const LEVELS: &[(&str, &[&str])] = &[
    ("x86_64", &["x86-64-v4", "x86-64-v3", "x86-64-v2"]),
    ("ppc64le", &["power10", "power9"]),
    ("s390x", &["z16", "z15", "z14", "z13"]),
];

/// The machine of which the older directories are known.
const OLDER: &str = "x86_64";

/// What the older ones are called, in the order in which they are combined.
const TLS: &str = "tls";
const PLATFORMS: &[&str] = &["haswell", "xeon_phi", "x86_64"];
const WIDE: &str = "avx512_1";
const PLAIN: &str = "x86_64";

/// The directories of a loader, by their paths below one that it looks into.
#[derive(Debug, Default)]
pub(crate) struct Special {
    /// Those that it looks into on this machine, in order.
    pub(crate) here: Vec<String>,
    /// Those that it looks into on any.
    all: Vec<String>,
}

impl Special {
    /// Those of a release of glibc; of one that is not known, as a new one has them.
    pub(crate) fn of(machine: &str, release: Option<(u32, u32, u32)>) -> Self {
        let mut special = Self::default();
        if release.is_none_or(|release| release >= SINCE) {
            let found = LEVELS.iter().find(|(known, _)| *known == machine);
            for level in found.map_or(&[][..], |(_, levels)| levels) {
                let path = format!("{DIRECTORY}/{level}");
                if has(level) {
                    special.here.push(path.clone());
                }
                special.all.push(path);
            }
        }
        if machine == OLDER && release.is_some_and(|release| release < UNTIL) {
            special.here.extend(combined(processor()));
            for platform in PLATFORMS {
                // Those without a platform are the same for each.
                let mut more = combined(&[TLS, platform, WIDE, PLAIN]);
                more.retain(|path| !special.all.contains(path));
                special.all.extend(more);
            }
        }
        special
    }

    /// The names that begin those that are looked into here.
    pub(crate) fn beginnings(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.here.iter().map(|path| beginning(path)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The directory of a library at a path, in which none of these counts, and which of them it is in.
    /// One of a newer release is known by its name; any directory may be called like an older one, which is
    /// one below a directory alone that the loader looks into.
    fn parted<'p>(
        &self,
        path: &'p str,
        looks_into: &dyn Fn(&str) -> bool,
    ) -> Option<(&'p str, Option<&str>)> {
        let (dir, _) = path.rsplit_once('/')?;
        let all = self.all.iter().filter_map(|special| {
            let above = dir.strip_suffix(special.as_str())?.strip_suffix('/')?;
            let is_one = special.starts_with(DIRECTORY) || looks_into(above);
            is_one.then_some((above, Some(special.as_str())))
        });
        let found = all.min_by_key(|(above, _)| above.len());
        Some(found.unwrap_or((dir, None)))
    }

    /// The place, among those that are looked into here, of the directory that a library is in which
    /// ldconfig(8) found in one.
    pub(crate) fn rank(&self, path: &str) -> Option<usize> {
        let (_, special) = self.parted(path, &|_| true)?;
        let special = special?;
        self.here.iter().position(|here| here == special)
    }

    /// The paths at which other processors look for the library at a path, and its own.
    pub(crate) fn alike(&self, path: &str, looks_into: &dyn Fn(&str) -> bool) -> Vec<String> {
        let parted = self.parted(path, looks_into);
        let (Some((dir, _)), Some((_, name))) = (parted, path.rsplit_once('/')) else {
            return Vec::new();
        };
        let special = self.all.iter();
        let special = special.map(|special| format!("{dir}/{special}/{name}"));
        special.chain([format!("{dir}/{name}")]).collect()
    }

    /// Those of a processor that the test has.
    #[cfg(test)]
    pub(crate) fn with(here: &[&str], others: &[&str]) -> Self {
        let all = here.iter().chain(others);
        Self {
            here: here.iter().map(ToString::to_string).collect(),
            all: all.map(ToString::to_string).collect(),
        }
    }
}

/// Whether a path is one of a newer release's.
pub(crate) fn is_newer(path: &str) -> bool {
    path.contains(&format!("/{DIRECTORY}/"))
}

/// The first name of a path.
pub(crate) fn beginning(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

/// Every choice of these names but none of them, in the loader's order.
fn combined(names: &[&str]) -> Vec<String> {
    let all = (1_usize..1 << names.len()).rev();
    let one = all.map(|choice| {
        let is_chosen = |at: &usize| choice >> (names.len() - 1 - at) & 1 == 1;
        let chosen = (0..names.len()).filter(is_chosen);
        chosen.map(|at| names[at]).collect::<Vec<_>>().join("/")
    });
    one.collect()
}

/// The most bytes that are read of what the kernel says of the processors: the first one tells.
const MOST: u64 = 16 << 10;

/// What the processor of this machine makes the loader combine.
fn processor() -> &'static [&'static str] {
    static NAMES: OnceLock<Vec<&str>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let text = file::read_at_most("/proc/cpuinfo", MOST);
        names(&text.unwrap_or_default())
    })
}

/// What a processor makes the loader combine, by what the kernel says of it in `/proc/cpuinfo`.
fn names(text: &str) -> Vec<&'static str> {
    let value = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(known, _)| known.trim() == name);
        found.map_or("", |(_, value)| value.trim())
    };
    let flags: Vec<&str> = value("flags").split(' ').collect();
    let has = |wanted: &[&str]| wanted.iter().all(|flag| flags.contains(flag));
    let is_intel = value("vendor_id") == "GenuineIntel";
    let haswell = ["avx2", "fma", "bmi1", "bmi2", "abm", "movbe", "popcnt"];
    let platform = match is_intel {
        true if has(&["avx512cd", "avx512er", "avx512pf"]) => "xeon_phi",
        true if has(&haswell) => "haswell",
        _ => PLAIN,
    };
    let is_wide = is_intel
        && has(&["avx512cd", "avx512bw", "avx512dq", "avx512vl"])
        && !flags.contains(&"avx512er");
    let wide = is_wide.then_some(WIDE);
    [Some(TLS), Some(platform), wide, Some(PLAIN)]
        .into_iter()
        .flatten()
        .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_processor_has_its_place() {
        let new = Special::of("x86_64", Some((2, 41, 0)));
        for path in ["/usr/lib/a.so.1", "/usr/lib/glibc-hwcaps/x86-64-v2/a.so.1"] {
            let places = new.alike(path, &|_| false);
            assert_eq!(places.len(), 4, "{path}");
            assert_eq!(places[1], "/usr/lib/glibc-hwcaps/x86-64-v3/a.so.1");
            assert_eq!(places[3], "/usr/lib/a.so.1");
        }
        let none = Special::of("aarch64", None);
        assert_eq!(none.alike("/lib/a", &|_| true), ["/lib/a"]);
        let level = Special::with(&["glibc-hwcaps/z14"], &["glibc-hwcaps/z15"]);
        assert_eq!(level.rank("/lib/glibc-hwcaps/z14/a"), Some(0));
        assert_eq!(level.rank("/lib/glibc-hwcaps/z15/a"), None);
        assert_eq!(level.rank("/lib/a"), None);
    }

    #[test]
    fn releases_look_into_the_directories_of_their_time() {
        let of = |release| {
            let special = Special::of("x86_64", Some(release));
            let is = |path: &str| special.all.iter().any(|known| known == path);
            (is("glibc-hwcaps/x86-64-v2"), is("tls/haswell/avx512_1"))
        };
        assert_eq!(of((2, 31, 0)), (false, true));
        assert_eq!(of((2, 36, 0)), (true, true));
        assert_eq!(of((2, 37, 0)), (true, false));
        assert!(
            !Special::of("x86_64", None)
                .here
                .iter()
                .any(|one| one == TLS)
        );
        let old = Special::of("x86_64", Some((2, 31, 0)));
        let places = old.alike("/usr/lib/tls/haswell/a.so.1", &|dir| dir == "/usr/lib");
        for path in ["/usr/lib/a.so.1", "/usr/lib/avx512_1/a.so.1"] {
            assert!(places.iter().any(|place| place == path), "{places:?}");
        }
        // What is only called so is a directory like any other.
        let places = old.alike("/opt/x86_64/a.so.1", &|dir| dir == "/opt/x86_64");
        assert!(
            !places.iter().any(|place| place == "/opt/a.so.1"),
            "{places:?}"
        );
        for path in ["/opt/x86_64/tls/a.so.1", "/opt/x86_64/a.so.1"] {
            assert!(places.iter().any(|place| place == path), "{places:?}");
        }
    }

    #[test]
    fn the_processor_tells_what_is_combined() {
        let of = |vendor: &str, flags: &str| {
            names(&format!("vendor_id\t: {vendor}\nflags\t\t: {flags}\n")).join(" ")
        };
        let avx2 = "fma movbe popcnt abm bmi1 bmi2 avx2";
        let avx512 = format!("{avx2} avx512cd avx512bw avx512dq avx512vl");
        assert_eq!(of("AuthenticAMD", &avx512), "tls x86_64 x86_64");
        assert_eq!(of("GenuineIntel", "sse2"), "tls x86_64 x86_64");
        assert_eq!(of("GenuineIntel", avx2), "tls haswell x86_64");
        assert_eq!(of("GenuineIntel", &avx512), "tls haswell avx512_1 x86_64");
        let phi = format!("{avx2} avx512cd avx512er avx512pf");
        assert_eq!(of("GenuineIntel", &phi), "tls xeon_phi x86_64");
        assert_eq!(names(""), ["tls", "x86_64", "x86_64"]);
    }

    #[test]
    fn names_are_combined_in_the_order_of_the_loader() {
        let all = combined(&["tls", "haswell", "x86_64"]);
        let wanted = "tls/haswell/x86_64 tls/haswell tls/x86_64 tls haswell/x86_64 haswell x86_64";
        assert_eq!(all.join(" "), wanted);
    }
}
