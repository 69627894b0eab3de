//! Who supplies a package: the first thing that the minimum elements of the NTIA ask for
//! ("The Minimum Elements For a Software Bill of Materials", 2021) and most bills lack.
//!
//! In this order: who the package itself names, the distribution that it is a package of, and
//! who supplies the image as a whole, where that was said: SPDX 2.3 (7.5) asks for the actual
//! source of distribution. Nobody is guessed.

use hpcctl_model::scan::{Image, Package};

/// The names that distributions go by, by their namespace in package URLs.
const DISTRIBUTIONS: &[(&str, &str)] = &[
    ("almalinux", "AlmaLinux OS Foundation"),
    ("alpine", "Alpine Linux"),
    ("amzn", "Amazon Linux"),
    ("arch", "Arch Linux"),
    ("centos", "The CentOS Project"),
    ("chainguard", "Chainguard"),
    ("debian", "Debian"),
    ("fedora", "Fedora Project"),
    ("opensuse", "openSUSE"),
    ("oracle", "Oracle"),
    ("redhat", "Red Hat"),
    ("rocky", "Rocky Enterprise Software Foundation"),
    ("sles", "SUSE"),
    ("suse", "SUSE"),
    ("ubuntu", "Ubuntu"),
    ("wolfi", "Wolfi"),
];

/// Who supplies a package of an image, as `NAME` or `NAME <ADDRESS>`.
pub fn of<'a>(package: &'a Package, image: &'a Image) -> Option<&'a str> {
    let named = package.supplier.as_deref();
    named
        .filter(|text| name_and_address(text).is_some())
        .or_else(|| distribution(package))
        .or(image.supplier.as_deref())
}

/// The distribution that a package is of.
fn distribution(package: &Package) -> Option<&str> {
    if !["apk", "alpm", "deb", "rpm"].contains(&&*package.kind) {
        return None;
    }
    let (_, rest) = package.purl.split_once('/')?;
    let (namespace, _) = rest.split_once('/')?;
    Some(of_distribution(namespace))
}

/// The name that a distribution goes by.
pub fn of_distribution(id: &str) -> &str {
    let known = DISTRIBUTIONS.iter().find(|(known, _)| *known == id);
    known.map_or(id, |(_, name)| name)
}

/// The two parts of `NAME <ADDRESS>`; none where there is no name.
pub fn name_and_address(text: &str) -> Option<(&str, Option<&str>)> {
    let (name, address) = match text.split_once('<') {
        Some((name, rest)) => (name, Some(rest.trim().trim_end_matches('>'))),
        None => (text, None),
    };
    let name = name.trim();
    (!name.is_empty()).then_some((name, address.filter(|address| address.contains('@'))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sbom::tests::{package, report};

    #[test]
    fn the_nearest_that_is_known_supplies() {
        let mut image = report(Vec::new()).result.image;
        let mut a = package("a", None, None);
        assert_eq!(of(&a, &image), Some("Jo Doe <jo@example.org>"));
        a.supplier = Some(" <jo@example.org>".into());
        assert_eq!(of(&a, &image), Some("Debian"));
        a.purl = "pkg:deb/hpcos/a@1".into();
        assert_eq!(of(&a, &image), Some("hpcos"));
        (a.kind, a.purl) = ("pypi".into(), "pkg:pypi/a@1".into());
        assert_eq!(of(&a, &image), None);
        image.supplier = Some("A Centre".into());
        assert_eq!(of(&a, &image), Some("A Centre"));
    }
}
