//! `gpu.glibcfloor`: which C library must an image have for the driver's libraries?

use super::Probe;
use crate::image::Libc;
use crate::{Finding, Manual, Reading, Site, gpu, version};

/// Without these no CUDA program starts.
const STEMS: &[&str] = &[
    "libcuda.so.",
    "libnvidia-ml.so.",
    "libnvidia-ptxjitcompiler.so.",
];

/// The release of glibc that came with relative relocations, which a file asks for by this name.
const RELATIVE: (&str, (u32, u32)) = ("GLIBC_ABI_DT_RELR", (2, 36));

const DRIVER: &str = "the loaded driver";

/// The row.
pub static PROBE: Probe = Probe {
    id: "gpu.glibcfloor",
    manual: Manual {
        title: "glibc for the driver's libraries",
        what: "The oldest glibc with which the driver's libraries load that are put into a container, against that of the image where --image names one.",
        why: "libcuda comes from the node, whatever the image holds. In an image with an older glibc it ends in \"version `GLIBC_2.27' not found\", and in one with musl it does not load at all.",
        how: "The versions that libcuda, libnvidia-ml and libnvidia-ptxjitcompiler of the loaded driver need, from the section .gnu.version_r of each; weak ones do not count.",
        user: "Build the image on a newer base.",
        admin: "",
        refs: &["elf(5)", "ld.so(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    let Some(driver) = gpu::driver(site, gpu::Vendor::Nvidia) else {
        return Reading::new();
    };
    let mut reading = Reading::new().fact(DRIVER, &driver);
    for stem in STEMS {
        for (path, _) in gpu::libraries(site, stem)
            .into_iter()
            .filter(|(_, version)| *version == driver)
        {
            // A library of 32 bits is for other programs.
            if let Ok(needs) = site.host.needs(&path) {
                let floor = needs.iter().filter_map(|name| release(name)).max();
                let floor =
                    floor.map_or("none".into(), |(major, minor)| format!("{major}.{minor}"));
                reading = reading.fact(&path, floor);
            }
        }
    }
    reading
}

/// The release that brought a version, `GLIBC_2.34`; none for one of another library.
fn release(name: &str) -> Option<(u32, u32)> {
    if name == RELATIVE.0 {
        return Some(RELATIVE.1);
    }
    version::release(name.strip_prefix("GLIBC_")?)
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some((_, libraries)) = reading.facts.split_first() else {
        return Finding::skipped("no driver of NVIDIA is loaded").holding(true);
    };
    let highest = libraries
        .iter()
        .filter_map(|(path, floor)| Some((version::release(floor)?, path)))
        .max();
    let Some(((major, minor), path)) = highest else {
        let found = Finding::unknown("no library of the loaded driver is in the usual directories");
        return match site.image {
            Some(_) => found,
            // Without an image there is nothing that could be too old.
            None => found.holding(true),
        };
    };
    let needed = format!("{path} needs glibc {major}.{minor}");
    let Some(image) = &site.image else {
        return Finding::pass(format!("{needed}, and so do the images that use a GPU"));
    };
    match &image.libc {
        Some(Libc::Musl(text)) => Finding::fail(format!("{needed}, the image has musl {text}")),
        Some(Libc::Glibc(text)) => match version::release(text) {
            Some(inside) if inside >= (major, minor) => {
                Finding::pass(format!("{needed}, the image has {text}"))
            }
            Some(_) => Finding::fail(format!("{needed}, the image has {text}: it does not load")),
            None => Finding::unknown(format!("{needed}; {text} of the image is no version")),
        },
        None => Finding::unknown(format!(
            "{needed}; no package of the image tells its C library"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::tests::nvidia;
    use crate::image::Image;
    use crate::image::tests::app;

    const CUDA: &str = "/usr/lib64/libcuda.so.535.1.1";

    fn find(path: &str, needs: &str, libc: Option<Libc>) -> Finding {
        let host = nvidia("535.1.1").file(path, needs);
        let mut site = Site::new(&host);
        site.image = libc.map(|libc| Image {
            libc: Some(libc),
            ..app()
        });
        judge(&read(&site), &site)
    }

    #[test]
    fn the_highest_release_counts_by_number() {
        let found = find(CUDA, "GLIBC_2.4 GLIBC_2.17 GLIBC_PRIVATE GCC_3.0", None);
        assert!(found.summary.contains("needs glibc 2.17"), "{found:?}");
        let relative = find(CUDA, "GLIBC_2.4 GLIBC_ABI_DT_RELR", None);
        assert!(relative.summary.contains("2.36"), "{relative:?}");
    }

    #[test]
    fn an_older_image_and_musl_fail() {
        let holds = |libc| find(CUDA, "GLIBC_2.17", Some(libc)).holds;
        assert_eq!(holds(Libc::Glibc("2.31-13".into())), Some(true));
        assert_eq!(holds(Libc::Glibc("2.12-1".into())), Some(false));
        assert_eq!(holds(Libc::Musl("1.2.5".into())), Some(false));
        assert_eq!(holds(Libc::Glibc("?".into())), None);
    }

    #[test]
    fn libraries_of_another_driver_tell_nothing() {
        let other = "/usr/lib64/libcuda.so.550.1";
        let found = find(other, "GLIBC_2.17", None);
        assert_eq!(
            (found.status.as_str(), found.holds),
            ("unknown", Some(true))
        );
        let image = Libc::Glibc("2.12".into());
        assert_eq!(find(other, "GLIBC_2.17", Some(image)).holds, None);
    }
}
