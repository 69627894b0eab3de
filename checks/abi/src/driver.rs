//! Whether the driver of the host is new enough for the CUDA toolkit of the image.
//!
//! The file of the driver's library bears the driver's version, that of the runtime library the
//! toolkit's; where no number is in a name, nothing is said.
//!
//! An image may have NVIDIA's package for older drivers, cuda-compat: the library of a newer driver,
//! which works above the kernel's part of some older ones.

use hpcctl_image::LinkedImage;

/// The driver that a release of CUDA needs at least.
struct Needed {
    toolkit: (u32, u32),
    driver: &'static str,
    source: &'static Source,
}

/// Where that stands, and of when it is.
struct Source {
    address: &'static str,
    date: &'static str,
}

/// One driver is enough for all minor releases of a major one.
static MINOR: Source = Source {
    address: "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html",
    date: "2025-12-04",
};

/// Before that, each minor release has its own.
static NOTES: Source = Source {
    address: "https://docs.nvidia.com/cuda/archive/10.2/cuda-toolkit-release-notes/index.html",
    date: "2019-11-28",
};

const fn row(toolkit: (u32, u32), driver: &'static str, source: &'static Source) -> Needed {
    Needed {
        toolkit,
        driver,
        source,
    }
}

/// From the release on that it names, the newest first.
static NEEDED: [Needed; 9] = [
    row((13, 0), "580", &MINOR),
    row((12, 0), "525", &MINOR),
    row((11, 0), "450.80.02", &MINOR),
    row((10, 2), "440.33", &NOTES),
    row((10, 1), "418.39", &NOTES),
    row((10, 0), "410.48", &NOTES),
    row((9, 2), "396.26", &NOTES),
    row((9, 1), "390.46", &NOTES),
    row((9, 0), "384.81", &NOTES),
];

/// The runtime library, which opens the driver's as it runs.
pub(crate) const RUNTIME: &str = "libcudart.so.";

/// The library of the driver.
pub(crate) const DRIVER: &str = "libcuda.so.1";

/// The numbers behind a library's name in a path.
fn numbers(path: &str, name: &str) -> Vec<u32> {
    let file = path.rsplit('/').next().unwrap_or_default();
    parsed(file.strip_prefix(name).unwrap_or_default())
}

fn parsed(text: &str) -> Vec<u32> {
    text.split('.')
        .map_while(|part| part.parse().ok())
        .collect()
}

/// The older drivers that a package works above, by the branch of the driver that it is of.
struct Reach {
    package: u32,
    drivers: &'static [u32],
    /// The image of NVIDIA's with that package, which says so in `NVIDIA_REQUIRE_CUDA`.
    image: &'static str,
}

const fn reach(package: u32, drivers: &'static [u32], image: &'static str) -> Reach {
    Reach {
        package,
        drivers,
        image,
    }
}

/// As the images have it; of packages that are not here, nothing is known.
static REACHES: [Reach; 9] = [
    reach(520, &[450, 470, 510, 515], "nvidia/cuda:11.8.0-base"),
    reach(525, &[450, 470, 510, 515, 520], "nvidia/cuda:12.0.0-base"),
    reach(530, &[450, 470, 510, 515, 525], "nvidia/cuda:12.1.0-base"),
    reach(535, &[450, 470, 525], "nvidia/cuda:12.2.0-base"),
    reach(550, &[470, 525, 535], "nvidia/cuda:12.4.1-base"),
    reach(560, &[470, 535, 550], "nvidia/cuda:12.6.3-base"),
    reach(570, &[470, 535, 550, 560, 565], "nvidia/cuda:12.8.0-base"),
    reach(575, &[535, 550, 560, 565, 570], "nvidia/cuda:12.9.0-base"),
    reach(580, &[535, 550, 565, 570, 575], "nvidia/cuda:13.0.2-base"),
];

/// Where the files are from which those images are made, and when they were looked up.
const IMAGES: &str = "https://gitlab.com/nvidia/container-images/cuda, 2026-11-30";

/// What is wrong with a driver for a toolkit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// It is too old.
    TooOld {
        /// In a sentence.
        text: String,
        /// The driver that is needed at least.
        needs: &'static str,
        /// Whether the package for older drivers may help, in the place of none or of an older one.
        may_help: bool,
    },
    /// It is too old, and whether a package of the image helps is not known.
    Doubtful {
        /// In a sentence.
        text: String,
    },
    /// It is too old, but the image has the package for that.
    Compatible {
        /// In a sentence.
        text: String,
        /// The library of the package.
        package: String,
    },
}

