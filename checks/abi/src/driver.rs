//! Whether the driver of the host is new enough for the CUDA toolkit of the image.
//!
//! The file of the driver's library bears the driver's version, that of the runtime library the
//! toolkit's; where no number is in a name, nothing is said.

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

/// What is wrong with a driver for a toolkit.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// It is too old.
    TooOld {
        /// In a sentence.
        text: String,
        /// The driver that is needed at least.
        needs: &'static str,
    },
    /// It is too old, but the image has the package for that.
    Compatible {
        /// In a sentence.
        text: String,
        /// The directory of the package.
        dir: String,
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
    judged(
        &numbers(host_path, "libcuda.so."),
        host_path,
        &toolkit,
        &runtime,
        packages.first(),
    )
}

fn judged(
    driver: &[u32],
    host_path: &str,
    toolkit: &[u32],
    runtime: &str,
    package: Option<&String>,
) -> Option<Mismatch> {
    // The link alone, libcuda.so.1, tells no version.
    if driver.len() < 2 {
        return None;
    }
    let wanted = (*toolkit.first()?, toolkit.get(1).copied().unwrap_or(0));
    let row = NEEDED.iter().find(|row| row.toolkit <= wanted)?;
    if driver >= parsed(row.driver).as_slice() {
        return None;
    }
    let joined: Vec<String> = driver.iter().map(ToString::to_string).collect();
    let text = format!(
        "{host_path} is of driver {}, {runtime} of CUDA {}.{} needs {} at least ({}, {})",
        joined.join("."),
        wanted.0,
        wanted.1,
        row.driver,
        row.source.address,
        row.source.date
    );
    Some(match package {
        Some(path) => Mismatch::Compatible {
            text,
            dir: crate::search::directory(path).to_owned(),
        },
        None => Mismatch::TooOld {
            text,
            needs: row.driver,
        },
    })
}

/// Whether a library opens that of the driver as it runs, so that no header asks for it.
pub(crate) fn is_opened_by(name: &str) -> bool {
    name.starts_with(RUNTIME)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(driver: &str, runtime: &str, package: bool) -> Option<Mismatch> {
        let path = format!("/usr/lib/libcuda.so.{driver}");
        let package = package.then(|| "/usr/local/cuda/compat/libcuda.so.550.54.14".to_owned());
        let toolkit = numbers(runtime, RUNTIME);
        judged(
            &numbers(&path, "libcuda.so."),
            &path,
            &toolkit,
            runtime,
            package.as_ref(),
        )
    }

    #[test]
    fn the_driver_is_compared_with_the_toolkit() {
        let is_old = |found: Option<Mismatch>| matches!(found, Some(Mismatch::TooOld { .. }));
        assert!(judge("535.104.05", "/l/libcudart.so.12.2.140", false).is_none());
        assert!(judge("525.60.13", "/l/libcudart.so.12.9.79", false).is_none());
        assert!(is_old(judge(
            "470.82.01",
            "/l/libcudart.so.12.2.140",
            false
        )));
        assert!(is_old(judge("450.51.05", "/l/libcudart.so.11.8.89", false)));
        assert!(is_old(judge("575.51.03", "/l/libcudart.so.13.0.48", false)));
        assert!(is_old(judge("418.87", "/l/libcudart.so.10.2.89", false)));
        assert!(judge("1", "/l/libcudart.so.12.2.140", false).is_none());
        assert!(judge("470.82.01", "/l/libcudart.so", false).is_none());
    }

    #[test]
    fn the_package_for_newer_toolkits_helps() {
        let found = judge("470.82.01", "/l/libcudart.so.12.2.140", true);
        let Some(Mismatch::Compatible { text, dir }) = found else {
            panic!("{found:?}");
        };
        assert!(
            text.contains("470.82.1") && text.contains("needs 525"),
            "{text}"
        );
        assert_eq!(dir, "/usr/local/cuda/compat");
    }
}
