//! What of the image of `--image` matters to a node.

use hpcctl_image::{DiffIds, LicenseFiles, Options, Reference, Silent};
use hpcctl_node::Image;
use hpcctl_node::image::Libc;

use crate::failure::{Failure, chain};

/// Packages of the C library: their name, and whether it is musl.
const LIBCS: &[(&str, bool)] = &[("libc6", false), ("glibc", false), ("musl", true)];

/// Reads the image.
pub fn read(text: &str) -> Result<Image, Failure> {
    let reference: Reference = text
        .parse()
        .map_err(|error| Failure::usage(format!("--image {text}: {error}")))?;
    let options = Options {
        licenses: LicenseFiles::Declared,
        diff_ids: DiffIds::Promised,
        ..Options::default()
    };
    let scanned = hpcctl_image::scan(&reference, &options, &Silent)
        .map_err(|error| Failure::unreachable(format!("--image {text}: {}", chain(&error))))?;
    let libc = scanned.scan.packages.iter().find_map(|package| {
        let (_, is_musl) = LIBCS.iter().find(|(name, _)| *name == package.name)?;
        let version = package.version.clone();
        Some(match is_musl {
            true => Libc::Musl(version),
            false => Libc::Glibc(version),
        })
    });
    Ok(Image {
        name: text.to_owned(),
        complete: scanned.scan.complete,
        owners: scanned.owners.owners.into_iter().collect(),
        privileged: scanned.owners.privileged,
        libc,
    })
}