/// Compares the driver that a library of the host is of with the newest toolkit in the image.
pub(crate) fn compare(image: &LinkedImage, host_path: &str) -> Option<Mismatch> {
    let mut toolkits = Vec::new();
    let mut packages = Vec::new();
    for (file, linkage) in image.files() {
        let soname = linkage.soname.as_deref().unwrap_or_default();
        if soname.starts_with(RUNTIME) {
            // CUDA 11 says 11.0 in the name by which all its releases are asked for.
            let path = image.path(file);
            toolkits.push((numbers(&path, RUNTIME), path));
        }
        if soname == DRIVER {
            let path = image.path(file);
            if path.contains("/compat/") {
                packages.push(path);
            }
        }
    }
    let (toolkit, runtime) = toolkits.into_iter().max()?;
    let toolkit = Toolkit {
        numbers: toolkit,
        path: &runtime,
    };
    judged(&numbers(host_path, LIBRARY), host_path, &toolkit, &packages)
}

/// What the file of the driver's library is called, up to its version.
const LIBRARY: &str = "libcuda.so.";

/// The toolkit of an image, by its runtime library.
struct Toolkit<'a> {
    numbers: Vec<u32>,
    path: &'a str,
}

fn judged(
    driver: &[u32],
    host_path: &str,
    toolkit: &Toolkit<'_>,
    packages: &[String],
) -> Option<Mismatch> {
    // The link alone, libcuda.so.1, tells no version.
    if driver.len() < 2 {
        return None;
    }
    let minor = toolkit.numbers.get(1).copied().unwrap_or(0);
    let wanted = (*toolkit.numbers.first()?, minor);
    let row = NEEDED.iter().find(|row| row.toolkit <= wanted)?;
    if driver >= parsed(row.driver).as_slice() {
        return None;
    }
    let text = format!(
        "{host_path} is of driver {}, {} of CUDA {}.{} needs {} at least ({}, {})",
        joined(driver),
        toolkit.path,
        wanted.0,
        wanted.1,
        row.driver,
        row.source.address,
        row.source.date
    );
    let helps = packages.iter().map(|path| help(driver, path, row));
    let Some(best) = helps.min_by_key(|help| help.rank) else {
        return Some(Mismatch::TooOld {
            text,
            needs: row.driver,
            may_help: true,
        });
    };
    let text = format!("{text}; {}", best.text);
    Some(match best.rank {
        Rank::Helps => Mismatch::Compatible {
            text,
            package: best.path,
        },
        Rank::Unknown => Mismatch::Doubtful { text },
        Rank::Fails | Rank::IsOld => Mismatch::TooOld {
            text,
            needs: row.driver,
            may_help: best.rank == Rank::IsOld,
        },
    })
}

/// Numbers as a version.
fn joined(numbers: &[u32]) -> String {
    let words: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    words.join(".")
}

/// Whether a package helps, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Helps,
    Unknown,
    /// It is not made for a driver as old as that.
    Fails,
    /// It is older than what the toolkit needs.
    IsOld,
}

/// What is known of a package.
struct Help {
    rank: Rank,
    text: String,
    path: String,
}

/// Whether a package has what the toolkit needs, and works above this driver.
fn help(driver: &[u32], path: &str, needed: &Needed) -> Help {
    let package = numbers(path, LIBRARY);
    let told = |rank, text: String| Help {
        rank,
        text,
        path: path.to_owned(),
    };
    if package.len() < 2 {
        let text = format!("of which driver {path} of the image is, its name does not tell");
        return told(Rank::Unknown, text);
    }
    let of = joined(&package);
    if package < parsed(needed.driver) {
        let text = format!("{path} of the image is of driver {of}, which is too old itself");
        return told(Rank::IsOld, text);
    }
    let Some(row) = REACHES.iter().find(|row| row.package == package[0]) else {
        let text = format!(
            "{path} of the image is of driver {of}: above which others it works is not known"
        );
        return told(Rank::Unknown, text);
    };
    let drivers: Vec<String> = row.drivers.iter().map(ToString::to_string).collect();
    let made_for = format!(
        "{path} of the image is of driver {of}, and made for drivers {} on data centre GPUs (NVIDIA_REQUIRE_CUDA of {}, {IMAGES})",
        drivers.join(", "),
        row.image
    );
    let branch = driver[0];
    if row.drivers.contains(&branch) {
        return told(Rank::Helps, made_for);
    }
    match row.drivers.iter().all(|one| *one > branch) {
        true => told(Rank::Fails, format!("{made_for}, none as old as {branch}")),
        false => told(
            Rank::Unknown,
            format!("{made_for}: whether it works above {branch} is not known"),
        ),
    }
}

