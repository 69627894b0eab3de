//! What of an image matters to a node: for `doctor --image` and `fleet match`.

use std::path::Path;

use hpcctl_abi::Question;
use hpcctl_host::Live;
use hpcctl_image::{DiffIds, Error, LicenseFiles, Options, Platform, Reference, Silent};
use hpcctl_model::TriedImage;
use hpcctl_model::abi::Abi;
use hpcctl_node::Image;
use hpcctl_node::image::Libc;

use crate::failure::Failure;

/// Packages of the C library: their name, and whether it is musl.
const LIBCS: &[(&str, bool)] = &[("libc6", false), ("glibc", false), ("musl", true)];

/// Reads what the user named.
pub fn reference(option: &str, text: &str) -> Result<Reference, Failure> {
    text.parse()
        .map_err(|error| Failure::usage(format!("{option} {text}: {error}")))
}

/// Reads the image for a platform, or for this machine; and its digest, where it has one.
pub fn read(
    reference: &Reference,
    name: &str,
    platform: Option<Platform>,
) -> Result<(Image, Option<String>), Error> {
    let options = Options {
        licenses: LicenseFiles::Declared,
        diff_ids: DiffIds::Promised,
        platform,
        ..Options::default()
    };
    let scanned = hpcctl_image::scan(reference, &options, &Silent)?;
    let libc = scanned.scan.packages.iter().find_map(|package| {
        let (_, is_musl) = LIBCS.iter().find(|(name, _)| *name == package.name)?;
        let version = package.version.clone();
        Some(match is_musl {
            true => Libc::Musl(version),
            false => Libc::Glibc(version),
        })
    });
    let image = Image {
        name: name.to_owned(),
        complete: scanned.scan.complete,
        owners: scanned.owners.owners.into_iter().collect(),
        privileged: scanned.owners.privileged,
        libc,
        abi: None,
    };
    Ok((image, scanned.scan.image.digest))
}

/// An image that something is tried on, with its digest where it can be told: of a directory there
/// is none.
pub fn tried(reference: &str) -> TriedImage {
    let parsed = reference.parse::<Reference>().ok();
    let digest = parsed.and_then(|parsed| hpcctl_image::whole_digest(&parsed).ok()?);
    TriedImage {
        reference: reference.to_owned(),
        digest,
    }
}

/// What `hpcctl abi` says of it and this node; that it cannot be told is no reason to tell nothing.
pub fn coupled(reference: &Reference) -> Option<Abi> {
    let image = hpcctl_image::linked(reference, &Options::default(), &Silent).ok()?;
    let judged = hpcctl_abi::judge(&Question {
        image: &image,
        host: &Live,
        host_root: Path::new("/"),
        libraries: &[],
        programs: &[],
        measured: &[],
    });
    judged.ok().map(|judged| judged.abi)
}
