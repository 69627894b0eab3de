//! Whether the packages of a distribution are there at all.
//!
//! An image that says by os-release(5) that it is of a distribution has been made of its packages.
//! Where none is told, the database was removed or is damaged: what the image is made of is not
//! known. Of what has no packages, such as images that are built from source as one, os-release
//! names none of these.

use hpcctl_model::scan::Package;

use crate::catalog::Distro;
use crate::layer::Plan;

/// A family of distributions: the purl type of its packages, and the values of `ID`.
struct Family {
    kind: &'static str,
    ids: &'static [&'static str],
}

static FAMILIES: &[Family] = &[
    Family {
        kind: "apk",
        ids: &["alpine", "chainguard", "postmarketos", "wolfi"],
    },
    Family {
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
        kind: "alpm",
        ids: &["arch", "archarm", "cachyos", "endeavouros", "manjaro"],
    },
    Family {
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
    let is_there = packages.iter().any(|package| package.kind == family.kind);
    // What was left out because that was asked for is told as such.
    (plan.selection.left_out().is_empty() && !is_there).then(|| {
        format!(
            "os-release says {}, and none of its packages is told there",
            distro.id
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;

    #[test]
    fn a_distribution_has_packages_of_its_own() {
        let plan = Plan::new(&Options::default()).unwrap();
        let of = |id: &str| {
            let distro = Distro {
                id: id.to_owned(),
                version: None,
            };
            absent(&distro, &[], &plan).is_some()
        };
        for id in ["debian", "rocky", "alpine", "arch", "opensuse-leap"] {
            assert!(of(id), "{id}");
        }
        for id in ["buildroot", "nixos", "gentoo"] {
            assert!(!of(id), "{id}");
        }
        assert!(FAMILIES.iter().all(|family| family.ids.is_sorted()));
        let excluding = Options {
            exclude_paths: vec!["/var".to_owned()],
            ..Options::default()
        };
        let excluding = Plan::new(&excluding).unwrap();
        let debian = Distro {
            id: "debian".to_owned(),
            version: None,
        };
        assert_eq!(absent(&debian, &[], &excluding), None);
    }
}