/// Whether a library opens that of the driver as it runs, so that no header asks for it.
pub(crate) fn is_opened_by(name: &str) -> bool {
    name.starts_with(RUNTIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(driver: &str, runtime: &str, packages: &[&str]) -> Option<Mismatch> {
        let path = format!("/usr/lib/libcuda.so.{driver}");
        let packages = packages.iter();
        let packages = packages.map(|of| format!("/usr/local/cuda/compat/libcuda.so.{of}"));
        let packages: Vec<String> = packages.collect();
        let toolkit = Toolkit {
            numbers: numbers(runtime, RUNTIME),
            path: runtime,
        };
        judged(&numbers(&path, LIBRARY), &path, &toolkit, &packages)
    }

    fn is_old(found: &Option<Mismatch>) -> bool {
        matches!(found, Some(Mismatch::TooOld { .. }))
    }

    #[test]
    fn the_driver_is_compared_with_the_toolkit() {
        let judge = |driver, runtime| judge(driver, runtime, &[]);
        assert!(judge("535.104.05", "/l/libcudart.so.12.2.140").is_none());
        assert!(judge("525.60.13", "/l/libcudart.so.12.9.79").is_none());
        assert!(is_old(&judge("470.82.01", "/l/libcudart.so.12.2.140")));
        assert!(is_old(&judge("450.51.05", "/l/libcudart.so.11.8.89")));
        assert!(is_old(&judge("575.51.03", "/l/libcudart.so.13.0.48")));
        assert!(is_old(&judge("418.87", "/l/libcudart.so.10.2.89")));
        assert!(judge("1", "/l/libcudart.so.12.2.140").is_none());
        assert!(judge("470.82.01", "/l/libcudart.so").is_none());
    }

    #[test]
    fn the_package_helps_where_it_is_new_enough_and_reaches_down_to_the_driver() {
        const TWELVE: &str = "/l/libcudart.so.12.4.127";
        let found = judge("470.82.01", TWELVE, &["550.54.15"]);
        let Some(Mismatch::Compatible { text, package }) = found else {
            panic!("{found:?}");
        };
        assert!(
            text.contains("470.82.1") && text.contains("needs 525"),
            "{text}"
        );
        assert_eq!(package, "/usr/local/cuda/compat/libcuda.so.550.54.15");
        // Of two, the one that helps.
        let both = judge("470.82.01", TWELVE, &["510.47.03", "550.54.15"]);
        assert!(
            matches!(both, Some(Mismatch::Compatible { .. })),
            "{both:?}"
        );
        for (driver, runtime, package, why) in [
            (
                "470.82.01",
                "/l/libcudart.so.13.0.48",
                "550.54.15",
                "too old itself",
            ),
            ("390.46", TWELVE, "550.54.15", "none as old as 390"),
        ] {
            let found = judge(driver, runtime, &[package]);
            let Some(Mismatch::TooOld { may_help, .. }) = found else {
                panic!("{driver}: {found:?}");
            };
            // Another would be too new for the driver, too.
            assert_eq!(may_help, why == "too old itself", "{driver}");
            assert!(format!("{found:?}").contains(why), "{driver}: {found:?}");
        }
        for (driver, package) in [
            ("510.47.03", "550.54.15"),
            ("470.82.01", "545.23.08"),
            ("470.82.01", "1"),
        ] {
            let found = judge(driver, TWELVE, &[package]);
            assert!(
                matches!(found, Some(Mismatch::Doubtful { .. })),
                "{found:?}"
            );
        }
    }

    #[test]
    fn no_package_is_made_for_drivers_as_new_as_itself() {
        for row in &REACHES {
            assert!(row.drivers.is_sorted() && row.drivers.iter().all(|one| *one < row.package));
            assert!(row.image.starts_with("nvidia/cuda:"), "{}", row.image);
        }
    }
}
