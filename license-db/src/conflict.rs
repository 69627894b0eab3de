//! Whether what a package declares and what the texts in it bear disagree.
//!
//! Metadata are written by hand and outlive a change of the licence; a text is what its holder
//! signed. Where one only says less than the other (a family, a version "or later", the
//! licences of bundled parts) nothing disagrees.

use crate::expression;
use crate::policy::{Class, class_of};

/// What may stand in a text whose licence goes by another name.
const SAME: &[[&str; 2]] = &[
    ["MIT", "X11"],
    ["MIT", "HPND"],
    ["MIT", "ISC"],
    ["PSF", "Python"],
    ["Zlib", "Libpng"],
    ["NCSA", "BSD"],
];

/// Whether two expressions disagree: the texts bear none of the licences that are declared, or
/// terms that limit who may use or pass on the package, of which nothing is declared.
///
/// A licence of which nothing is known says nothing.
pub fn disagree(declared: &str, detected: &str) -> bool {
    let is_known = |license: &String| class_of(license) != Class::Unknown;
    let declared = expression::licenses(declared);
    let mut detected = expression::licenses(detected);
    detected.retain(is_known);
    if declared.is_empty() || detected.is_empty() || !declared.iter().all(is_known) {
        return false;
    }
    let agrees = |one: &String| detected.iter().any(|other| is_kin(one, other));
    let limited = |all: &[String]| all.iter().any(|one| limits(one));
    !declared.iter().any(agrees) || (limited(&detected) && !limited(&declared))
}

/// Whether a licence limits use or passing on. The words that vendors' agreements share, without
/// an agreement that is known, also stand in lists of what a package bundles.
fn limits(license: &str) -> bool {
    class_of(license) >= Class::VendorTerms && license != "LicenseRef-proprietary"
}

/// Whether two licences may be one, said with more or less precision.
fn is_kin(one: &str, other: &str) -> bool {
    let (one, other) = (Parts::of(one), Parts::of(other));
    if let (Some(a), Some(b)) = (&one.gnu, &other.gnu) {
        return one.family == other.family && (a.covers(b) || b.covers(a));
    }
    let same = |[a, b]: &[&str; 2]| [*a, *b] == [one.family, other.family];
    let same = SAME
        .iter()
        .any(|pair| same(pair) || same(&[pair[1], pair[0]]));
    let public = one.class == Class::PublicDomain && other.class == Class::PublicDomain;
    let family = one.family == other.family && one.class == other.class;
    family || public || same
}

/// What a licence id says.
struct Parts<'a> {
    /// The id up to its first hyphen, or the name of a family.
    family: &'a str,
    class: Class,
    gnu: Option<Gnu<'a>>,
}

/// The versions of a GNU licence.
struct Gnu<'a> {
    version: &'a str,
    later: bool,
}

impl Gnu<'_> {
    fn covers(&self, other: &Gnu<'_>) -> bool {
        self.version == other.version || (self.later && self.version < other.version)
    }
}

impl<'a> Parts<'a> {
    fn of(license: &'a str) -> Self {
        let id = license.split(" WITH ").next().unwrap_or(license);
        let name = id.strip_prefix("LicenseRef-").unwrap_or(id);
        let name = name.strip_prefix("Callaway-").unwrap_or(name);
        let (family, rest) = name.split_once('-').unwrap_or((name, ""));
        let is_gnu = matches!(family, "GPL" | "LGPL" | "AGPL" | "GFDL");
        let gnu = is_gnu.then(|| Gnu {
            // A family without a version is all of them.
            version: rest.split('-').next().unwrap_or_default(),
            later: rest.is_empty() || id.ends_with("-or-later"),
        });
        Self {
            family,
            class: class_of(id),
            gnu,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_terms_disagree() {
        for (declared, detected) in [
            ("MIT", "GPL-3.0-only"),
            ("MIT OR Apache-2.0", "BSD-3-Clause AND Zlib"),
            ("Apache-2.0", "MIT"),
            ("GPL-2.0-only", "GPL-3.0-only"),
            ("LGPL-3.0-or-later", "GPL-3.0-only"),
            ("LicenseRef-NVIDIA-Proprietary", "BSD-3-Clause"),
            ("CC-BY-4.0", "CC-BY-NC-4.0"),
            ("MIT", "GPL-3.0-only AND LicenseRef-nobody-knows"),
            ("MIT", "MIT AND LicenseRef-non-commercial-use-only"),
            ("Apache-2.0", "Apache-2.0 AND LicenseRef-Commons-Clause"),
            (
                "BSD-3-Clause",
                "BSD-3-Clause AND LicenseRef-NVIDIA-CUDA-EULA",
            ),
        ] {
            assert!(disagree(declared, detected), "{declared}: {detected}");
        }
    }

    #[test]
    fn more_or_less_precision_agrees() {
        for (declared, detected) in [
            ("MIT", "MIT"),
            ("LicenseRef-BSD", "BSD-2-Clause"),
            ("LicenseRef-Callaway-BSD", "BSD-3-Clause"),
            ("BSD-3-Clause", "BSD-2-Clause"),
            ("MIT", "X11"),
            ("MIT OR Apache-2.0", "Apache-2.0"),
            ("Apache-2.0", "Apache-2.0 WITH LLVM-exception"),
            ("GPL-2.0-or-later", "GPL-3.0-only"),
            ("GPL-1.0-or-later", "GPL-2.0-only"),
            ("GPL-2.0-only", "GPL-2.0-or-later"),
            ("LicenseRef-GPL", "GPL-3.0-only"),
            ("BSD-3-Clause", "BSD-3-Clause AND MIT AND GPL-3.0-or-later"),
            ("MIT", "MIT AND LicenseRef-proprietary"),
            ("LicenseRef-public-domain", "Unlicense"),
            (
                "LicenseRef-NVIDIA-Proprietary",
                "LicenseRef-NVIDIA-CUDA-EULA-12.9",
            ),
            ("LicenseRef-of-a-site", "MIT"),
            ("MIT", "LicenseRef-nobody-knows"),
            ("not an expression", "MIT"),
        ] {
            assert!(!disagree(declared, detected), "{declared}: {detected}");
        }
    }

    #[test]
    fn every_licence_agrees_with_itself() {
        for license in spdx::identifiers::LICENSES {
            assert!(!disagree(license.name, license.name), "{}", license.name);
        }
    }
}
