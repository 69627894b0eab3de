//! `image.libc`: can the node's libraries be used in the image?

use super::Probe;
use crate::image::Libc;
use crate::{Finding, Manual, Reading, Site, version};

/// The row.
pub static PROBE: Probe = Probe {
    id: "image.libc",
    manual: Manual {
        title: "C library of the image",
        what: "Whether the C library of the image is at least as new as the node's.",
        why: "An MPI or a driver library of the node that is bound into the image needs the C library that it was built with: an older one ends in \"version `GLIBC_2.34' not found\", and musl takes none of them.",
        how: "The package of the C library in the image that --image names, or else the library itself by the versions that it defines; getconf GNU_LIBC_VERSION on the node.",
        user: "Build the image on a newer base.",
        admin: "",
        refs: &["getconf(1)", "ld.so(8)"],
    },
    read,
    judge,
};

fn read(site: &Site<'_>) -> Reading {
    match (&site.image, site.host.which("getconf")) {
        (Some(_), Some(getconf)) => Reading::new().run(site, &[&getconf, "GNU_LIBC_VERSION"]),
        _ => Reading::new(),
    }
}

fn judge(reading: &Reading, site: &Site<'_>) -> Finding {
    let Some(image) = &site.image else {
        return Finding::skipped("no image was given").holding(true);
    };
    let abi = image.abi.as_ref().and_then(|abi| abi.image.libc.as_deref());
    let inside = match (&image.libc, abi) {
        (Some(Libc::Glibc(text)), _) => text.as_str(),
        (Some(Libc::Musl(text)), _) => return musl(&format!("musl {text}")),
        (None, Some("musl")) => return musl("musl"),
        (None, Some(text)) => text,
        (None, None) => {
            return Finding::unknown(
                "neither a package nor a file of the image tells its C library",
            );
        }
    };
    let outside = reading.ran.first().map_or("", |ran| ran.stdout.as_str());
    match (version::release(inside), version::release(outside)) {
        (Some(inside), Some(outside)) if inside >= outside => Finding::pass(format!(
            "the image has glibc {}.{}, the node {}.{}",
            inside.0, inside.1, outside.0, outside.1
        )),
        (Some(inside), Some(outside)) => Finding::unknown(format!(
            "the image has glibc {}.{}, older than {}.{} of the node: which of the node's libraries can be used in it is not known",
            inside.0, inside.1, outside.0, outside.1
        )),
        _ => Finding::unknown(format!(
            "glibc {inside} of the image cannot be compared with the node's"
        )),
    }
}

fn musl(has: &str) -> Finding {
    let text = format!("the image has {has}: no library of the node can be used in it");
    Finding::warn(text).holding(false)
}

#[cfg(test)]
mod tests {
    use hpcctl_host::command::End;
    use hpcctl_model::abi::{Abi, AbiImage};

    use super::*;
    use crate::image::Image;
    use crate::image::tests::app;
    use crate::scripted::{Scripted, ran};

    #[test]
    fn the_newer_library_takes_those_of_the_node() {
        let host = Scripted::new();
        let judge_with = |libc, abi: Option<&str>| {
            let mut site = Site::new(&host);
            site.image = Some(Image {
                libc,
                abi: abi.map(|libc| Abi {
                    image: AbiImage {
                        libc: Some(libc.into()),
                        ..AbiImage::default()
                    },
                    ..Abi::default()
                }),
                ..app()
            });
            let mut printed = ran(&["getconf"], End::Exit(0), "");
            printed.stdout = "glibc 2.36\n".into();
            let reading = Reading {
                ran: vec![printed],
                ..Reading::new()
            };
            judge(&reading, &site).holds
        };
        let find = |libc| judge_with(Some(libc), None);
        // Of a directory without packages the library itself tells.
        assert_eq!(judge_with(None, Some("glibc 2.41")), Some(true));
        assert_eq!(judge_with(None, Some("glibc 2.31")), None);
        assert_eq!(judge_with(None, Some("musl")), Some(false));
        assert_eq!(find(Libc::Glibc("2.41-12".into())), Some(true));
        assert_eq!(find(Libc::Glibc("2.31-13+deb11u11".into())), None);
        assert_eq!(find(Libc::Musl("1.2.5-r0".into())), Some(false));
    }
}
