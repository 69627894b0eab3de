//! Whether the packages of a distribution are there at all.
//!
//! An image that says by os-release(5) that it is of a distribution has been made of its packages.
//! Where none is told, the database was removed or is damaged: what the image is made of is not
//! known. Of what has no packages, such as images that are built from source as one, os-release
//! names none of these.

use hpcctl_model::scan::Package;

use crate::catalog::{CATALOGERS, Distro};
use crate::layer::Plan;

/// A family of distributions: the cataloger of its packages, their purl type, and the values of
/// `ID`.
struct Family {
    cataloger: &'static str,
    kind: &'static str,
    ids: &'static [&'static str],
}

static FAMILIES: &[Family] = &[
    Family {
        cataloger: "apk",
        kind: "apk",
        ids: &["alpine", "chainguard", "postmarketos", "wolfi"],
    },
    Family {
        cataloger: "dpkg",
        kind: "deb",
        ids: &[
            "debian",
            "devuan",
            "kali",
            "linuxmint",
            "pop",
            "raspbian",
            "ubuntu",
        ],
    },
    Family {
        cataloger: "pacman",
        kind: "alpm",
        ids: &["arch", "archarm", "cachyos", "endeavouros", "manjaro"],
    },
    Family {
        cataloger: "rpm",
        kind: "rpm",
        ids: &[
            "almalinux",
            "amzn",
            "azurelinux",
            "centos",
            "fedora",
            "mariner",
            "ol",
            "openeuler",
            "opensuse",
            "photon",
            "rhel",
            "rocky",
            "scientific",
            "sled",
            "sles",
        ],
    },
];

/// Why the packages of the distribution cannot be known, where none of them is there.
pub(super) fn absent(distro: &Distro, packages: &[Package], plan: &Plan) -> Option<String> {
    let id = match &*distro.id {
        id if id.starts_with("opensuse") => "opensuse",
        id => id,
    };
    let family = FAMILIES.iter().find(|family| family.ids.contains(&id))?;
    let row = CATALOGERS
        .iter()
        .position(|row| row.id == family.cataloger)?;
    let is_there = packages.iter().any(|package| package.kind == family.kind);
    (plan.selection.runs(row) && !is_there).then(|| {
        format!(
            "os-release says {}, and none of its packages is told there",
            distro.id
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_has_its_cataloger() {
        for family in FAMILIES {
            let is_row = CATALOGERS.iter().any(|row| row.id == family.cataloger);
            assert!(is_row, "{}", family.cataloger);
            assert!(family.ids.is_sorted(), "{}", family.cataloger);
        }
    }
}
